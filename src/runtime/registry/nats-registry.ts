/**
 * The registry: a JetStream key-value bucket, watched into memory.
 *
 * Job: answers from memory; writes to the bucket and, once they are acknowledged, to memory, so that whoever writes reads it
 * at once. What others write comes with the watch, within milliseconds.
 * Boundary: entries are src/model/registry.ts, the index is registry-index.ts. What is in the bucket and is no entry of ours
 * is passed over and said once in the log.
 * Delivery guarantees: a write without an answer may have been carried out; writing it again changes nothing more.
 */
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { type KV, type KvWatchEntry, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../../model/clock.ts';
import { EnvironmentError, RegistryConflict } from '../../model/errors.ts';
import { REGISTRY_CHECK_INTERVAL_MS, REGISTRY_ENTRIES_MAX, REGISTRY_WRITES_IN_FLIGHT_MAX } from '../../model/limits.ts';
import type { Log } from '../../model/log.ts';
import {
  bucketKey,
  decodeEntry,
  encodeEntry,
  REGISTRY_BUCKET,
  REGISTRY_NOTE_PREFIX,
  type Registered,
  type RegistryEntry,
  type RegistryKey,
} from '../../model/registry.ts';
import { isWrongRevision } from '../nats-errors.ts';
import { RegistryIndex } from './registry-index.ts';

/** Wait before a watch that has ended is begun anew. */
const WATCH_AGAIN_MS = 1_000;

export class NatsRegistry extends RegistryIndex {
  readonly #kv: KV;
  readonly #jsm: JetStreamManager;
  readonly #clock: Clock;
  readonly #log: Pick<Log, 'warn'>;
  readonly #closing = new AbortController();
  readonly #passedOver = new Set<string>();
  #watch: { stop(): void } | null = null;
  /** Revision of the newest change that the watch has told of. */
  #heard = 0;
  #ending: Promise<unknown> = Promise.resolve();

  private constructor(kv: KV, jsm: JetStreamManager, clock: Clock, log: Pick<Log, 'warn'>) {
    super();
    this.#kv = kv;
    this.#jsm = jsm;
    this.#clock = clock;
    this.#log = log;
  }

  /** Resolves when everything that is in the bucket is in memory. @throws {EnvironmentError} where there is no bucket. */
  static async open(nc: NatsConnection, clock: Clock, log: Pick<Log, 'warn'>): Promise<NatsRegistry> {
    const kv = await new Kvm(nc).open(REGISTRY_BUCKET);
    const jsm = await jetstreamManager(nc, { checkAPI: false });
    const registry = new NatsRegistry(kv, jsm, clock, log);
    let values: number;
    try {
      ({ values } = await kv.status());
    } catch (cause) {
      throw new EnvironmentError(`the bucket ${REGISTRY_BUCKET} is not there`, 'Run `hourglass migrate` first.', {
        retry: true,
        cause,
      });
    }
    await new Promise<void>((resolve) => {
      if (values === 0) resolve();
      registry.#ending = Promise.all([registry.#follow(resolve), registry.#mind()]);
    });
    return registry;
  }

  /**
   * @param expected undefined: whatever is there; null: nothing may be there; a number: what is there has this revision.
   * @returns the entry's new revision.
   * @throws {RegistryConflict} where it is not as expected. @throws {EnvironmentError} where the broker does not answer, or
   * the registry is full.
   */
  async write(entry: RegistryEntry, expected?: number | null): Promise<number> {
    const key = bucketKey(entry);
    if (this.find(entry) === null && this.size >= REGISTRY_ENTRIES_MAX) {
      throw new EnvironmentError(
        `the registry is full: it has ${String(REGISTRY_ENTRIES_MAX)} entries`,
        'Remove what is not needed any more.',
      );
    }
    const value = encodeEntry(entry);
    const revision = await attempt(key, () =>
      expected === undefined
        ? this.#kv.put(key, value)
        : expected === null
          ? this.#kv.create(key, value)
          : this.#kv.update(key, value, expected),
    );
    this.put(entry, revision);
    return revision;
  }

  /** Writes all, whatever is there; where the broker fails, some may have been written. @throws as {@link write}. */
  async writeAll(entries: readonly RegistryEntry[]): Promise<void> {
    const waiting = entries.values();
    const writer = async (): Promise<void> => {
      for (const entry of waiting) await this.write(entry);
    };
    const writers = Math.min(entries.length, REGISTRY_WRITES_IN_FLIGHT_MAX);
    await Promise.all(Array.from({ length: writers }, writer));
  }

  /**
   * Removes what is there.
   * @param expected its revision.
   * @throws {RegistryConflict} where it has another one by now. @throws {EnvironmentError}
   */
  async erase(key: RegistryKey, expected: Registered['revision']): Promise<void> {
    const name = bucketKey(key);
    await attempt(name, () => this.#kv.delete(name, { previousSeq: expected }));
    this.remove(name, expected);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#watch?.stop();
    await this.#ending;
  }

  /** Hears every change until it is closed; begins anew where a watch ends. */
  async #follow(onComplete: () => void): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        const watcher = await this.#kv.watch();
        this.#watch = watcher;
        // It may have been closed while the watch began.
        if (signal.aborted) watcher.stop();
        for await (const change of watcher) {
          this.#take(change);
          if (change.delta === 0) onComplete();
        }
      } catch {
        // The connection has ended or is being made anew.
      }
      await this.#clock.sleep(WATCH_AGAIN_MS, signal);
    }
  }

  #take({ key, operation, value, revision }: KvWatchEntry): void {
    this.#heard = Math.max(this.#heard, revision);
    if (key.startsWith(REGISTRY_NOTE_PREFIX)) return;
    if (operation !== 'PUT') {
      this.remove(key, revision);
      return;
    }
    try {
      this.put(decodeEntry(value), revision);
    } catch {
      if (this.#passedOver.has(key)) return;
      this.#passedOver.add(key);
      this.#log.warn(
        `registry: ${key} in the bucket ${REGISTRY_BUCKET} is no entry of this version; it is passed over`,
      );
    }
  }

  /** A watch can fall silent for good after the broker was away: what is in the bucket and was not heard in time tells. */
  async #mind(): Promise<void> {
    const { signal } = this.#closing;
    let missing = 0;
    while (!signal.aborted) {
      await this.#clock.sleep(REGISTRY_CHECK_INTERVAL_MS, signal);
      const newest = await this.#newestRevision();
      if (missing > this.#heard) this.#watch?.stop();
      missing = newest > this.#heard ? newest : 0;
    }
  }

  async #newestRevision(): Promise<number> {
    try {
      return (await this.#jsm.streams.info(`KV_${REGISTRY_BUCKET}`)).state.last_seq;
    } catch {
      return 0;
    }
  }
}

async function attempt<Result>(key: string, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (cause) {
    if (isWrongRevision(cause)) throw new RegistryConflict(key, cause);
    throw new EnvironmentError('the broker has not acknowledged the change of the registry', 'Send it again.', {
      retry: true,
      cause,
    });
  }
}
