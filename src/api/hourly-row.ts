/** What `/v1/hourly` says of a series' hour. Boundary: a sum of readings in, the figures that users see out. */
import { roundedOrNull } from '../model/double-double.ts';
import { hourIso } from '../model/hour.ts';
import type { HourSum } from './queries/hourly-facts.ts';

export interface HourlyRow {
  city: string;
  district: string;
  kind: string;
  sensor: string;
  metric: string;
  hour: string;
  count: number;
  sum: number | null;
  min: number;
  max: number;
  mean: number | null;
  status: 'final' | 'provisional';
  revision: number;
  coverage: number | null;
}

/** An hour without its coverage, which costs a query of its own. */
export type BareHourlyRow = Omit<HourlyRow, 'coverage'>;

/** @param firstOpen hours from this one on are provisional. */
export function toRow(row: HourSum, firstOpen: number): BareHourlyRow {
  const sum = roundedOrNull(row.total);
  return {
    city: row.city,
    district: row.district,
    kind: row.kind,
    sensor: row.sensor,
    metric: row.metric,
    hour: hourIso(row.hour),
    count: row.count,
    sum,
    min: row.min,
    max: row.max,
    mean: sum === null ? null : sum / row.count,
    status: row.hour < firstOpen ? 'final' : 'provisional',
    revision: row.revisions,
  };
}
