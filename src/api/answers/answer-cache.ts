/**
 * Answers to hot questions: kept while they are certain to hold, and asked once where many ask at the same time.
 *
 * Boundary: bytes by key, in this process, bounded in bytes. Knows nothing of HTTP.
 * How bytes lie in the heap: kept-bytes.ts.
 * An answer is kept only where all its hours are final, and given again only while no block was sealed or confirmed
 * since (`version`), and for ANSWER_AGE_MS_MAX at most: so a correction is seen when it is confirmed, and an insert
 * whose confirmation is still under way a few seconds later. Where nothing was under way when it was read (`isSettled`), and nothing
 * beneath it is kept, it holds for SETTLED_AGE_MS, also while a watch stands still. Open hours are never kept. What a reader keeps
 * beneath (../kept-for-moments.ts) comes on top of that age.
 * A long answer is kept when its question is asked again.
 * A question joins another only of the same version, so that who has just flushed reads what it flushed.
 */
import { getHeapStatistics } from 'node:v8';
import { LRUCache } from 'lru-cache';
import {
  ANSWER_AGE_MS_MAX,
  ANSWER_AT_ONCE_BYTES_MAX,
  ANSWER_BYTES_MAX,
  ANSWER_CACHE_BYTES_MAX,
  ANSWER_CACHE_HEAP_PART,
  ANSWERS_GIVEN_MAX,
  SETTLED_AGE_MS,
} from '../../model/limits.ts';
import { KeptBytes } from './kept-bytes.ts';

export interface Answer {
  readonly body: Buffer<ArrayBuffer>;
  /** Absent: JSON. */
  readonly type?: string;
  /** Of the body: equal bodies have equal ones. */
  readonly revision: string;
  readonly headers: Readonly<Record<string, string>>;
  /** All hours that it speaks of are final. */
  readonly isFinal: boolean;
  /** It was read from the tables as a whole, and says nothing else: it is the same while they are. */
  readonly isOfTables?: boolean;
}

/** `kept`: given again; `joined`: another asked the same at the same time; `read`: the database was asked. */
export type AnswerOutcome = 'kept' | 'joined' | 'read';

export interface AnswerCacheDeps {
  /** See {@link AnswerCache}; null: no answer is kept. */
  readonly version: (() => number) | null;
  /** No block waits for the database. */
  readonly isSettled: () => boolean;
  readonly monotonicMs: () => number;
  readonly onAnswer: (outcome: AnswerOutcome) => void;
}

interface Kept {
  readonly answer: Omit<Answer, 'body'>;
  readonly body: KeptBytes;
  readonly version: number;
  readonly untilMs: number;
}

export class AnswerCache {
  readonly #deps: AnswerCacheDeps;
  readonly #kept = new LRUCache<string, Kept>({
    maxSize: Math.floor(Math.min(ANSWER_CACHE_BYTES_MAX, getHeapStatistics().heap_size_limit * ANSWER_CACHE_HEAP_PART)),
    maxEntrySize: ANSWER_BYTES_MAX,
    sizeCalculation: ({ body }, key) => body.length + 2 * key.length + 512,
  });
  readonly #reading = new Map<string, Promise<Answer>>();
  /** Keys of long answers. */
  readonly #given = new LRUCache<string, true>({ max: ANSWERS_GIVEN_MAX });
  #flushes = 0;

  constructor(deps: AnswerCacheDeps) {
    this.#deps = deps;
  }

  get flushes(): number {
    return this.#flushes;
  }

  /** Forgets everything: rows were written on somebody's word, and the watch on them may be a moment behind. */
  clear(): void {
    this.#flushes++;
    this.#kept.clear();
  }

  /** Blocks sealed or confirmed so far, and flushes asked for here: what was read under another number may be out of date. */
  get version(): number {
    return (this.#deps.version?.() ?? 0) + this.#flushes;
  }

  async get(key: string, read: () => Promise<Answer>): Promise<Answer> {
    const { version: versionOf, isSettled, monotonicMs, onAnswer } = this.#deps;
    const { version } = this;
    const kept = this.#kept.get(key);
    if (kept?.version === version && monotonicMs() < kept.untilMs) {
      onAnswer('kept');
      return { ...kept.answer, body: kept.body.toBytes() };
    }
    const flight = `${String(version)} ${key}`;
    const joined = this.#reading.get(flight);
    if (joined !== undefined) {
      onAnswer('joined');
      return joined;
    }
    onAnswer('read');
    // Counted from before the database is asked: what changes meanwhile is newer than the answer.
    const [readMs, wasSettled] = [monotonicMs(), isSettled()];
    const reading = read().finally(() => this.#reading.delete(flight));
    this.#reading.set(flight, reading);
    const answer = await reading;
    if (answer.isFinal && versionOf !== null) {
      const ageMsMax = wasSettled && answer.isOfTables === true ? SETTLED_AGE_MS : ANSWER_AGE_MS_MAX;
      const { body, ...rest } = answer;
      if (this.#isToBeKept(key, body.length))
        this.#kept.set(key, { answer: rest, body: new KeptBytes(body), version, untilMs: readMs + ageMsMax });
    }
    return answer;
  }

  #isToBeKept(key: string, bytes: number): boolean {
    if (bytes <= ANSWER_AT_ONCE_BYTES_MAX || bytes > ANSWER_BYTES_MAX) return bytes <= ANSWER_BYTES_MAX;
    const wasGiven = this.#given.get(key) === true;
    this.#given.set(key, true);
    return wasGiven;
  }
}
