/**
 * Compacted rollups: hours and days of places, added up once (infra/clickhouse/0007_compaction.sql).
 *
 * Boundary: the tables only. Which days may be taken from here, compacted-days.ts says; each row has the number of the blocks that it
 * was read from (invariant 16).
 */
import type { ClickHouseClient } from '@clickhouse/client';
import { DAY_HOURS } from '../../model/hour.ts';
import { type Place, type Placed, placesOf } from './places.ts';
import { equalTo, keyParams, selectColumns, selectRows } from './sql.ts';

/** A UTC day with rows. */
export interface CompactedDay {
  /** Since 1970. */
  readonly day: number;
  /** The number of the blocks that its compacted rows are of; null: it has other blocks than any that it was compacted from. */
  readonly blocks: number | null;
}

/** @param months counted from the year 0, as of readMonthVersions. @returns in order. */
export async function readCompactedDays(client: ClickHouseClient, months: readonly number[]): Promise<CompactedDay[]> {
  const rows = await selectRows<[number, number, number]>(
    client,
    `SELECT toUInt16(v.day), v.blocks, (v.day, v.blocks) IN
       (SELECT toDate(begins), blocks FROM hourglass.compacted_rollups WHERE step = 'compacted' AND toYYYYMM(begins) IN {months:Array(UInt32)})
     FROM hourglass.day_versions AS v WHERE toYYYYMM(v.day) IN {months:Array(UInt32)} ORDER BY v.day`,
    { months: months.map((month) => Math.floor(month / 12) * 100 + (month % 12) + 1) },
  );
  return rows.map(([day, blocks, isCompacted]) => ({ day, blocks: isCompacted === 1 ? blocks : null }));
}

/** Hours or days of months: by month, counted from the year 0. */
export async function readCompactedSizes(
  client: ClickHouseClient,
  step: CompactedAsk['step'],
): Promise<Map<number, number>> {
  const rows = await selectRows<[string, number]>(
    client,
    `SELECT _partition_id, count() FROM hourglass.compacted_rollups WHERE step = {step:String} GROUP BY _partition_id`,
    { step },
    SETTINGS,
  );
  return new Map(rows.map(([name, size]) => [Number(name.slice(0, 4)) * 12 + Number(name.slice(4)) - 1, size]));
}

/** The places and metrics that have hours or days in a span, those of cities apart from those of districts, in order. */
export async function readCompactedPlaces(
  client: ClickHouseClient,
  step: CompactedAsk['step'],
  { from, to }: Span,
): Promise<(Placed & { readonly metric: string })[]> {
  const rows = await selectRows<[string, string, string]>(
    client,
    `SELECT DISTINCT metric, city, district FROM hourglass.compacted_rollups
     WHERE step = {step:String} AND begins >= ${hourOf('from')} AND begins < ${hourOf('to')}
     ORDER BY metric, district = '', city, district`,
    { step, from, to },
    SETTINGS,
  );
  return rows.map(([metric, city, district]) => ({ metric, city, district: district === '' ? null : district }));
}

/** Hour indexes, `to` exclusive. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface CompactedAsk extends Span {
  readonly step: 'hour' | 'day';
  readonly places: readonly Place[];
  readonly metric: string;
  readonly kind?: string | undefined;
  /** Periods that begin in these hours are left out. */
  readonly without: readonly Span[];
  /** kind and the index of its first hour: rows come after it. */
  readonly after: readonly [kind: string, begins: number] | null;
  /** Of each place. */
  readonly limit: number;
}

export interface CompactedFigures extends Placed {
  kind: string;
  /** Index of its first hour. */
  begins: number;
  blocks: number;
  count: number;
  sum: number | null;
  min: number;
  max: number;
  sensors: number;
  revision: number;
  sensorHours: number;
}

/** {@link CompactedFigures} by column, in any order. A text that is the same in all rows may be there once. */
export interface CompactedColumns {
  readonly city: readonly string[];
  readonly district: readonly (string | null)[];
  readonly kind: readonly string[];
  readonly begins: readonly number[];
  readonly blocks: readonly number[];
  readonly count: readonly number[];
  readonly sum: readonly (number | null)[];
  readonly min: readonly number[];
  readonly max: readonly number[];
  readonly sensors: readonly number[];
  readonly revision: readonly number[];
  readonly sensorHours: readonly number[];
}

/** As the database names them: an alias like a column would be taken for it in the condition. */
interface Answer extends Omit<CompactedColumns, 'city' | 'district' | 'begins' | 'sensorHours'> {
  /** Not there where one place was asked for. */
  readonly place_city: readonly string[];
  readonly place_district: readonly string[];
  readonly first_hour: readonly number[];
  readonly sensor_hours: readonly number[];
}

const hourOf = (name: string): string => `toDateTime({${name}:UInt32} * 3600, 'UTC')`;
const AFTER = `AND (kind > {after0:String} OR (kind = {after0:String} AND begins > ${hourOf('after1')}))`;
/** More than a month of every kind has. */
const ROWS_MAX = 1_000_000;
const HOURS: Readonly<Record<CompactedAsk['step'], number>> = { hour: 1, day: DAY_HOURS };
/** Some granules: more threads would take longer to start than to read. */
const SETTINGS = { max_threads: 1, optimize_move_to_prewhere: 0 } as const;

/** @returns in any order; of each place at least the first rows by kind and hour, as many as `limit` where there are so many. */
export async function readCompacted(client: ClickHouseClient, ask: CompactedAsk): Promise<CompactedColumns> {
  const { step, metric, kind, from, to, after, limit, without } = ask;
  const places = placesOf(ask.places);
  const [only] = ask.places.length === 1 ? ask.places : [];
  const { place_city, place_district, first_hour, sensor_hours, ...figures } = await selectColumns<Answer>(
    client,
    `SELECT ${only === undefined ? 'city AS place_city, district AS place_district, ' : ''}kind, intDiv(toUnixTimestamp(begins), 3600) AS first_hour, blocks,
       count, sum, min, max, sensors, revision, sensor_hours
     FROM hourglass.compacted_rollups
     WHERE step = {step:String}${places.within}${places.isOfDistricts ? '' : " AND district = ''"}${equalTo({ metric, kind })}
       AND begins >= ${hourOf('from')} AND begins < ${hourOf('to')} ${after === null ? '' : AFTER}
       ${without.map((_, at) => `AND NOT (begins >= ${hourOf(`from${String(at)}`)} AND begins < ${hourOf(`to${String(at)}`)})`).join(' ')}
     ${(to - from) / HOURS[step] <= limit ? '' : `ORDER BY city, district, kind, begins ${places.limit}`}`,
    {
      ...places.params,
      step,
      metric,
      kind,
      from,
      to,
      // Unbounded where the range is.
      limit: Math.min(limit, ROWS_MAX),
      ...(after === null ? {} : keyParams(after)),
      ...Object.fromEntries(
        without.flatMap((span, at) => [
          [`from${String(at)}`, span.from],
          [`to${String(at)}`, span.to],
        ]),
      ),
    },
    SETTINGS,
  );
  const districts = only === undefined ? place_district : [only.district ?? ''];
  return {
    ...figures,
    city: only === undefined ? place_city : [only.city],
    district: places.isOfDistricts ? districts : [null],
    begins: first_hour,
    sensorHours: sensor_hours,
  };
}

/** The day in which an hour lies. */
export function dayOf(hour: number): number {
  return Math.floor(hour / DAY_HOURS);
}
