/**
 * A city's hours by district, kind and metric: what the table adds to the workers' figures, and hours that are final.
 *
 * Boundary: the table only. Invariants: 4 (FINAL reads each block once), 8 (rows that the workers' figures hold are
 * left out).
 */
import type { ClickHouseClient } from '@clickhouse/client';
import type { LiveRow } from '../../model/live.ts';
import { HIDDEN, type HiddenBlocks, hiddenParams } from './hourly-facts.ts';
import { exactTotal, selectRows } from './sql.ts';

/** One final hour, as `/v1/districts/.../hourly` gives it. */
export interface FinalHour {
  district: string;
  kind: string;
  metric: string;
  /** Hour index. */
  hour: number;
  count: number;
  sum: number | null;
  min: number;
  max: number;
  mean: number | null;
  sensors: number;
}

/**
 * Rows of the table from `hidden.fromHour` on that are not hidden, added up.
 * `sums` are exact digits (infra/clickhouse/0002_rollups.sql), rounded here to a double-double and not further.
 */
export async function readLiveBase(client: ClickHouseClient, city: string, hidden: HiddenBlocks): Promise<LiveRow[]> {
  type Row = [string, string, string, number, number, [number | null, number | null], number, number];
  const rows = await selectRows<Row>(
    client,
    `WITH
      ${exactTotal('sums')}
    SELECT district, kind, metric, intDiv(toUnixTimestamp(hour), 3600), sum(count),
      if(max(overflow) = 1, [inf, 0.], [total.1, total.2]), min(min), max(max)
    FROM hourglass.district_facts FINAL
    WHERE city = {city:String} AND hour >= toDateTime({hiddenFrom:UInt32}, 'UTC') AND NOT (${HIDDEN})
    GROUP BY district, kind, metric, hour`,
    { city, ...hiddenParams(hidden) },
  );
  return rows.map(([district, kind, metric, hour, count, [hi, lo], min, max]) => {
    return { district, kind, metric, hour, count, sumHi: hi ?? NaN, sumLo: lo ?? NaN, min, max };
  });
}

/** Hours in `[fromHour, toHour)`, in the order of time. */
export async function readFinalHours(
  client: ClickHouseClient,
  city: string,
  { fromHour, toHour }: { fromHour: number; toHour: number },
): Promise<FinalHour[]> {
  type Row = [string, string, string, number, number, number | null, number, number, number | null, number];
  const rows = await selectRows<Row>(
    client,
    `SELECT district, kind, metric, intDiv(toUnixTimestamp(hour), 3600), count, sum, min, max, mean, sensors
     FROM hourglass.district_hourly
     WHERE city = {city:String} AND hour >= toDateTime({from:UInt32}, 'UTC') AND hour < toDateTime({to:UInt32}, 'UTC')
     ORDER BY hour, district, kind, metric`,
    { city, from: fromHour * 3_600, to: toHour * 3_600 },
  );
  return rows.map(([district, kind, metric, hour, count, sum, min, max, mean, sensors]) => {
    return { district, kind, metric, hour, count, sum, min, max, mean, sensors };
  });
}
