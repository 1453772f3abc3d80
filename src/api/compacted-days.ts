/**
 * Which days may be read compacted: kept by month for as long as the month's rows are the same.
 *
 * Boundary: the tables' word (queries/compacted.ts), read once for all questions, and anew for months that have changed.
 * How old it may be: as any answer that is given again (kept-months.ts), and COMPACTED_DAYS_AGE_MS_MIN at least, unless somebody has
 * flushed: when an hour ends, a block is sealed or confirmed a hundred times, and none of them is of a day that is over.
 */
import { LRUCache } from 'lru-cache';
import { COMPACTED_DAYS_AGE_MS_MIN } from '../model/limits.ts';
import { keptMonthVersions, monthOfDay } from './kept-months.ts';
import type { ApiDeps } from './ports.ts';
import { type CompactedDay, readCompactedDays } from './queries/compacted.ts';

export interface CompactedDays {
  /** In order, each once: those that have rows. */
  readonly days: readonly CompactedDay[];
  /** A name for what the tables have from one day to another: other rows, another name. */
  nameOf(fromDay: number, toDay: number): string;
}

export type CompactedDaysReader = () => Promise<CompactedDays>;

interface Month {
  readonly version: string;
  readonly days: readonly CompactedDay[];
}

/** @param dataVersion as of keptMonthVersions. @param flushes after another one it is read anew at once. */
export function keptCompactedDays(
  deps: Pick<ApiDeps, 'clickhouse' | 'clock'>,
  dataVersion: () => number,
  flushes: () => number,
): CompactedDaysReader {
  let seen = { version: NaN, flushes: NaN, atMs: -Infinity };
  const versionSeen = (): number => {
    const now = { version: dataVersion(), flushes: flushes(), atMs: deps.clock.monotonicMs() };
    const isOld = now.atMs - seen.atMs >= COMPACTED_DAYS_AGE_MS_MIN;
    if (now.version !== seen.version && (isOld || now.flushes !== seen.flushes)) seen = now;
    return seen.version;
  };
  const versionsOf = keptMonthVersions(deps, versionSeen, ['day_blocks', 'compacted_rollups']);
  let last: ReadonlyMap<number, Month> = new Map();
  const kept = new LRUCache<string, CompactedDays>({
    max: 1,
    ignoreFetchAbort: true,
    fetchMethod: async (key) => {
      const versions = JSON.parse(key) as [month: number, version: string][];
      const before = last;
      const changed = versions.filter(([month, version]) => before.get(month)?.version !== version);
      const read =
        changed.length === 0
          ? []
          : await readCompactedDays(
              deps.clickhouse,
              changed.map(([month]) => month),
            );
      const months = new Map<number, Month>();
      for (const [month, version] of versions) {
        const known = before.get(month);
        const days = known?.version === version ? known.days : read.filter(({ day }) => monthOfDay(day) === month);
        months.set(month, { version, days });
      }
      last = months;
      return daysOf(months);
    },
  });
  return async () => kept.forceFetch(JSON.stringify([...(await versionsOf())].sort(([a], [b]) => a - b)));
}

function daysOf(months: ReadonlyMap<number, Month>): CompactedDays {
  return {
    days: [...months.values()].flatMap(({ days }) => days),
    nameOf: (fromDay, toDay) => {
      const [first, last] = [monthOfDay(fromDay), monthOfDay(toDay)];
      return [...months]
        .filter(([month]) => month >= first && month <= last)
        .map(([month, { version }]) => `${String(month)} ${version}`)
        .join(' ');
    },
  };
}
