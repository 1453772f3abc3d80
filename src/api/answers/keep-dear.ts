/**
 * Answers that are dear to make: one question of all tables, for everybody who asks meanwhile.
 *
 * Job: asks once for all who ask at a time; what took long is given again for as long as {@link DEAR_REST_FACTOR} times what
 * it took, so that those who ask every few seconds take a bounded part of the database. Boundary: one question without
 * parameters; the answer says itself when it was read. Errors are not kept.
 */
import type { Clock } from '../../model/clock.ts';
import { DEAR_ANSWER_MS, DEAR_REST_FACTOR } from '../../model/limits.ts';

export function keepDear<T>(clock: Pick<Clock, 'monotonicMs'>, ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | null = null;
  let kept: { answer: T; untilMs: number } | null = null;
  const askNow = async (): Promise<T> => {
    const startMs = clock.monotonicMs();
    try {
      const answer = await ask();
      const endMs = clock.monotonicMs();
      const tookMs = endMs - startMs;
      kept = tookMs < DEAR_ANSWER_MS ? null : { answer, untilMs: endMs + tookMs * DEAR_REST_FACTOR };
      return answer;
    } finally {
      asked = null;
    }
  };
  return () => {
    if (kept !== null && clock.monotonicMs() < kept.untilMs) return Promise.resolve(kept.answer);
    asked ??= askNow();
    return asked;
  };
}
