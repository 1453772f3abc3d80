/**
 * Where members and leases are kept: a JetStream KV bucket of small values that everybody watches.
 *
 * Boundary: one attempt a call, no patience: a renewal that is late is worth nothing. The simulation has a bucket of
 * its own. Keys: `member.<name>` (renewed by that member, removed by any once it is silent) and `lease.<partition>`; every write is a
 * compare-and-swap.
 */
import { jetstream } from '@nats-io/jetstream';
import { type KvWatchEntry, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { LEASE_CALL_MS_MAX } from '../../model/limits.ts';
import { WrongRevision } from '../checkpoint-bucket.ts';
import { isWrongRevision } from '../nats-errors.ts';

export const LEASE_BUCKET = 'HOURGLASS_LEASES';

export interface LeaseEntry {
  readonly key: string;
  /** Null where the key was removed. */
  readonly value: Uint8Array | null;
  /** Rises with every change of any key. */
  readonly revision: number;
}

export interface LeaseBucket {
  /** @throws {WrongRevision} where the key has another revision than the expected one (0: there is no such key). */
  swap(key: string, value: Uint8Array, expectedRevision: number): Promise<number>;
  /** @throws {WrongRevision} */
  remove(key: string, expectedRevision: number): Promise<void>;
  /**
   * Hands over the newest entry of every key, in order of revisions, and then every change. May fall silent without a
   * word (a connection that is cut): whoever hears nothing of its own writes watches anew.
   */
  watch(onEntry: (entry: LeaseEntry) => void): Promise<{ stop(): void }>;
}

export async function openLeaseBucket(nc: NatsConnection): Promise<LeaseBucket> {
  const kv = await new Kvm(jetstream(nc, { timeout: LEASE_CALL_MS_MAX })).open(LEASE_BUCKET);
  const swapping = async <T>(key: string, expectedRevision: number, attempt: () => Promise<T>): Promise<T> => {
    try {
      return await attempt();
    } catch (cause) {
      if (isWrongRevision(cause))
        throw new WrongRevision(`${key}: not revision ${String(expectedRevision)}`, { cause });
      throw cause;
    }
  };
  return {
    swap: (key, value, expected) =>
      // An update that expects revision 0 is refused by the library.
      swapping(key, expected, () => (expected === 0 ? kv.create(key, value) : kv.update(key, value, expected))),
    remove: (key, expected) => swapping(key, expected, () => kv.delete(key, { previousSeq: expected })),
    watch: async (onEntry) => {
      const watcher = await kv.watch();
      void handOver(watcher, onEntry);
      return { stop: () => watcher.stop() };
    },
  };
}

async function handOver(watcher: AsyncIterable<KvWatchEntry>, onEntry: (entry: LeaseEntry) => void): Promise<void> {
  try {
    for await (const { key, operation, value, revision } of watcher)
      onEntry({ key, value: operation === 'PUT' ? value : null, revision });
  } catch {
    // The connection has ended: the keeper hears no echo and watches anew.
  }
}
