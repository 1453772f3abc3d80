/**
 * UTC months of rollups, and the names of what their rows are: what is kept of a month holds as long as its name does.
 *
 * Boundary: arithmetic on months, and the database's names (queries/month-versions.ts) asked for once for all questions. As long as
 * an answer may be given again without a look at the tables, so long do the names hold: answers/answer-cache.ts says why.
 */
import { LRUCache } from 'lru-cache';
import { DAY_HOURS, HOUR_MS } from '../model/hour.ts';
import { ANSWER_AGE_MS_MAX } from '../model/limits.ts';
import { inGoodTimeOf } from './in-good-time.ts';
import type { ApiDeps } from './ports.ts';
import { readMonthVersions } from './queries/month-versions.ts';

/** By month, counted from the year 0 (year * 12 + month from 0). */
export type MonthVersions = ReadonlyMap<number, string>;

/**
 * @param dataVersion a number that changes when a block was sealed or confirmed.
 * @param tables whose rows the names are of.
 */
export function keptMonthVersions(
  { clickhouse, clock }: Pick<ApiDeps, 'clickhouse' | 'clock'>,
  dataVersion: () => number,
  tables: readonly string[],
): () => Promise<MonthVersions> {
  const kept = new LRUCache<number, MonthVersions>({
    max: 1,
    ttl: ANSWER_AGE_MS_MAX,
    ttlResolution: 0,
    perf: { now: () => clock.monotonicMs() },
    ignoreFetchAbort: true,
    fetchMethod: () => readMonthVersions(clickhouse, tables),
  });
  return () => {
    const version = dataVersion();
    return kept.forceFetch(
      version,
      inGoodTimeOf(kept, version, () => ANSWER_AGE_MS_MAX),
    );
  };
}

/** The month of a UTC day (since 1970). */
export function monthOfDay(day: number): number {
  const date = new Date(day * DAY_HOURS * HOUR_MS);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** A month's first hour, since 1970. */
export function hourOfMonth(month: number): number {
  return startOfMonth(month) / 3_600;
}

/** Its first second, since 1970. */
export function startOfMonth(month: number): number {
  return Math.max(0, Date.UTC(Math.floor(month / 12), month % 12) / 1_000);
}
