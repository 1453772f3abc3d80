/**
 * What was read of the tables, given again while they are the same, and for some time after.
 *
 * Job: nothing is read a second time that cannot have changed; what may have is read anew in good time, and whoever asks meanwhile is
 * given what was read before. When rows come after a quiet time, at the end of an hour, nobody waits for all that has got old with them.
 * Boundary: results by question, in this process, bounded in number and age. Where no answer is kept, nothing is kept here.
 * How old: SETTLED_AGE_MS while no rows have come, else `ageMsMaxOf` since it was last known to be what the tables say.
 */
import { LRUCache } from 'lru-cache';
import { KEPT_FIGURES_MAX, SETTLED_AGE_MS } from '../model/limits.ts';
import { inGoodTime } from './in-good-time.ts';
import type { ApiDeps } from './ports.ts';

interface Kept<Result> {
  readonly result: Result;
  /** Of the tables of which it is; null: rows were on their way to them. */
  readonly version: number | null;
  readonly readMs: number;
  /** When it was last known to be what the tables say. */
  trueMs: number;
}

interface Bounds<Result> {
  /** How long a result is given again when it may no longer be true. */
  readonly ageMsMaxOf: (result: Result) => number;
  /** Figures in it. */
  readonly sizeOf: (result: Result) => number;
}

/**
 * @param read what it gives depends on its question alone, which is JSON; `ageing`: what is given again meanwhile, null where somebody
 * waits.
 */
export function keptWhileTrue<Ask extends object, Result extends object>(
  { clock, dataVersion, tablesAreSettled = () => false }: Pick<ApiDeps, 'clock' | 'dataVersion' | 'tablesAreSettled'>,
  { ageMsMaxOf, sizeOf }: Bounds<Result>,
  read: (ask: Ask, ageing: Result | null) => Promise<Result>,
): (ask: Ask) => Promise<Result> {
  if (dataVersion === undefined) return (ask) => read(ask, null);
  const kept = new LRUCache<string, Kept<Result>, { readonly ageing: Result | null }>({
    maxSize: KEPT_FIGURES_MAX,
    sizeCalculation: ({ result }) => sizeOf(result) + 1,
    // Who waits gets what was read, also where it was too much to be kept.
    ignoreFetchAbort: true,
    fetchMethod: async (key, _before, { context: { ageing } }) => {
      // From before the tables are asked: what comes meanwhile is newer than the result.
      const version = tablesAreSettled() ? dataVersion() : null;
      const readMs = clock.monotonicMs();
      return { result: await read(JSON.parse(key) as Ask, ageing), version, readMs, trueMs: readMs };
    },
  });
  /** How long it may still be given again. */
  const leftMsOf = (known: Kept<Result>): number => {
    const nowMs = clock.monotonicMs();
    const ageMsMax = ageMsMaxOf(known.result);
    if (known.version === dataVersion()) known.trueMs = nowMs;
    return Math.min(known.trueMs + ageMsMax, known.readMs + Math.max(ageMsMax, SETTLED_AGE_MS)) - nowMs;
  };
  return async (ask) => {
    const key = JSON.stringify(ask);
    const known = kept.peek(key);
    const options = known === undefined ? NOT_KEPT : inGoodTime(leftMsOf(known), ageMsMaxOf(known.result));
    const ageing = known !== undefined && options.allowStale ? known.result : null;
    return (await kept.forceFetch(key, { ...options, context: { ageing } })).result;
  };
}

const NOT_KEPT = { allowStale: false, forceRefresh: false };
