/**
 * Messages that were in hand when a worker thread failed.
 *
 * Job: counts them in the checkpoint bucket, so that one on which threads fail again and again is not tried for ever: it
 * goes to REJECTED with reason `poison`, and the rest of the stream goes on. Boundary: sequences and counts; the thread's
 * supervisor accuses, the host asks. Invariant: every failure is counted once, or the thread would fail for good, or a
 * message be given up for one failure.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../model/clock.ts';
import { POISON_FAILURES } from '../model/limits.ts';
import { type CheckpointBucket, WrongRevision } from './checkpoint-bucket.ts';

const RETRY_MS = 250;

const suspectSchema = z.object({
  failures: z.number().int(),
  /** Whose the newest of them is, so that one is not counted twice where its answer was lost. */
  accusation: z.string(),
});
type Suspect = z.infer<typeof suspectSchema>;

export class Suspects {
  readonly #bucket: CheckpointBucket;
  readonly #clock: Clock;
  /** Sequences begin anew with every incarnation of the stream. */
  readonly #prefix: string;

  constructor(bucket: CheckpointBucket, clock: Clock, incarnation: number) {
    this.#bucket = bucket;
    this.#clock = clock;
    this.#prefix = `suspect.${String(incarnation)}.`;
  }

  /** A thread failed with this message in hand. Returns how often that has happened. */
  async accuse(sequence: number): Promise<number> {
    const key = `${this.#prefix}${String(sequence)}`;
    const accusation = randomUUID();
    return await this.#patiently(async () => {
      const known = await this.#bucket.get(key);
      const record = known === null ? { failures: 0, accusation: '' } : decode(known.value);
      // Our own, whose answer was lost.
      if (record.accusation === accusation) return record.failures;
      const failures = record.failures + 1;
      const value = utf8Encoder.encode(JSON.stringify({ failures, accusation } satisfies Suspect));
      await this.#bucket.swap(key, value, known?.revision ?? 0);
      return failures;
    });
  }

  /** Sequences of messages that are not to be tried again. */
  async poisonous(): Promise<Set<number>> {
    const keys = await this.#patiently(() => this.#bucket.keys(this.#prefix));
    const poisonous = new Set<number>();
    for (const key of keys) {
      const stored = await this.#patiently(() => this.#bucket.get(key));
      if (stored !== null && decode(stored.value).failures >= POISON_FAILURES)
        poisonous.add(Number(key.slice(this.#prefix.length)));
    }
    return poisonous;
  }

  async #patiently<T>(action: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await action();
      } catch (error) {
        if (!(error instanceof WrongRevision) && !this.#bucket.passes(error)) throw error;
        await this.#clock.sleep(RETRY_MS);
      }
    }
  }
}

function decode(bytes: Uint8Array): Suspect {
  return suspectSchema.parse(JSON.parse(utf8.decode(bytes)));
}

const utf8 = new TextDecoder();
const utf8Encoder = new TextEncoder();

/**
 * The sequence of the message that is being worked on, where other threads can read it after this one has ended.
 *
 * Invariant: set before the actor sees the message, cleared after; so it stays set where the actor throws, hangs or runs
 * out of memory.
 */
export class InHand {
  readonly shared: SharedArrayBuffer;
  readonly #sequence: Float64Array;

  constructor(shared = new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT)) {
    this.shared = shared;
    this.#sequence = new Float64Array(shared);
  }

  /** 0: none. */
  get sequence(): number {
    return this.#sequence[0]!;
  }

  set sequence(sequence: number) {
    this.#sequence[0] = sequence;
  }
}
