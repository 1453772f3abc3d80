/**
 * Hours and days of districts and cities, from the views that dashboards use.
 *
 * Boundary: the table's views only; what is still in the workers' memory is not in a rollup.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import { equalTo, keyParams, selectRows } from './sql.ts';

export interface RollupAsk {
  readonly view: 'district_hourly' | 'district_daily' | 'city_hourly' | 'city_daily';
  readonly filter: Readonly<Record<string, string | undefined>>;
  /** Hour or day indexes, `to` exclusive. */
  readonly from: number;
  readonly to: number;
  readonly after: RollupKey | null;
  readonly limit: number;
}
/** kind, hour or day index: the order of the rows. */
export type RollupKey = readonly [kind: string, period: number];

export interface RollupFigures {
  kind: string;
  /** Hour or day index. */
  period: number;
  count: number;
  sum: number | null;
  min: number;
  max: number;
  mean: number | null;
  sensors: number;
  revision: number;
}

type Row = [string, number, number, number | null, number, number, number | null, number, number];

/** The column that a period stands in, and the same as a whole number and back. */
export const PERIODS = {
  hourly: {
    column: 'hour',
    index: 'intDiv(toUnixTimestamp(hour), 3600)',
    of: (name: string) => `toDateTime({${name}:UInt32} * 3600, 'UTC')`,
  },
  daily: { column: 'day', index: 'toUInt16(day)', of: (name: string) => `toDate({${name}:UInt16})` },
};

export async function readRollup(client: ClickHouseClient, ask: RollupAsk): Promise<RollupFigures[]> {
  const { column, index, of } = ask.view.endsWith('daily') ? PERIODS.daily : PERIODS.hourly;
  const after = `AND (kind > {after0:String} OR (kind = {after0:String} AND ${column} > ${of('after1')}))`;
  const rows = await selectRows<Row>(
    client,
    `SELECT kind, ${index}, count, sum, min, max, mean, sensors, revision FROM hourglass.${ask.view}
     WHERE ${column} >= ${of('from')} AND ${column} < ${of('to')}${equalTo(ask.filter)} ${ask.after === null ? '' : after}
     ORDER BY kind, ${column} LIMIT {limit:UInt32}`,
    {
      ...ask.filter,
      ...(ask.after === null ? {} : keyParams(ask.after)),
      from: ask.from,
      to: ask.to,
      limit: ask.limit,
    },
  );
  return rows.map(([kind, period, count, sum, min, max, mean, sensors, revision]) => ({
    kind,
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
