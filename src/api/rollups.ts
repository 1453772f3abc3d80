/**
 * Pages of rollups with status and coverage: hours from the views, civil days and months from the hours.
 *
 * Boundary: queries and the cluster's view put together; HTTP is in routes/.
 * What the cluster says is read before the tables: what was final then is in them.
 */
import { DAY_HOURS, finalHour, hourHeadersOf, openHour } from './hours.ts';
import { share } from './coverage.ts';
import { type Page, pageOf } from './page.ts';
import type { CivilTime } from './params.ts';
import type { ApiDeps } from './ports.ts';
import { Problem } from './problem.ts';
import { type CivilAsk, type CivilFigures, readCivil, readDayStarts, secondsOf } from './queries/civil.ts';
import { type KnownSensors, readKnownSensors } from './queries/known-sensors.ts';
import { readRollup, type RollupAsk, type RollupFigures } from './queries/rollups.ts';
import { HOUR_MS } from '../model/hour.ts';
import { TABLE_HOURS_MAX } from '../model/limits.ts';
import { UTC } from '../model/time-zone.ts';

interface Judged {
  status: 'final' | 'provisional';
  coverage: number | null;
}
export type HourlyRollup = RollupFigures & Judged;
export type CivilRollup = Omit<CivilFigures, 'sensorHours'> & Judged;

/** @returns at most `ask.limit` hours. */
export async function readHourlyRollup(
  deps: Pick<ApiDeps, 'clickhouse' | 'cluster'>,
  ask: RollupAsk & { readonly view: 'district_hourly' | 'city_hourly' },
): Promise<Page<HourlyRollup>> {
  const { clickhouse, cluster } = deps;
  const headers = hourHeadersOf(cluster);
  const [final, open] = [finalHour(cluster), openHour(cluster)];
  const [found, known] = await Promise.all([
    readRollup(clickhouse, { ...ask, limit: ask.limit + 1 }),
    readKnownSensors(clickhouse, ask.filter),
  ]);
  const { rows, next } = pageOf(found, ask.limit, (last) => [last.kind, last.period]);
  return {
    rows: rows.map((row): HourlyRollup => {
      const status = row.period < final ? 'final' : 'provisional';
      const coverage = row.period < open ? coverageOf(known, row.kind, row.period, row.period + 1, row.sensors) : null;
      return { ...row, status, coverage };
    }),
    next,
    headers,
    isFinal: ask.to <= final,
  };
}

/** @returns at most `ask.limit` days or months. @throws {Problem} 400 for a zone that the database does not know. */
export async function readCivilRollup(
  deps: Pick<ApiDeps, 'clickhouse' | 'cluster'>,
  ask: Omit<CivilAsk, 'openHour'>,
): Promise<Page<CivilRollup>> {
  const { clickhouse, cluster } = deps;
  const headers = hourHeadersOf(cluster);
  const [final, open] = [finalHour(cluster), openHour(cluster)];
  const [found, known] = await Promise.all([
    readCivil(clickhouse, { ...ask, limit: ask.limit + 1, openHour: open }),
    readKnownSensors(clickhouse, ask.filter),
  ]);
  const { rows, next } = pageOf(found, ask.limit, (last) => [last.kind, last.day]);
  return {
    rows: rows.map(({ sensorHours, ...row }): CivilRollup => {
      const status = row.toHour <= final ? 'final' : 'provisional';
      const coverage = coverageOf(known, row.kind, row.fromHour, Math.min(row.toHour, open), sensorHours);
      return { ...row, status, coverage };
    }),
    next,
    headers,
    // A period that begins before `to` ends this much later at most.
    isFinal: ask.toS + secondsOf(ask.step) <= final * HOUR_S,
  };
}

function coverageOf(
  known: KnownSensors,
  kind: string,
  fromHour: number,
  toHour: number,
  sensorHours: number,
): number | null {
  const expected = known.sensorHours(kind, fromHour, toHour);
  return expected === 0 ? null : share(sensorHours, expected);
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
