/**
 * How many readings an hour of a series usually has: the median of its own hours in the week before.
 *
 * Boundary: the table only. One query a page of hours of many series: it reads the page's series, a week further back. A page of one
 * series has its week already (series-hours.ts): {@link cadencesIn}.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import type { SeriesKey } from '../../model/cluster.ts';
import { CADENCE_HOURS, CADENCE_HOURS_MIN, CADENCES_MEMORY_BYTES } from '../../model/limits.ts';
import type { SeriesFilter } from './hourly-facts.ts';
import type { HourReadings } from './series-hours.ts';
import {
  equalTo,
  keyAfter,
  keyParams,
  knownSeries,
  selectRows,
  SERIES_IN,
  seriesParam,
  type KeyColumn,
} from './sql.ts';

export interface CadenceAsk {
  /** These series, or a page's: what the filter lets through, all of it or from the first to the last in the order of pages. */
  readonly of:
    { readonly series: readonly SeriesKey[] } | { readonly filter: SeriesFilter; readonly between: Between | null };
  /** Hours of the page, `toHour` exclusive. */
  readonly fromHour: number;
  readonly toHour: number;
  /** Hours from here on may not be in the table yet; theirs are read all the same. */
  readonly openHour: number;
}

interface Between {
  readonly first: SeriesKey;
  readonly last: SeriesKey;
}

export interface Cadence extends SeriesKey {
  readonly hour: number;
  /** Readings that an hour of the series usually has. */
  readonly expected: number;
}

const SERIES = ['city', 'district', 'kind', 'metric', 'sensor'] as const;
const KEY: readonly KeyColumn[] = SERIES.map((column) => ({ column, type: 'String' }));
const LIST = SERIES.join(', ');

/** From the first series to the last; its parameters are {@link betweenParams}. */
const BETWEEN = `city >= {after0:String} AND city <= {lastCity:String}
  AND (${keyAfter(KEY)} OR (${SERIES.map((column, at) => `${column} = {after${String(at)}:String}`).join(' AND ')}))
  AND (${LIST}) <= ({lastCity:String}, {lastDistrict:String}, {lastKind:String}, {lastMetric:String}, {lastSensor:String})`;

function betweenParams({ first, last }: Between): Record<string, unknown> {
  return {
    ...keyParams(SERIES.map((column) => first[column])),
    lastCity: last.city,
    lastDistrict: last.district,
    lastKind: last.kind,
    lastMetric: last.metric,
    lastSensor: last.sensor,
  };
}

/** The condition of the series that are asked about, and its parameters. */
function seriesOf(of: CadenceAsk['of']): { where: string; params: Record<string, unknown> } {
  if ('series' in of) return { where: SERIES_IN, params: seriesParam(of.series) };
  const { filter, between } = of;
  const known = knownSeries(filter);
  const parts = [between === null ? 'true' : BETWEEN, ...(known === null ? [] : [known])];
  return {
    where: `${parts.join(' AND ')}${equalTo(filter)}`,
    params: { ...filter, ...(between === null ? {} : betweenParams(between)) },
  };
}

/**
 * Readings that hours of one series usually have, by hour; as {@link readCadences}.
 *
 * @param readings of the series' hours, in order: at least those of the week before each of `hours`.
 * @param hours in order.
 */
export function cadencesIn(readings: readonly HourReadings[], hours: Iterable<number>): Map<number, number> {
  const cadences = new Map<number, number>();
  /** Counts of the week before, the smallest first. */
  const week: number[] = [];
  let [first, end] = [0, 0];
  for (const hour of hours) {
    for (;;) {
      const [next, old] = [readings[end], readings[first]];
      const comes = next !== undefined && next.hour < hour;
      const goes = old !== undefined && old.hour < hour - CADENCE_HOURS;
      if (comes) end++;
      if (goes) first++;
      // One for another like it, as a rule: the week stays as it is.
      if (comes && goes && next.count === old.count) continue;
      if (comes) week.splice(placeOf(next.count, week), 0, next.count);
      if (goes) week.splice(placeOf(old.count, week), 1);
      if (!comes && !goes) break;
    }
    const expected = week[(week.length - 1) >> 1];
    if (expected !== undefined && week.length >= CADENCE_HOURS_MIN) cadences.set(hour, expected);
  }
  return cadences;
}

/** Where the first of `sorted` stands that is not smaller. */
function placeOf(value: number, sorted: readonly number[]): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? Infinity) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Series' hours whose cadence is known: at least {@link CADENCE_HOURS_MIN} hours of the week before have readings. */
export async function readCadences(client: ClickHouseClient, ask: CadenceAsk): Promise<Cadence[]> {
  if (ask.toHour === ask.fromHour + 1 && ask.fromHour >= ask.openHour) return readCadencesOfOpenHour(client, ask);
  const { where, params } = seriesOf(ask.of);
  const rows = await selectRows<[string, string, string, string, string, number, number]>(client, ofHours(where), {
    ...params,
    from: ask.fromHour,
    to: ask.toHour,
    open: ask.openHour,
    cadenceHours: CADENCE_HOURS,
    hoursMin: CADENCE_HOURS_MIN,
  });
  return rows.map(([city, district, kind, metric, sensor, hour, expected]) => ({
    city,
    district,
    kind,
    metric,
    sensor,
    hour,
    expected,
  }));
}

/**
 * The same of the hour that is open, which everybody looks at: each week is the week before it. Columns that the filter names are the
 * same in all rows, and are not grouped by: to group by them takes the database longer than all else.
 */
async function readCadencesOfOpenHour(
  client: ClickHouseClient,
  { of, fromHour: hour }: CadenceAsk,
): Promise<Cadence[]> {
  const { where, params } = seriesOf(of);
  const filter: SeriesFilter = 'series' in of ? {} : of.filter;
  const open = SERIES.filter((column) => filter[column] === undefined);
  const list = open.map((column) => `${column}, `).join('');
  const rows = await selectRows<(string | number)[]>(
    client,
    `SELECT ${list}quantileExactLow(0.5)(readings)
     FROM
     (
       SELECT ${list}sum(count) AS readings
       FROM hourglass.hourly_facts FINAL
       WHERE hour >= ${FROM} AND hour < toDateTime({from:UInt32} * 3600, 'UTC') AND ${where}
       GROUP BY ${list}hour
     )
     ${open.length === 0 ? '' : `GROUP BY ${open.join(', ')}`}
     HAVING count() >= {hoursMin:UInt32}`,
    { ...params, from: hour, cadenceHours: CADENCE_HOURS, hoursMin: CADENCE_HOURS_MIN },
    OPEN_HOUR_SETTINGS,
  );
  const { city = '', district = '', kind = '', metric = '', sensor = '' } = filter;
  return rows.map((row) => {
    const cadence = { city, district, kind, metric, sensor, hour, expected: Number(row.at(-1)) };
    for (const [at, column] of open.entries()) cadence[column] = String(row[at]);
    return cadence;
  });
}

/**
 * By hashes, since a page has few series; where it has not, in files. One thread: FINAL cuts the rows into parts for several, which
 * costs more than it saves on so few.
 */
const OPEN_HOUR_SETTINGS = {
  max_threads: 1,
  optimize_aggregation_in_order: 0,
  max_bytes_before_external_group_by: String(CADENCES_MEMORY_BYTES),
} as const;

function ofHours(where: string): string {
  return `SELECT ${LIST}, target, quantileExactLowIf(0.5)(readings, hour_index < target) AS expected
     FROM
     (
       SELECT ${LIST}, intDiv(toUnixTimestamp(hour), 3600) AS hour_index, sum(count) AS readings
       FROM hourglass.hourly_facts FINAL
       WHERE hour >= ${FROM} AND hour < toDateTime({to:UInt32} * 3600, 'UTC') AND ${where}
       GROUP BY ${LIST}, hour
     )
     ARRAY JOIN range(greatest(hour_index, {from:UInt32}), least(hour_index + {cadenceHours:UInt32} + 1, {to:UInt32})) AS target
     GROUP BY ${LIST}, target
     HAVING countIf(hour_index < target) >= {hoursMin:UInt32} AND (countIf(hour_index = target) > 0 OR target >= {open:UInt32})`;
}

/** A week before the first hour. */
const FROM = "toDateTime({from:UInt32} * 3600 - least({from:UInt32}, {cadenceHours:UInt32}) * 3600, 'UTC')";
