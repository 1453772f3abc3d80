/**
 * Hours of districts and cities, from the views that dashboards use.
 *
 * Boundary: the table's views only; what is still in the workers' memory is not in a rollup.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import { ROLLUP_SLICE_HOURS } from '../../model/limits.ts';
import { type Place, type Placed, placesOf } from './places.ts';
import { ROLLUP_SETTINGS, slicesOf } from './slices.ts';
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

const AFTER = `AND (kind > {after0:String} OR (kind = {after0:String} AND hour > ${hourOf('after1')}))`;

/** @returns place after place, each in the order of the key. */
export async function readRollup(client: ClickHouseClient, ask: RollupAsk): Promise<(RollupFigures & Placed)[]> {
  if (ask.places.length > 1 || ask.to - ask.from <= ROLLUP_SLICE_HOURS) return readHours(client, ask);
  const rows: (RollupFigures & Placed)[] = [];
  for (const { kind, first, last, periods } of slicesOf(await readHoursWithReadings(client, ask), 1)) {
    const slice = { ...ask, kind, from: first, to: last + 1, after: null, limit: periods };
    rows.push(...(await readHours(client, slice)));
  }
  return rows;
}

/** The hours of a page, without their figures. */
async function readHoursWithReadings(
  client: ClickHouseClient,
  ask: RollupAsk,
): Promise<{ kind: string; begins: number }[]> {
  const { metric, kind } = ask;
  const places = placesOf(ask.places);
  const rows = await selectRows<[string, number]>(
    client,
    `SELECT DISTINCT kind, intDiv(toUnixTimestamp(hour), 3600) FROM hourglass.district_facts
     WHERE hour >= ${hourOf('from')} AND hour < ${hourOf('to')}${places.within}${equalTo({ metric, kind })} ${ask.after === null ? '' : AFTER}
     ORDER BY kind, hour LIMIT {limit:UInt32}`,
    paramsOf(ask),
  );
  return rows.map(([of, begins]) => ({ kind: of, begins }));
}

async function readHours(client: ClickHouseClient, ask: RollupAsk): Promise<(RollupFigures & Placed)[]> {
  const { metric, kind } = ask;
  const places = placesOf(ask.places);
  const rows = await selectRows<Row>(
    client,
    `SELECT ${places.selected}, kind, intDiv(toUnixTimestamp(hour), 3600), count, sum, min, max, mean, sensors, revision
     FROM hourglass.${places.isOfDistricts ? 'district_hourly' : 'city_hourly'}
     WHERE hour >= ${hourOf('from')} AND hour < ${hourOf('to')}${places.within}${equalTo({ metric, kind })} ${ask.after === null ? '' : AFTER}
     ORDER BY ${places.columns}, kind, hour ${places.limit}`,
    paramsOf(ask),
    ROLLUP_SETTINGS,
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

function paramsOf({ places, metric, kind, after, from, to, limit }: RollupAsk): Record<string, unknown> {
  return {
    ...placesOf(places).params,
    metric,
    kind,
    ...(after === null ? {} : keyParams(after)),
    from,
    to,
    limit,
  };
}
