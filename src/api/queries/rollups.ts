/**
 * Hours of districts and cities: the figures of the views that dashboards use.
 *
 * Boundary: the table of districts only; what is still in the workers' memory is not in a rollup.
 * Invariant 4: FINAL reads each block once.
 */
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { roundedSum } from '../../model/exact-sum.ts';
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
  city: string,
  district: string | null,
  kind: string,
  period: number,
  count: number,
  positions: number[],
  digits: string[],
  overflow: number,
  min: number,
  max: number,
  sensors: number,
  revision: number,
];

const hourOf = (name: string): string => `toDateTime({${name}:UInt32} * 3600, 'UTC')`;

const AFTER = `AND (kind > {after0:String} OR (kind = {after0:String} AND hour > ${hourOf('after1')}))`;

/** @returns place after place, each in the order of the key. */
export async function readRollup(client: ClickHouseClient, ask: RollupAsk): Promise<(RollupFigures & Placed)[]> {
  if (ask.places.length > 1 || ask.to - ask.from <= ROLLUP_SLICE_HOURS) return readRollupAtOnce(client, ask);
  const rows: (RollupFigures & Placed)[] = [];
  for (const { kind, first, last, periods } of slicesOf(await readHoursWithReadings(client, ask), 1)) {
    const slice = { ...ask, kind, from: first, to: last + 1, after: null, limit: periods };
    rows.push(...(await readRollupAtOnce(client, slice)));
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

/**
 * The same in one question, however long the range is.
 *
 * The figures of the views district_hourly and city_hourly, but for the sum, whose digits are added up and rounded here: to
 * understand the views' arithmetic took the database longer than to read a month.
 */
export async function readRollupAtOnce(client: ClickHouseClient, ask: RollupAsk): Promise<(RollupFigures & Placed)[]> {
  const { metric, kind } = ask;
  const places = placesOf(ask.places, 'd.');
  const rows = await selectRows<Row>(
    client,
    `SELECT ${places.selected}, d.kind, intDiv(toUnixTimestamp(d.hour), 3600), ${places.isOfDistricts ? OF_DISTRICTS : OF_CITIES}
     WHERE hour >= ${hourOf('from')} AND hour < ${hourOf('to')}${places.within}${equalTo({ metric, kind })} ${ask.after === null ? '' : AFTER}
     ${places.isOfDistricts ? '' : 'GROUP BY city, district, kind, hour) AS d'}
     GROUP BY ${places.columns}, d.kind, d.hour
     ORDER BY ${places.columns}, d.kind, d.hour ${places.limit}`,
    paramsOf(ask),
    places.isOfDistricts && ask.places.length === 1 ? ONE_DISTRICT_SETTINGS : ROLLUP_SETTINGS,
  );
  return rows.map(
    ([city, district, kindOf, period, count, positions, digits, overflow, min, max, sensors, revision]) => {
      const sum = overflow === 1 ? null : roundedSum(positions, digits);
      const mean = sum === null ? null : sum / count;
      return { city, district, kind: kindOf, period, count, sum, min, max, mean, sensors, revision };
    },
  );
}

/**
 * A slice of one district is some thousand rows: to keep their order, or to share them among threads, takes longer than to add
 * them up.
 */
const ONE_DISTRICT_SETTINGS: ClickHouseSettings = {
  ...ROLLUP_SETTINGS,
  max_threads: 1,
  optimize_aggregation_in_order: 0,
};

/** As text: JSON's numbers have 53 bits. A district has few digits an hour; a city's are added up first. */
const OF_DISTRICTS = `sum(d.count), groupArrayArray(d.sums.position), groupArrayArray(CAST(d.sums.digit, 'Array(String)')),
       max(d.overflow), min(d.min), max(d.max),
       uniqExactMerge(d.sensors), uniqExactIf((d.incarnation, d.partition, d.block), d.revised = 1)
     FROM hourglass.district_facts AS d FINAL`;

const OF_CITIES = `sum(d.readings), sumMap(d.digits).1, CAST(sumMap(d.digits).2, 'Array(String)'),
       max(d.overflowed), min(d.least), max(d.most), sum(d.who), uniqExactIfMerge(d.revisions)
     FROM (
       SELECT city, district, kind, hour, sum(count) AS readings, sumMap(sums) AS digits, max(overflow) AS overflowed,
         min(min) AS least, max(max) AS most, uniqExactMerge(sensors) AS who,
         uniqExactIfState((incarnation, partition, block), revised = 1) AS revisions
       FROM hourglass.district_facts FINAL`;

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
