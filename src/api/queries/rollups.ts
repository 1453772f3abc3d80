/**
 * Hours of districts and cities, from the views that dashboards use.
 *
 * Boundary: the table's views only; what is still in the workers' memory is not in a rollup.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import { type Place, type Placed, placesOf } from './places.ts';
import { equalTo, keyParams, selectRows } from './sql.ts';

export interface RollupAsk {
  readonly places: readonly Place[];
  readonly metric: string;
  readonly kind?: string | undefined;
  /** Hour indexes, `to` exclusive. */
  readonly from: number;
  readonly to: number;
  readonly after: RollupKey | null;
  /** Of each place. */
  readonly limit: number;
}
/** kind, hour index: the order of the rows of a place. */
export type RollupKey = readonly [kind: string, period: number];

export interface RollupFigures {
  kind: string;
  /** Hour index. */
  period: number;
  count: number;
  sum: number | null;
  min: number;
  max: number;
  mean: number | null;
  sensors: number;
  revision: number;
}

type Row = [
  string,
  string | null,
  string,
  number,
  number,
  number | null,
  number,
  number,
  number | null,
  number,
  number,
];

const hourOf = (name: string): string => `toDateTime({${name}:UInt32} * 3600, 'UTC')`;

/** @returns place after place, each in the order of the key. */
export async function readRollup(client: ClickHouseClient, ask: RollupAsk): Promise<(RollupFigures & Placed)[]> {
  const { metric, kind } = ask;
  const places = placesOf(ask.places);
  const after = `AND (kind > {after0:String} OR (kind = {after0:String} AND hour > ${hourOf('after1')}))`;
  const rows = await selectRows<Row>(
    client,
    `SELECT ${places.selected}, kind, intDiv(toUnixTimestamp(hour), 3600), count, sum, min, max, mean, sensors, revision
     FROM hourglass.${places.isOfDistricts ? 'district_hourly' : 'city_hourly'}
     WHERE hour >= ${hourOf('from')} AND hour < ${hourOf('to')}${places.within}${equalTo({ metric, kind })} ${ask.after === null ? '' : after}
     ORDER BY ${places.columns}, kind, hour ${places.limit}`,
    {
      ...places.params,
      metric,
      kind,
      ...(ask.after === null ? {} : keyParams(ask.after)),
      from: ask.from,
      to: ask.to,
      limit: ask.limit,
    },
  );
  return rows.map(([city, district, kindOf, period, count, sum, min, max, mean, sensors, revision]) => ({
    city,
    district,
    kind: kindOf,
    period,
    count,
    sum,
    min,
    max,
    mean,
    sensors,
    revision,
  }));
}
