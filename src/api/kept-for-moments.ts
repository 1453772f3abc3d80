/**
 * Figures of places as the tables have them, kept for moments, for all who ask at about the same time.
 *
 * Job: they are given again while no rows are on their way to the tables, and read anew in good time; else for OPEN_ANSWER_AGE_S while no
 * block is sealed or confirmed, and what took the database long for as many times as long, whatever comes meanwhile. What takes long and
 * was the tables' until a moment ago is given again while it is read anew: at the end of an hour everybody waited for the places of a city.
 * Boundary: figures by question, in this process, bounded in number and age.
 * Never for another final hour, nor after another flush: what is given again lacks at most corrections, and readings of open hours, of
 * the last seconds. `limits.ts` asserts that a correction is seen in time all the same.
 */
import { LRUCache } from 'lru-cache';
import {
  DEAR_FIGURES_MS,
  DEAR_FIGURES_REST_MS_MAX,
  DEAR_QUESTIONS_MAX,
  KEPT_FIGURES_MAX,
  OPEN_ANSWER_AGE_S,
  SETTLED_AGE_MS,
} from '../model/limits.ts';
import type { AnsweredDeps } from './answers/answers.ts';
import { keepDearEach } from './answers/keep-dear.ts';
import { inGoodTimeOf } from './in-good-time.ts';

/** What was read of a place. */
interface Moment<Row> {
  readonly rows: Row[];
  /** Of the tables of which they are; null: they were on their way to another one. */
  readonly version: number | null;
  readonly tookMs: number;
}

/** @param read its question is JSON. */
export function keptForMoments<Ask extends object, Row>(
  { clock, flushes, tablesAreSettled = () => false }: Pick<AnsweredDeps, 'clock' | 'flushes' | 'tablesAreSettled'>,
  dataVersion: () => number,
  read: (ask: Ask) => Promise<Row[]>,
): (ask: Ask, final: number) => Promise<Row[]> {
  const readMoment = async (ask: Ask): Promise<Moment<Row>> => {
    const version = tablesAreSettled() ? dataVersion() : null;
    const startMs = clock.monotonicMs();
    const rows = await read(ask);
    return { rows, version, tookMs: clock.monotonicMs() - startMs };
  };
  const readDear = keepDearEach(clock, { fromMs: DEAR_FIGURES_MS, restMsMax: DEAR_FIGURES_REST_MS_MAX }, readMoment);
  /** Dear ones, by name, and when they were last known to be the tables'. */
  const known = new LRUCache<string, { moment: Moment<Row>; atMs: number }>({ max: DEAR_QUESTIONS_MAX });
  const kept = new LRUCache<string, Moment<Row>, { name: string; version: number; ask: Ask }>({
    maxSize: KEPT_FIGURES_MAX,
    sizeCalculation: ({ rows }) => rows.length + 1,
    ttlResolution: 0,
    perf: { now: () => clock.monotonicMs() },
    ignoreFetchAbort: true,
    fetchMethod: async (_key, _old, { context: { name, version, ask }, options }) => {
      const reading = readDear(name, ask);
      const before = known.get(name);
      const isRecent = before !== undefined && clock.monotonicMs() - before.atMs < DEAR_FIGURES_REST_MS_MAX;
      if (isRecent && before.moment.version !== version) {
        // Whoever asks when it is too old hears of an error.
        reading.then(() => known.delete(name)).catch(() => undefined);
        options.ttl = OPEN_ANSWER_AGE_S * 1_000;
        return before.moment;
      }
      const moment = await reading;
      options.ttl = moment.version === version ? SETTLED_AGE_MS : OPEN_ANSWER_AGE_S * 1_000;
      return moment;
    },
  });
  return async (ask, final) => {
    const name = JSON.stringify([final, flushes(), ask]);
    const version = dataVersion();
    const key = `${String(version)} ${name}`;
    const context = { name, version, ask };
    const ageMsMaxOf = (moment: Moment<Row>): number => (moment.version === version ? SETTLED_AGE_MS : 0);
    const moment = await kept.forceFetch(key, { context, ...inGoodTimeOf(kept, key, ageMsMaxOf) });
    if (moment.version === version && version === dataVersion() && moment.tookMs >= DEAR_FIGURES_MS)
      known.set(name, { moment, atMs: clock.monotonicMs() });
    return moment.rows;
  };
}
