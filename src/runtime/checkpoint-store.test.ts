/** Checkpoints in the real broker; what may go wrong with a single call stands between the store and the bucket. */
import { randomBytes } from 'node:crypto';
import type { NatsConnection } from '@nats-io/transport-node';
import { TimeoutError } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestBroker } from '../../test/support/nats.ts';
import { systemClock } from '../model/clock.ts';
import { readConfig } from '../model/config.ts';
import { CheckpointCorrupt, FenceLost } from '../model/errors.ts';
import { CHECKPOINT_CHUNK_BYTES_MAX } from '../model/limits.ts';
import { type CheckpointBucket, openNatsBucket } from './checkpoint-bucket.ts';
import { KvCheckpointStore } from './checkpoint-store.ts';
import { connectNats } from './connections.ts';
import { type Manifest, MANIFEST_VERSION } from './manifest.ts';
import { ensureTopology } from './topology.ts';

let broker: TestBroker;
let nc: NatsConnection;
let bucket: CheckpointBucket;
let store: KvCheckpointStore;
let partition = 0;
beforeAll(async () => {
  broker = await TestBroker.start();
  nc = await connectNats(broker.url, 'test');
  await ensureTopology(nc, readConfig({}));
  bucket = await openNatsBucket(nc);
  store = new KvCheckpointStore(bucket, systemClock);
});
afterAll(async () => {
  await nc.close();
  await broker.stop();
});

const manifest = (attempt: string, epoch = 1): Manifest => ({
  version: MANIFEST_VERSION,
  partition,
  incarnation: 1,
  epoch,
  attempt,
  owner: attempt,
  committedMs: 0,
  state: null,
  generation: 0,
  segments: [],
  windows: null,
  sessions: null,
  rejects: null,
  blocks: [],
  lost: [],
});

/** The store, on a bucket whose next swap loses its answer: carried out or not. */
function losingOneAnswer(isCarriedOut: boolean): KvCheckpointStore {
  let isLost = false;
  return new KvCheckpointStore(
    {
      ...bucket,
      swap: async (...call) => {
        if (isLost) return await bucket.swap(...call);
        isLost = true;
        if (isCarriedOut) await bucket.swap(...call);
        throw new TimeoutError();
      },
    },
    systemClock,
  );
}

describe('invariant 3: a swap', () => {
  it('is a fence: of two at one revision, one loses', async () => {
    partition = 1;
    const revision = await store.swap(manifest('first'), 0);
    await expect(store.swap(manifest('late claim'), 0)).rejects.toThrow('belongs to first');
    const results = await Promise.allSettled(['a', 'b', 'c'].map((owner) => store.swap(manifest(owner, 2), revision)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(FenceLost);
  });

  it.each([true, false])('without an answer is not a failed swap (carried out: %s)', async (isCarriedOut) => {
    partition = isCarriedOut ? 2 : 3;
    const first = await store.swap(manifest('first'), 0);
    const second = await losingOneAnswer(isCarriedOut).swap(manifest('second'), first);
    expect((await store.load(partition))?.manifest.attempt).toBe('second');
    await expect(store.swap(manifest('third'), second)).resolves.toBeGreaterThan(second);
  });

  it('whose answer was lost, while another owner of the same epoch committed, has failed', async () => {
    partition = 4;
    const first = await store.swap(manifest('first'), 0);
    await store.swap(manifest('rival', 2), first);
    await expect(losingOneAnswer(false).swap(manifest('second', 2), first)).rejects.toBeInstanceOf(FenceLost);
  });
});

describe('invariant 11: blobs', () => {
  it('of many chunks are read back byte for byte, and a changed or missing chunk is seen', async () => {
    partition = 5;
    const bytes = randomBytes(2 * CHECKPOINT_CHUNK_BYTES_MAX + 17);
    const ref = await store.putBlob(partition, 1, 1, 0, bytes);
    expect(ref.chunks).toBe(3);
    expect(Buffer.from(await store.getBlob(partition, ref)).equals(bytes)).toBe(true);
    const empty = await store.putBlob(partition, 1, 1, 1, new Uint8Array());
    expect(await store.getBlob(partition, empty)).toHaveLength(0);
    await bucket.put('blob.5.1.1.0.1', bytes.subarray(0, CHECKPOINT_CHUNK_BYTES_MAX));
    await expect(store.getBlob(partition, ref)).rejects.toThrow('checksum');
    await bucket.purge('blob.5.1.1.0.');
    await expect(store.getBlob(partition, ref)).rejects.toBeInstanceOf(CheckpointCorrupt);
    expect(await store.getBlob(partition, empty)).toHaveLength(0);
  });

  it('are removed one by one, without touching what begins alike', async () => {
    partition = 6;
    const refs = await Promise.all([1, 10, 11].map((blob) => store.putBlob(partition, 1, 1, blob, Buffer.from('x'))));
    await store.purge(partition, refs.slice(0, 1));
    expect((await bucket.keys('blob.6.')).sort()).toEqual(['blob.6.1.1.10.0', 'blob.6.1.1.11.0']);
  });

  it('that crashed owners left are swept, those of a later owner never', async () => {
    partition = 7;
    const [old, kept, later] = await Promise.all(
      [1, 2, 3].map((epoch) => store.putBlob(partition, epoch, 1, 0, Buffer.from(String(epoch)))),
    );
    await store.sweep(partition, 2, [kept!]);
    await expect(store.getBlob(partition, old!)).rejects.toBeInstanceOf(CheckpointCorrupt);
    expect(Buffer.from(await store.getBlob(partition, kept!)).toString()).toBe('2');
    expect(Buffer.from(await store.getBlob(partition, later!)).toString()).toBe('3');
  });
});

it('a manifest that cannot be read is said as such', async () => {
  await bucket.put('manifest.8', Buffer.from('{}'));
  await expect(store.load(8)).rejects.toBeInstanceOf(CheckpointCorrupt);
  expect(await store.load(9)).toBeNull();
});

it('what an overrun broker has dropped is written again', async () => {
  const narrow = await TestBroker.start('jetstream { max_buffered_msgs: 2 }');
  const connection = await connectNats(narrow.url, 'test');
  try {
    await ensureTopology(connection, readConfig({}));
    const its = await openNatsBucket(connection);
    let dropped = 0;
    const counted: CheckpointBucket = {
      ...its,
      put: async (key, value) => {
        await its.put(key, value).catch((error: unknown) => {
          if (String(error).includes('too many requests')) dropped += 1;
          throw error;
        });
      },
    };
    const bytes = randomBytes(8 * CHECKPOINT_CHUNK_BYTES_MAX);
    const tight = new KvCheckpointStore(counted, systemClock);
    const refs = await Promise.all([1, 2, 3, 4].map((blob) => tight.putBlob(1, 1, 1, blob, bytes)));
    expect(dropped).toBeGreaterThan(0);
    for (const ref of refs) expect(Buffer.from(await tight.getBlob(1, ref)).equals(bytes)).toBe(true);
  } finally {
    await connection.close();
    await narrow.stop();
  }
});
