/**
 * How many readings an hour of a series usually has: the median of its own hours in the week before.
 *
 * Boundary: the table only. One query a page of hours of many series: it reads the page's series, a week further back; of the open
 * hour, which everybody looks at, in one pass, also of many places together. A page of one series has its week already
 * (series-hours.ts): {@link cadencesIn}.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import type { SeriesKey } from '../../model/cluster.ts';
import { CADENCE_HOURS, CADENCE_HOURS_MIN } from '../../model/limits.ts';
import { seriesName } from '../../model/series-name.ts';
import type { SeriesFilter } from './hourly-facts.ts';
import { type MetricPlace, withinMetrics } from './places.ts';
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

/** How many readings an hour usually has. */
export interface Cadence extends SeriesKey {
  readonly expected: number;
}
interface CadenceAt extends Cadence {
  readonly hour: number;
}

/** Cadences of series' hours, to be looked up. */
export interface Cadences {
  readonly size: number;
  /** @returns undefined: not known. */
  expectedOf(row: SeriesKey & { readonly hour: number }): number | undefined;
}

/** Of one hour; also what is taken for those of the next one, until that is read. */
export class CadencesOfHour implements Cadences {
  readonly hour: number;
  readonly #expected: ReadonlyMap<string, number>;

  constructor(hour: number, cadences: readonly Cadence[]) {
    this.hour = hour;
    this.#expected = new Map(cadences.map((cadence) => [seriesName(cadence), cadence.expected]));
  }

  get size(): number {
    return this.#expected.size;
  }

  expectedOf(row: SeriesKey): number | undefined {
    return this.#expected.get(seriesName(row));
  }
}

class CadencesOfHours implements Cadences {
  readonly #expected: ReadonlyMap<string, number>;

  constructor(cadences: readonly CadenceAt[]) {
    this.#expected = new Map(cadences.map((cadence) => [nameAt(cadence), cadence.expected]));
  }

  get size(): number {
    return this.#expected.size;
  }

  expectedOf(row: SeriesKey & { readonly hour: number }): number | undefined {
    return this.#expected.get(nameAt(row));
  }
}

function nameAt(row: SeriesKey & { readonly hour: number }): string {
  return `${String(row.hour)}/${seriesName(row)}`;
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
 * Readings that hours of one series usually have; as {@link readCadences}.
 *
 * @param readings of the series' hours: at least those of the week before each of `of`.
 * @param of hours, in order.
 * @returns one for each hour of `of`; undefined: not known.
 */
export function cadencesIn({ hours, counts }: HourReadings, of: readonly number[]): (number | undefined)[] {
  /** Counts of the week before, the smallest first. */
  const week: number[] = [];
  let [first, end] = [0, 0];
  return of.map((hour) => {
    for (;;) {
      const comes = (hours[end] ?? Infinity) < hour;
      const goes = (hours[first] ?? Infinity) < hour - CADENCE_HOURS;
      if (!comes && !goes) break;
      const [next = 0, old = 0] = [counts[end], counts[first]];
      if (comes) end++;
      if (goes) first++;
      // One for another like it, as a rule: the week stays as it is.
      if (comes && goes && next === old) continue;
      if (comes) week.splice(placeOf(next, week), 0, next);
      if (goes) week.splice(placeOf(old, week), 1);
    }
    return week.length < CADENCE_HOURS_MIN ? undefined : week[(week.length - 1) >> 1];
  });
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

/** Those that are known: at least {@link CADENCE_HOURS_MIN} hours of the week before have readings. */
export async function readCadences(client: ClickHouseClient, ask: CadenceAsk): Promise<Cadences> {
  const { where, params } = seriesOf(ask.of);
  if (isOfOpenHour(ask)) return new CadencesOfHour(ask.fromHour, await readOfHour(client, ask.fromHour, where, params));
  const rows = await selectRows<[string, string, string, string, string, number, number]>(client, ofHours(where), {
    ...params,
    from: ask.fromHour,
    to: ask.toHour,
    open: ask.openHour,
    cadenceHours: CADENCE_HOURS,
    hoursMin: CADENCE_HOURS_MIN,
  });
  return new CadencesOfHours(
    rows.map(([city, district, kind, metric, sensor, hour, expected]) => ({
      city,
      district,
      kind,
      metric,
      sensor,
      hour,
      expected,
    })),
  );
}

/** Only the hour that is open, which everybody looks at: each week is the week before it. */
export function isOfOpenHour({ fromHour, toHour, openHour }: CadenceAsk): boolean {
  return toHour === fromHour + 1 && fromHour >= openHour;
}

/** Of all series of districts' metrics, as {@link readCadences} of the open hour. */
export interface PlacesCadenceAsk {
  readonly places: readonly MetricPlace[];
  readonly hour: number;
}

export function readCadencesOfPlaces(client: ClickHouseClient, { places, hour }: PlacesCadenceAsk): Promise<Cadence[]> {
  const { within, params } = withinMetrics(places);
  return readOfHour(client, hour, `true${within}`, params);
}

/**
 * In one pass in the order of the table, one series after the other, so that little is held of them: FINAL and a second aggregation take the
 * database several times as long. An hour of a series is one row as a rule, and its week a list of numbers. Only of a series with more rows than hours are blocks looked at, each counted once (invariant 4), and added up by hour.
 */
async function readOfHour(
  client: ClickHouseClient,
  hour: number,
  where: string,
  params: Readonly<Record<string, unknown>>,
): Promise<Cadence[]> {
  const rows = await selectRows<[string, string, string, string, string, number]>(
    client,
    `WITH arrayDistinct(arrayZip(groupArray(hour), groupArray(partition), groupArray(block), groupArray(incarnation), groupArray(count))) AS blocks,
       arrayReduce('sumMap', arrayMap(block -> [block.1], blocks), arrayMap(block -> [toUInt64(block.5)], blocks)).2 AS readings
     SELECT ${LIST}, if(count() = uniqExact(hour), quantileExactLow(0.5)(count), arrayReduce('quantileExactLow(0.5)', readings))
     FROM hourglass.hourly_facts
     WHERE hour >= ${FROM} AND hour < toDateTime({from:UInt32} * 3600, 'UTC') AND ${where}
     GROUP BY ${LIST}
     HAVING uniqExact(hour) >= {hoursMin:UInt32}`,
    { ...params, from: hour, cadenceHours: CADENCE_HOURS, hoursMin: CADENCE_HOURS_MIN },
    { max_threads: 1 },
  );
  return rows.map(([city, district, kind, metric, sensor, expected]) => ({
    city,
    district,
    kind,
    metric,
    sensor,
    expected,
  }));
}

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
