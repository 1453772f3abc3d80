import { describe, expect, it } from 'vitest';
import { systemClock } from '../model/clock.ts';
import { type CheckpointBucket, type StoredValue, WrongRevision } from './checkpoint-bucket.ts';
import { InHand, Suspects } from './suspects.ts';

/** A bucket in memory whose next answers can be lost. */
function bucketOf(values = new Map<string, StoredValue>()) {
  const lost = { answers: 0 };
  const bucket: CheckpointBucket = {
    get: (key) => Promise.resolve(values.get(key) ?? null),
    put: () => Promise.reject(new Error('not used')),
    swap: (key, value, expected) => {
      const revision = values.get(key)?.revision ?? 0;
      if (revision !== expected) return Promise.reject(new WrongRevision(key));
      values.set(key, { value, revision: revision + 1 });
      return lost.answers-- > 0 ? Promise.reject(new Error('timeout')) : Promise.resolve(revision + 1);
    },
    keys: (prefix) => Promise.resolve([...values.keys()].filter((key) => key.startsWith(prefix))),
    purge: () => Promise.resolve(),
    passes: (error) => error instanceof Error && error.message === 'timeout',
  };
  return { bucket, lost };
}

describe('messages on which threads fail', () => {
  it('one failure may be chance, two are poison', async () => {
    const { bucket } = bucketOf();
    const suspects = new Suspects(bucket, systemClock, 7);
    expect(await suspects.accuse(12)).toBe(1);
    expect(await suspects.poisonous()).toEqual(new Set());
    expect(await suspects.accuse(12)).toBe(2);
    await suspects.accuse(13);
    expect(await suspects.poisonous()).toEqual(new Set([12]));
  });

  it('a failure counts once where the answer is lost', async () => {
    const { bucket, lost } = bucketOf();
    lost.answers = 1;
    expect(await new Suspects(bucket, systemClock, 7).accuse(12)).toBe(1);
  });

  it('both count where two threads accuse at once', async () => {
    const { bucket } = bucketOf();
    const suspects = new Suspects(bucket, systemClock, 7);
    await Promise.all([suspects.accuse(5), suspects.accuse(5)]);
    expect(await suspects.poisonous()).toEqual(new Set([5]));
  });

  it('another incarnation’s sequences are others', async () => {
    const { bucket } = bucketOf();
    const before = new Suspects(bucket, systemClock, 7);
    await before.accuse(12);
    await before.accuse(12);
    expect(await new Suspects(bucket, systemClock, 8).poisonous()).toEqual(new Set());
  });

  it('what is in hand can be read through the shared memory', () => {
    const thread = new InHand();
    thread.sequence = 2 ** 40;
    expect(new InHand(thread.shared).sequence).toBe(2 ** 40);
  });
});
