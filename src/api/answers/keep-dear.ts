/**
 * Answers that are dear to make: one question to the database, for everybody who asks meanwhile.
 *
 * Job: asks once for all who ask at a time; what took long is given again for as long as {@link DEAR_REST_FACTOR} times what
 * it took, so that those who ask take a bounded part of the database; it is asked for again before that is over, so that
 * nobody waits where somebody always asks. Boundary: a question, and what it took; that an answer
 * may be so old is for whoever wraps it to say. Errors are not kept.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../model/clock.ts';
import { DEAR_FRESH_PART, DEAR_QUESTIONS_MAX, DEAR_REST_FACTOR } from '../../model/limits.ts';

/** In ms. */
export interface Dear {
  /** What takes less is asked for each time. */
  readonly fromMs: number;
  /** Longest rest. */
  readonly restMsMax: number;
}

type Ticks = Pick<Clock, 'monotonicMs'>;

/** Of many questions by name, the last {@link DEAR_QUESTIONS_MAX} that were asked. */
export function keepDearEach<Ask, T>(
  clock: Ticks,
  dear: Dear,
  ask: (of: Ask) => Promise<T>,
): (name: string, of: Ask) => Promise<T> {
  const each = new LRUCache<string, () => Promise<T>>({ max: DEAR_QUESTIONS_MAX });
  return (name, of) => {
    const known = each.get(name) ?? keepDear(clock, dear, () => ask(of));
    each.set(name, known);
    return known();
  };
}

export function keepDear<T>(clock: Ticks, { fromMs, restMsMax }: Dear, ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | null = null;
  let kept: { answer: T; freshUntilMs: number; untilMs: number } | null = null;
  const askNow = async (): Promise<T> => {
    const startMs = clock.monotonicMs();
    try {
      const answer = await ask();
      const endMs = clock.monotonicMs();
      const tookMs = endMs - startMs;
      const restMs = Math.min(restMsMax, tookMs * DEAR_REST_FACTOR);
      kept =
        tookMs < fromMs ? null : { answer, freshUntilMs: endMs + restMs * DEAR_FRESH_PART, untilMs: endMs + restMs };
      return answer;
    } finally {
      asked = null;
    }
  };
  return () => {
    const nowMs = clock.monotonicMs();
    if (kept === null || nowMs >= kept.untilMs) return (asked ??= askNow());
    if (nowMs >= kept.freshUntilMs && asked === null) {
      asked = askNow();
      // Whoever asks when the rest is over hears of it.
      asked.catch(() => undefined);
    }
    return Promise.resolve(kept.answer);
  };
}
