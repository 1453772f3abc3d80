/**
 * Days and months of a time zone, of districts and cities, added up from UTC hours when they are asked for (invariant 5).
 *
 * Boundary: the database's time zone tables are the only ones that count; nothing here knows what a zone is. Sums are the digits of
 * the views (infra/clickhouse/0002_rollups.sql): added exactly, rounded once. Distinct sensors are states, merged.
 * How zones of :30 and :45 cut an hour: they do not. An hour belongs to the civil day in which it begins.
 */
import { ClickHouseError, type ClickHouseClient } from '@clickhouse/client';
import { ROLLUP_SLICE_HOURS } from '../../model/limits.ts';
import { Problem } from '../problem.ts';
import { type Place, type Placed, placesOf } from './places.ts';
import { ROLLUP_SETTINGS, slicesOf } from './slices.ts';
import { equalTo, exactTotal, keyParams, selectRows } from './sql.ts';

export interface CivilAsk {
  readonly step: CivilStep;
  readonly zone: string;
  readonly places: readonly Place[];
  readonly metric: string;
  readonly kind?: string | undefined;
  /** Periods that begin at or after `fromS` and before `toS`, seconds since 1970. */
  readonly fromS: number;
  readonly toS: number;
  readonly after: CivilKey | null;
  /** Of each place. */
  readonly limit: number;
  /** Hours from this index on are not over: their sensors do not count in `sensorHours`. */
  readonly openHour: number;
}
export type CivilStep = 'day' | 'month';
/** kind, and the day (since 1970) that the period begins with: the order of the rows. */
export type CivilKey = readonly [kind: string, day: number];

export interface CivilFigures {
  kind: string;
  /** The civil day that the period begins with, in days since 1970. */
  day: number;
  /** Hour indexes; `toHour` exclusive. */
  fromHour: number;
  toHour: number;
  count: number;
  sum: number | null;
  min: number;
  max: number;
  mean: number | null;
  /** Distinct sensors. */
  sensors: number;
  revision: number;
  /** Sensors with readings, added up over the hours that are over. */
  sensorHours: number;
}

type Row = [
  city: string,
  district: string | null,
  kind: string,
  day: number,
  fromHour: number,
  toHour: number,
  count: number,
  sum: number | null,
  min: number,
  max: number,
  mean: number | null,
  sensors: number,
  revision: number,
  sensorHours: number,
  begins: number,
];

/** A period, and the instant with which it begins in its zone, in seconds since 1970. */
export interface BegunPeriod {
  readonly begins: number;
  readonly figures: CivilFigures & Placed;
}

const PERIODS: Readonly<Record<CivilStep, { of: string; next: string; secondsMax: number; hours: number }>> = {
  day: { of: 'toDate(f.hour, {zone:String})', next: 'addDays(h.period, 1)', secondsMax: 26 * 3_600, hours: 24 },
  month: {
    of: 'toStartOfMonth(toDate(f.hour, {zone:String}))',
    next: 'addMonths(h.period, 1)',
    secondsMax: 32 * 24 * 3_600,
    hours: 31 * 24,
  },
};
/** Seconds that a period has at most. */
export function secondsOf(step: CivilStep): number {
  return PERIODS[step].secondsMax;
}

const DATETIME_S_MAX = 2 ** 32 - 1;

/** The instant with which a date begins in the zone. */
const startOf = (date: string): string => `toUnixTimestamp(toDateTime(${date}, {zone:String}))`;

/**
 * @returns place after place, each in the order of the key.
 * @throws {Problem} 400 where the database does not know the zone.
 */
export async function readCivil(client: ClickHouseClient, ask: CivilAsk): Promise<(CivilFigures & Placed)[]> {
  if (ask.places.length > 1 || ask.toS - ask.fromS <= ROLLUP_SLICE_HOURS * 3_600) return readPeriods(client, ask);
  const rows: (CivilFigures & Placed)[] = [];
  const periods = await readPeriodsWithReadings(client, ask);
  for (const { kind, first, last, periods: limit } of slicesOf(periods, PERIODS[ask.step].hours))
    rows.push(...(await readPeriods(client, { ...ask, kind, fromS: first, toS: last + 1, after: null, limit })));
  return rows;
}

/** The periods of a page, without their figures. */
async function readPeriodsWithReadings(
  client: ClickHouseClient,
  ask: CivilAsk,
): Promise<{ kind: string; begins: number }[]> {
  const { metric, kind } = ask;
  const after = '(kind > {after0:String} OR (kind = {after0:String} AND toUInt16(period) > {after1:UInt16}))';
  const query = `SELECT kind, ${startOf('period')} AS begins FROM
    (
      SELECT DISTINCT f.kind AS kind, ${PERIODS[ask.step].of} AS period FROM hourglass.district_facts AS f
      WHERE f.hour >= toDateTime({from:UInt32}, 'UTC') AND f.hour < toDateTime({until:UInt32}, 'UTC')${placesOf(ask.places).within}${equalTo({ metric, kind })}
    )
    WHERE begins >= {from:UInt32} AND begins < {to:UInt32} ${ask.after === null ? '' : `AND ${after}`}
    ORDER BY kind, period LIMIT {limit:UInt32}`;
  const rows = await withZone(() => selectRows<[string, number]>(client, query, paramsOf(ask)));
  return rows.map(([of, begins]) => ({ kind: of, begins }));
}

async function readPeriods(client: ClickHouseClient, ask: CivilAsk): Promise<(CivilFigures & Placed)[]> {
  return (await readBegunPeriods(client, ask)).map(({ figures }) => figures);
}

/** In one piece, so for short ranges; else as {@link readCivil}. */
export async function readBegunPeriods(client: ClickHouseClient, ask: CivilAsk): Promise<BegunPeriod[]> {
  const places = placesOf(ask.places, 'd.');
  const { metric, kind: kindAsked } = ask;
  const { of, next } = PERIODS[ask.step];
  const after =
    ask.after === null
      ? ''
      : 'WHERE d.kind > {after0:String} OR (d.kind = {after0:String} AND toUInt16(d.period) > {after1:UInt16})';
  const query = `
    WITH
      ${exactTotal('d.sums')},
      sum(d.readings) AS count,
      if(isFinite(total.1) AND max(d.overflowed) = 0, total.1, NULL) AS sum
    SELECT ${places.selected}, d.kind, toUInt16(d.period), any(d.from_hour), any(d.to_hour), count, sum, min(d.least), max(d.most), sum / count,
      sum(d.sensors), uniqExactIfMerge(d.revisions), sum(d.sensor_hours), any(d.begins)
    FROM
    (
      SELECT h.city AS city, h.kind AS kind, h.district AS district, h.period AS period,
        ${startOf('h.period')} AS begins, intDiv(${startOf('h.period')} + 3599, 3600) AS from_hour, intDiv(${startOf(next)} + 3599, 3600) AS to_hour,
        sum(h.readings) AS readings, sumMap(h.sums) AS sums, max(h.overflowed) AS overflowed,
        min(h.least) AS least, max(h.most) AS most,
        uniqExactIfMergeState(h.revisions) AS revisions, uniqExactMerge(h.who) AS sensors,
        sumIf(finalizeAggregation(h.who), h.hour < {openHour:UInt32}) AS sensor_hours
      FROM
      (
        SELECT f.city AS city, f.kind AS kind, f.district AS district, intDiv(toUnixTimestamp(f.hour), 3600) AS hour, ${of} AS period,
          sum(f.count) AS readings, sumMap(f.sums) AS sums, max(f.overflow) AS overflowed, min(f.min) AS least, max(f.max) AS most,
          uniqExactIfState((f.incarnation, f.partition, f.block), f.revised = 1) AS revisions,
          uniqExactMergeState(f.sensors) AS who
        FROM hourglass.district_facts AS f FINAL
        WHERE f.hour >= toDateTime({from:UInt32}, 'UTC') AND f.hour < toDateTime({until:UInt32}, 'UTC')${places.within}${equalTo({ metric, kind: kindAsked })}
        GROUP BY f.city, f.district, f.kind, f.metric, f.hour
      ) AS h
      WHERE ${startOf('h.period')} >= {from:UInt32} AND ${startOf('h.period')} < {to:UInt32}
      GROUP BY h.city, h.kind, h.district, h.period
    ) AS d
    ${after}
    GROUP BY ${places.columns}, d.kind, d.period ORDER BY ${places.columns}, d.kind, d.period ${places.limit}`;
  const rows = await withZone(() => selectRows<Row>(client, query, paramsOf(ask), ROLLUP_SETTINGS));
  return rows.map(
    ([
      city,
      district,
      kind,
      day,
      fromHour,
      toHour,
      count,
      sum,
      min,
      max,
      mean,
      sensors,
      revision,
      sensorHours,
      begins,
    ]) => ({
      begins,
      figures: {
        city,
        district,
        kind,
        day,
        fromHour,
        toHour,
        count,
        sum,
        min,
        max,
        mean,
        sensors,
        revision,
        sensorHours,
      },
    }),
  );
}

function paramsOf(ask: CivilAsk): Record<string, unknown> {
  return {
    ...placesOf(ask.places).params,
    metric: ask.metric,
    kind: ask.kind,
    ...(ask.after === null ? {} : keyParams(ask.after)),
    zone: ask.zone,
    from: ask.fromS,
    to: ask.toS,
    // No hour of a period that begins before `to` begins later than this.
    until: Math.min(DATETIME_S_MAX, ask.toS + PERIODS[ask.step].secondsMax),
    openHour: Math.max(0, ask.openHour),
    limit: ask.limit,
  };
}

/** The instants (seconds since 1970) with which civil days (since 1970) begin. @throws {Problem} 400 for an unknown zone. */
export async function readDayStarts(
  client: ClickHouseClient,
  days: readonly number[],
  zone: string,
): Promise<number[]> {
  const rows = await withZone(() =>
    selectRows<[number]>(
      client,
      `SELECT ${startOf('toDate(day)')} FROM (SELECT arrayJoin({days:Array(UInt16)}) AS day)`,
      { days, zone },
    ),
  );
  return rows.map(([second]) => second);
}

async function withZone<Result>(query: () => Promise<Result>): Promise<Result> {
  try {
    return await query();
  } catch (error) {
    if (!(error instanceof ClickHouseError) || !error.message.startsWith('Cannot load time zone')) throw error;
    const message = 'the database does not know this time zone';
    throw new Problem(400, message, { members: { errors: [{ path: 'zone', message }] }, cause: error });
  }
}
