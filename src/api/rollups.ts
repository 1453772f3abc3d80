/**
 * Pages of rollups with status and coverage: hours from the views, civil days and months from the hours.
 *
 * Boundary: queries and the cluster's view put together; HTTP is in routes/.
 * What the cluster says is read before the tables: what was final then is in them.
 */
import { finalHour, hourHeadersOf, openHour } from './hours.ts';
import { share } from './coverage.ts';
import { type Page, pageOf } from './page.ts';
import type { CivilTime } from './params.ts';
import type { ApiDeps } from './ports.ts';
import { Problem } from './problem.ts';
import { type CivilAsk, type CivilFigures, type CivilStep, readDayStarts, secondsOf } from './queries/civil.ts';
import type { KnownOf, KnownSensors } from './queries/known-sensors.ts';
import type { Place } from './queries/places.ts';
import type { RollupDeps } from './rollup-readers.ts';
import type { RollupAsk, RollupFigures } from './queries/rollups.ts';
import { DAY_HOURS, HOUR_MS } from '../model/hour.ts';
import { TABLE_HOURS_MAX } from '../model/limits.ts';
import { UTC } from '../model/time-zone.ts';

interface Judged {
  status: 'final' | 'provisional';
  coverage: number | null;
}
export type HourlyRollup = RollupFigures & Judged;
export type CivilRollup = Omit<CivilFigures, 'sensorHours'> & Judged;

/** What is asked of one place. */
type OfOne<Ask extends { readonly places: readonly Place[] }> = Omit<Ask, 'places'> & { readonly place: Place };
type Deps = Pick<RollupDeps, 'cluster' | 'rollups'>;

/** @returns at most `ask.limit` hours. */
export async function readHourlyRollup(
  { cluster, rollups: { readRollup, readKnownSensors } }: Deps,
  { place, ...rest }: OfOne<RollupAsk>,
): Promise<Page<HourlyRollup>> {
  const ask = { ...rest, places: [place] };
  const headers = hourHeadersOf(cluster);
  const edges = edgesOf(cluster);
  const [found, known] = await Promise.all([
    readRollup({ ...ask, limit: ask.limit + 1 }, edges.final),
    readKnownSensors(ask),
  ]);
  const { rows, next } = pageOf(found, ask.limit, (last) => [last.kind, last.period]);
  return {
    // Written out: an object that begins with another one's properties takes fifty times as long to make.
    rows: rows.map((row): HourlyRollup => {
      const { kind, period, count, sum, min, max, mean, sensors, revision } = row;
      const status = statusOf(period + 1, edges);
      const coverage = hourCoverage(known, row, edges);
      return { kind, period, count, sum, min, max, mean, sensors, revision, status, coverage };
    }),
    next,
    headers,
    isFinal: ask.to <= edges.final,
  };
}

/** @returns at most `ask.limit` days or months. @throws {Problem} 400 for a zone that the database does not know. */
export async function readCivilRollup(
  { cluster, rollups: { readCivil, readKnownSensors } }: Deps,
  { place, ...rest }: OfOne<Omit<CivilAsk, 'openHour'>>,
): Promise<Page<CivilRollup>> {
  const ask = { ...rest, places: [place] };
  const headers = hourHeadersOf(cluster);
  const edges = edgesOf(cluster);
  const [found, known] = await Promise.all([
    readCivil({ ...ask, limit: ask.limit + 1, openHour: edges.open }, edges.final),
    readKnownSensors(ask),
  ]);
  const { rows, next } = pageOf(found, ask.limit, (last) => [last.kind, last.day]);
  return {
    rows: rows.map((row): CivilRollup => {
      const { kind, day, fromHour, toHour, count, sum, min, max, mean, sensors, revision } = row;
      const status = statusOf(toHour, edges);
      const coverage = civilCoverage(known, row, edges);
      return { kind, day, fromHour, toHour, count, sum, min, max, mean, sensors, revision, status, coverage };
    }),
    next,
    headers,
    // A period that begins before `to` ends this much later at most.
    isFinal: ask.toS + secondsOf(ask.step) <= edges.final * HOUR_S,
  };
}

/** Hour indexes: the first that is not final, and the first that the watermark has not passed. */
interface Edges {
  readonly final: number;
  readonly open: number;
}

export function edgesOf(cluster: ApiDeps['cluster']): Edges {
  return { final: finalHour(cluster), open: openHour(cluster) };
}

/** @param toHour where the period ends. */
export function statusOf(toHour: number, { final }: Edges): Judged['status'] {
  return toHour <= final ? 'final' : 'provisional';
}

export function hourCoverage(
  known: KnownSensors,
  row: KnownOf & Pick<RollupFigures, 'period' | 'sensors'>,
  { open }: Edges,
): number | null {
  return row.period < open ? coverageOf(known, row, row.period, row.period + 1, row.sensors) : null;
}

export function civilCoverage(
  known: KnownSensors,
  row: KnownOf & Pick<CivilFigures, 'fromHour' | 'toHour' | 'sensorHours'>,
  { open }: Edges,
): number | null {
  return coverageOf(known, row, row.fromHour, Math.min(row.toHour, open), row.sensorHours);
}

function coverageOf(
  known: KnownSensors,
  of: KnownOf,
  fromHour: number,
  toHour: number,
  sensorHours: number,
): number | null {
  const expected = known.sensorHours(of, fromHour, toHour);
  return expected === 0 ? null : share(sensorHours, expected);
}

/** `2026-11-23`, `2026-11`. @param day since 1970. */
export function civilName(day: number, step: CivilStep): string {
  return new Date(day * DAY_S * 1_000).toISOString().slice(0, step === 'day' ? 10 : 7);
}

const HOUR_S = HOUR_MS / 1_000;
const DAY_S = DAY_HOURS * HOUR_S;
const TABLE_S_MAX = TABLE_HOURS_MAX * HOUR_S;

/**
 * A range of civil times as instants, in whole seconds since 1970 that the table can hold.
 * @throws {Problem} 400 where `from` is after `to`, or the database does not know the zone.
 */
export async function instantsOf(
  { clickhouse }: Pick<ApiDeps, 'clickhouse'>,
  range: { readonly from?: CivilTime | undefined; readonly to?: CivilTime | undefined },
  zone: string,
): Promise<{ fromS: number; toS: number }> {
  const instantOf = async (time: CivilTime | undefined, fallback: number): Promise<number> => {
    if (time === undefined) return fallback;
    let second = 'ms' in time ? Math.ceil(time.ms / 1_000) : time.day * DAY_S;
    const isInTable = second > DAY_S && second < TABLE_S_MAX - DAY_S;
    if ('day' in time && zone !== UTC && isInTable)
      second = (await readDayStarts(clickhouse, [time.day], zone))[0] ?? second;
    return Math.min(TABLE_S_MAX, Math.max(0, second));
  };
  const [fromS, toS] = await Promise.all([instantOf(range.from, 0), instantOf(range.to, TABLE_S_MAX)]);
  if (fromS > toS)
    throw new Problem(400, '`from` is after `to`.', { members: { errors: [{ path: 'from', message: 'after `to`' }] } });
  return { fromS, toS };
}
