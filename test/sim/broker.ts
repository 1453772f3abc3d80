/**
 * The broker: the stream READINGS, the checkpoint bucket, the stream REJECTED.
 *
 * Boundary: state of the servers, and the ports through which a process reaches it.
 */
import type { Reject } from '../../src/actors/rejects.ts';
import type { Clock } from '../../src/model/clock.ts';
import { type CheckpointBucket, type StoredValue, WrongRevision } from '../../src/runtime/checkpoint-bucket.ts';
import type { DeliveredMessage, MessageSource, RejectSink, StreamHistory } from '../../src/runtime/ports.ts';
import { type Server, Unanswered } from './network.ts';
import type { Life, World } from './world.ts';

export class Stream {
  readonly messages: DeliveredMessage[] = [];

  append(message: Omit<DeliveredMessage, 'sequence'>): void {
    this.messages.push({ ...message, sequence: this.messages.length + 1 });
  }

  history(server: Server, life: Life): StreamHistory {
    return {
      bounds: () => server.call(life, () => ({ firstSequence: 1, lastSequence: this.messages.length })),
      receivedMs: (sequence) => server.call(life, () => this.messages[sequence - 1]?.receivedMs ?? null),
      passes: (error) => error instanceof Unanswered,
    };
  }
}

const PULL_MS_MAX = 120;
const BATCH_MAX = 12;
/** A consumer that is made again may hand out once more what it had handed out. */
const AGAIN_SHARE = 0.02;
const AGAIN_MESSAGES_MAX = 8;

/** Delivers in stream order, in batches, sometimes again; says that nothing is pending only when nothing is. */
export class SimSource implements MessageSource {
  readonly #world: World;
  readonly #server: Server;
  readonly #life: Life;
  readonly #stream: Stream;
  #next = 1;
  #from = 1;
  #isPaused = false;
  #isStopped = false;
  #onMessage: (message: DeliveredMessage) => void = () => undefined;
  #onIdle: (frontierMs: number) => void = () => undefined;

  constructor(world: World, server: Server, life: Life, stream: Stream) {
    this.#world = world;
    this.#server = server;
    this.#life = life;
    this.#stream = stream;
  }

  get backlog(): number {
    return this.#stream.messages.length + 1 - this.#next;
  }

  start(
    fromSequence: number,
    onMessage: (message: DeliveredMessage) => void,
    onIdle: (frontierMs: number) => void,
  ): Promise<void> {
    this.#next = fromSequence;
    this.#from = fromSequence;
    this.#onMessage = onMessage;
    this.#onIdle = onIdle;
    this.#pullLater();
    return Promise.resolve();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
  }

  stop(): Promise<void> {
    this.#isStopped = true;
    return Promise.resolve();
  }

  #pullLater(): void {
    this.#life.in(this.#world.random.whole(1, PULL_MS_MAX), () => {
      if (this.#isStopped) return;
      if (!this.#isPaused && !this.#server.isAway) this.#pull();
      this.#pullLater();
    });
  }

  #pull(): void {
    const { random } = this.#world;
    if (random.chance(AGAIN_SHARE)) this.#next = Math.max(this.#from, this.#next - random.whole(1, AGAIN_MESSAGES_MAX));
    const batch = this.#stream.messages.slice(this.#next - 1, this.#next - 1 + random.whole(1, BATCH_MAX));
    for (const message of batch) {
      this.#next = message.sequence + 1;
      this.#onMessage(message);
    }
    if (this.backlog === 0) this.#onIdle(this.#world.nowMs);
  }
}

export class Bucket {
  readonly values = new Map<string, StoredValue>();
  #revision = 0;

  connect(server: Server, life: Life): CheckpointBucket {
    return {
      get: (key) => server.call(life, () => this.values.get(key) ?? null),
      put: (key, value) => server.call(life, () => void this.#set(key, value)),
      swap: (key, value, expected) =>
        server.call(life, () => {
          if ((this.values.get(key)?.revision ?? 0) !== expected) throw new WrongRevision(key);
          return this.#set(key, value);
        }),
      keys: (prefix) => server.call(life, () => [...this.values.keys()].filter((key) => key.startsWith(prefix))),
      purge: (prefix) =>
        server.call(life, () => {
          for (const key of this.values.keys()) if (key.startsWith(prefix)) this.values.delete(key);
        }),
      passes: (error) => error instanceof Unanswered,
    };
  }

  copy(): Bucket {
    const copy = new Bucket();
    for (const [key, stored] of this.values) copy.values.set(key, stored);
    return copy;
  }

  /** A restored stream is another one: revisions go on rising, so that no process of before can swap. */
  putBack(copy: Bucket): void {
    this.values.clear();
    for (const [key, { value }] of copy.values) this.#set(key, value);
  }

  /** As a fence that is missing would. */
  overwrite(key: string, value: Uint8Array): number {
    return this.#set(key, value);
  }

  #set(key: string, value: Uint8Array): number {
    this.#revision += 1;
    this.values.set(key, { value: value.slice(), revision: this.#revision });
    return this.#revision;
  }
}

/** What has reached the stream REJECTED: `<stream sequence> <reason> <part>`. */
export class Rejected {
  readonly found = new Set<string>();

  connect(server: Server, life: Life): RejectSink {
    const clock = life.clock();
    return {
      send: async (rejects) => {
        for (const reject of rejects) await this.#send(server, life, clock, reject);
      },
    };
  }

  async #send(server: Server, life: Life, clock: Clock, { sequence, reason, part }: Reject): Promise<void> {
    for (;;) {
      try {
        await server.call(life, () => this.found.add(`${String(sequence)} ${reason} ${String(part)}`));
        return;
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        await clock.sleep(250);
      }
    }
  }
}
