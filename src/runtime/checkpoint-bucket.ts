/**
 * Keys, bytes and revisions in a JetStream KV bucket: what a checkpoint store needs of the broker, and no more.
 *
 * Boundary: one attempt a call; whether to try again is the store's. The simulation has a bucket of its own.
 */
import { jetstreamManager } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { isWrongRevision, passesByItself } from './nats-errors.ts';

export const CHECKPOINT_BUCKET = 'HOURGLASS';

export interface StoredValue {
  readonly value: Uint8Array;
  readonly revision: number;
}

export interface CheckpointBucket {
  /** The newest value, never a stale one; null where there is none. */
  get(key: string): Promise<StoredValue | null>;
  put(key: string, value: Uint8Array): Promise<void>;
  /**
   * Replaces the value where its revision is the expected one (0: there is none).
   * @throws {WrongRevision} where it is another one.
   */
  swap(key: string, value: Uint8Array, expectedRevision: number): Promise<number>;
  keys(prefix: string): Promise<string[]>;
  /** Removes every key that begins with the prefix, without a trace. */
  purge(prefix: string): Promise<void>;
  /** True where an error says nothing about what became of the call, and the call may be made again. */
  passes(error: unknown): boolean;
}

/** The revision was another one: somebody else has written, or we have and were not told. */
export class WrongRevision extends Error {
  override readonly name = 'WrongRevision';
}

export async function openNatsBucket(nc: NatsConnection): Promise<CheckpointBucket> {
  const kv: KV = await new Kvm(nc).open(CHECKPOINT_BUCKET);
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const stream = `KV_${CHECKPOINT_BUCKET}`;
  const subject = `$KV.${CHECKPOINT_BUCKET}.`;
  return {
    get: (key) => kv.get(key),
    put: async (key, value) => {
      await kv.put(key, value);
    },
    swap: async (key, value, expectedRevision) => {
      try {
        // An update that expects revision 0 is refused by the library.
        return await (expectedRevision === 0 ? kv.create(key, value) : kv.update(key, value, expectedRevision));
      } catch (cause) {
        if (isWrongRevision(cause))
          throw new WrongRevision(`${key}: not revision ${String(expectedRevision)}`, { cause });
        throw cause;
      }
    },
    keys: async (prefix) => {
      const info = await jsm.streams.info(stream, { subjects_filter: `${subject}${prefix}>` });
      return Object.keys(info.state.subjects ?? {}).map((found) => found.slice(subject.length));
    },
    purge: async (prefix) => {
      await jsm.streams.purge(stream, { filter: `${subject}${prefix}>` });
    },
    passes: (error) => passesByItself(error) && !nc.isClosed(),
  };
}
