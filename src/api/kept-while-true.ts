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
import { type FetchOptions, inGoodTime } from './in-good-time.ts';
import type { ApiDeps } from './ports.ts';

interface Kept<Result> {
  readonly result: Result;
  /** Of the tables of which it is; null: rows were on their way to them. */
  readonly version: number | null;
  readonly readMs: number;
  /** When it was last known to be what the tables say. */
  trueMs: number;
}

interface How<Ask, Result> {
  /** How long a result is given again when it may no longer be true. */
  readonly ageMsMaxOf: (result: Result) => number;
  /** Figures in it. */
  readonly sizeOf: (result: Result) => number;
  /** Asks of one name are given each other's results; absent: those that are alike. */
  readonly nameOf?: (ask: Ask) => string;
  /** Whether the result is this ask's, or only given for it until its own is read; absent: it is. */
  readonly isOf?: (result: Result, ask: Ask) => boolean;
}

export interface KeptReader<Ask, Result> {
  ask(ask: Ask): Promise<Result>;
  /** Before somebody asks: what is read from now on may be handed over as their results. */
  readAhead(): (ask: Ask, result: Result) => void;
}

/**
 * @param read what it gives depends on its question alone; `ageing`: what is given again meanwhile, null where somebody waits.
 */
export function keptWhileTrue<Ask extends object, Result extends object>(
  { clock, dataVersion, tablesAreSettled = () => false }: Pick<ApiDeps, 'clock' | 'dataVersion' | 'tablesAreSettled'>,
  { ageMsMaxOf, sizeOf, nameOf = JSON.stringify, isOf = () => true }: How<Ask, Result>,
  read: (ask: Ask, ageing: Result | null) => Promise<Result>,
): KeptReader<Ask, Result> {
  if (dataVersion === undefined) return { ask: (ask) => read(ask, null), readAhead: () => () => undefined };
  /** From before the tables are asked: what comes meanwhile is newer than the result. */
  const now = (): Omit<Kept<Result>, 'result'> => {
    const readMs = clock.monotonicMs();
    return { version: tablesAreSettled() ? dataVersion() : null, readMs, trueMs: readMs };
  };
  const kept = new LRUCache<string, Kept<Result>, { readonly ask: Ask; readonly ageing: Result | null }>({
    maxSize: KEPT_FIGURES_MAX,
    sizeCalculation: ({ result }) => sizeOf(result) + 1,
    // Who waits gets what was read, also where it was too much to be kept.
    ignoreFetchAbort: true,
    fetchMethod: async (_name, _before, { context: { ask, ageing } }) => {
      const since = now();
      return { ...since, result: await read(ask, ageing) };
    },
  });
  /** How long it may still be given again. */
  const leftMsOf = (known: Kept<Result>): number => {
    const nowMs = clock.monotonicMs();
    const ageMsMax = ageMsMaxOf(known.result);
    if (known.version === dataVersion()) known.trueMs = nowMs;
    return Math.min(known.trueMs + ageMsMax, known.readMs + Math.max(ageMsMax, SETTLED_AGE_MS)) - nowMs;
  };
  const optionsOf = (ask: Ask, known: Kept<Result>): FetchOptions => {
    const options = inGoodTime(leftMsOf(known), ageMsMaxOf(known.result));
    return isOf(known.result, ask) ? options : { ...options, forceRefresh: true };
  };
  return {
    ask: async (ask) => {
      const name = nameOf(ask);
      const known = kept.peek(name);
      const options = known === undefined ? NOT_KEPT : optionsOf(ask, known);
      const ageing = known !== undefined && options.allowStale ? known.result : null;
      return (await kept.forceFetch(name, { ...options, context: { ask, ageing } })).result;
    },
    readAhead: () => {
      const since = now();
      return (ask, result) => {
        const name = nameOf(ask);
        if ((kept.peek(name)?.readMs ?? -Infinity) < since.readMs) kept.set(name, { ...since, result });
      };
    },
  };
}

const NOT_KEPT = { allowStale: false, forceRefresh: false };
