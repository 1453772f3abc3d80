/**
 * Faults that programs of this kind have had, planted between ours and the world: the simulation must find each.
 *
 * Boundary: seams; the program itself is untouched.
 */
import { FenceLost } from '../../src/model/errors.ts';
import type { SealedBlock } from '../../src/actors/outbox.ts';
import { blobKey, decodeManifest, type Manifest } from '../../src/runtime/manifest.ts';
import type { CheckpointStore } from '../../src/runtime/ports.ts';
import type { Bucket } from './broker.ts';
import type { Seams } from './owner.ts';

/** A store that is another one's but for some methods. */
function storeWith(store: CheckpointStore, other: Partial<CheckpointStore>): CheckpointStore {
  return {
    load: (partition) => store.load(partition),
    putBlob: (...blob) => store.putBlob(...blob),
    getBlob: (partition, ref) => store.getBlob(partition, ref),
    swap: (manifest, revision) => store.swap(manifest, revision),
    purge: (partition, refs) => store.purge(partition, refs),
    sweep: (partition, epoch, keep) => store.sweep(partition, epoch, keep),
    ...other,
  };
}

/** Commits something else than it was given. */
function committing(change: (manifest: Manifest) => Manifest): Seams {
  return {
    store: (store) => storeWith(store, { swap: (manifest, revision) => store.swap(change(manifest), revision) }),
  };
}

export const PLANTED_FAULTS: Readonly<Record<string, Seams>> = {
  'acknowledged before it is committed: the position without the windows': committing((manifest) => ({
    ...manifest,
    windows: null,
  })),

  'the windows without the position': committing((manifest) =>
    manifest.state === null
      ? manifest
      : { ...manifest, state: { ...manifest.state, position: Math.max(1, manifest.state.position - 9) } },
  ),

  'a lost outbox': committing((manifest) => ({ ...manifest, blocks: [] })),

  'source sequences that are not in the checkpoint': committing((manifest) => ({ ...manifest, sessions: null })),

  'a watermark that goes back': committing((manifest) =>
    manifest.state === null
      ? manifest
      : {
          ...manifest,
          state: { ...manifest.state, watermarkMs: manifest.state.watermarkMs - (manifest.epoch % 3) * 60_000 },
        },
  ),

  'hours that are final as soon as the watermark has passed them': committing((manifest) =>
    manifest.state === null
      ? manifest
      : { ...manifest, state: { ...manifest.state, finalThroughMs: manifest.state.watermarkMs } },
  ),

  'rows before their checkpoint': {
    store: (store, { database }) => {
      const bytesOf = new Map<string, Uint8Array>();
      return storeWith(store, {
        putBlob: async (partition, epoch, attempt, blob, bytes) => {
          bytesOf.set(blobKey({ epoch, attempt, blob }), bytes.slice());
          return await store.putBlob(partition, epoch, attempt, blob, bytes);
        },
        swap: (manifest, revision) => {
          for (const block of sealedBlocks(manifest, bytesOf)) database.insert([block]);
          return store.swap(manifest, revision);
        },
      });
    },
  },

  'no fence: a swap that does not look at the revision': {
    bucket: (bucket, servers, life) => ({
      ...bucket,
      swap: (key, value) => servers.broker.call(life, () => servers.bucket.overwrite(key, value)),
    }),
  },

  'two owners: a failed swap is tried again at the new revision': {
    store: (store) =>
      storeWith(store, {
        swap: async (manifest, revision) => {
          try {
            return await store.swap(manifest, revision);
          } catch (error) {
            if (!(error instanceof FenceLost)) throw error;
            const current = await store.load(manifest.partition);
            return await store.swap(manifest, current?.revision ?? 0);
          }
        },
      }),
  },

  'a lost reply resolved by the epoch': {
    store: (store) =>
      storeWith(store, {
        swap: async (manifest, revision) => {
          try {
            return await store.swap(manifest, revision);
          } catch (error) {
            const current = await store.load(manifest.partition);
            if (error instanceof FenceLost && current?.manifest.epoch === manifest.epoch) return current.revision;
            throw error;
          }
        },
      }),
  },

  'a failed swap taken for a lost one': {
    bucket: (bucket) => ({
      ...bucket,
      swap: async (key, value, expected) => {
        try {
          return await bucket.swap(key, value, expected);
        } catch (error) {
          const stored = await bucket.get(key);
          if (stored === null || bucket.passes(error)) throw error;
          return stored.revision;
        }
      },
    }),
  },

  'a view that adds a repeated block again': {
    sink: (sink, { db, database }, life) => {
      let inserts = 0;
      return {
        ...sink,
        insert: (blocks) => db.call(life, () => database.insert(blocks, `${life.name}.${String(inserts++)}`)),
      };
    },
  },

  'deduplication within a window of time': {
    sink: (sink, { db, database }, life) => ({
      ...sink,
      insert: (blocks) =>
        db.call(life, () => database.insert(blocks, String(Math.floor(life.clock().nowMs() / 3_000)))),
    }),
  },

  'the owner in the key of a block': {
    sink: (sink, { db, database }, life) => ({
      ...sink,
      insert: (blocks) => db.call(life, () => database.insert(blocks, life.name)),
    }),
  },

  'chunk names that are used again': {
    bucket: (bucket) => {
      const withoutEpoch = (key: string): string => key.replace(/^(blob\.\d+)\.\d+\./, '$1.0.');
      return {
        ...bucket,
        get: (key) => bucket.get(withoutEpoch(key)),
        put: (key, value) => bucket.put(withoutEpoch(key), value),
      };
    },
  },

  'a sweep that does not stop at its own epoch': {
    store: (store) => storeWith(store, { sweep: (partition, _, keep) => store.sweep(partition, Infinity, keep) }),
  },

  'blocks of a lost commit that stay': {
    sink: (sink) => ({
      ...sink,
      deleteBlocks: () => Promise.resolve(),
    }),
  },

  'a delete of lost blocks whose numbers are used again': {
    sink: (sink, { bucket }) => ({
      ...sink,
      highestBlocks: async () => {
        const next = nextBlocks(bucket);
        for (const [partition, toBlock] of await sink.highestBlocks()) {
          const fromBlock = next.get(partition) ?? 1;
          if (toBlock >= fromBlock) await sink.deleteBlocks(partition, { fromBlock, toBlock });
        }
        return new Map();
      },
    }),
  },

  'confirmed before it is inserted': {
    sink: (sink) => ({
      ...sink,
      insert: (blocks) => {
        void sink.insert(blocks).catch(() => undefined);
        return Promise.resolve();
      },
    }),
  },

  'a block that stands twice in one insert': {
    sink: (sink) => ({
      ...sink,
      insert: (blocks) => sink.insert([...blocks, ...blocks.slice(0, 1)]),
    }),
  },

  'a lease that is taken without a look at its revision': {
    leases: (bucket, { broker, leases }, life) => ({
      ...bucket,
      swap: (key, value, expected) =>
        key.startsWith('lease.')
          ? broker.call(life, () => leases.overwrite(key, value))
          : bucket.swap(key, value, expected),
    }),
  },

  'a renewal without a look at whether the member was removed': {
    leases: (bucket, { leases, broker }, life) => ({
      ...bucket,
      swap: (key, value, expected) =>
        key.startsWith('member.')
          ? broker.call(life, () => leases.overwrite(key, value))
          : bucket.swap(key, value, expected),
    }),
  },

  'a renewal that is believed before it is answered': {
    leases: (bucket) => ({
      ...bucket,
      swap: (key, value, expected) => {
        if (!key.startsWith('member.')) return bucket.swap(key, value, expected);
        void bucket.swap(key, value, Math.floor(expected)).catch(() => undefined);
        return Promise.resolve(Math.floor(expected) + 0.5);
      },
    }),
  },

  'a message that makes actors fail, tried for ever': {
    bucket: (bucket) => ({
      ...bucket,
      swap: (key, value, expected) =>
        key.startsWith('suspect.') ? Promise.resolve(1) : bucket.swap(key, value, expected),
    }),
  },

  'entries of the ledger that are not in the checkpoint': committing((manifest) =>
    manifest.state === null ? manifest : { ...manifest, state: { ...manifest.state, ledger: [] } },
  ),

  'the ledger taken for stored before it is': {
    sink: (sink) => ({
      ...sink,
      insertLedger: (rows) => {
        void sink.insertLedger(rows).catch(() => undefined);
        return Promise.resolve();
      },
    }),
  },

  'rejects that are sent once and forgotten': committing((manifest) => ({ ...manifest, rejects: null })),
};

/** By partition, as the committed manifests say now. */
function nextBlocks(bucket: Bucket): Map<number, number> {
  const manifests = [...bucket.values].filter(([key]) => key.startsWith('manifest.'));
  return new Map(
    manifests.map(([, { value }]) => {
      const { partition, state } = decodeManifest(value);
      return [partition, state?.nextBlock ?? 1];
    }),
  );
}

function sealedBlocks(manifest: Manifest, bytesOf: ReadonlyMap<string, Uint8Array>): SealedBlock[] {
  return manifest.blocks.flatMap(({ blob, ...block }) => {
    const bytes = bytesOf.get(blobKey(blob));
    return bytes === undefined ? [] : [{ ...block, bytes }];
  });
}
