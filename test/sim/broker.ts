/**
 * The broker: the stream READINGS, the buckets of checkpoints and leases, the stream REJECTED.
 *
 * Boundary: state of the servers, and the ports through which a process reaches it.
 */
import type { Reject } from '../../src/actors/rejects.ts';
import type { Clock } from '../../src/model/clock.ts';
import { type CheckpointBucket, type StoredValue, WrongRevision } from '../../src/runtime/checkpoint-bucket.ts';
import type { LeaseBucket, LeaseEntry } from '../../src/runtime/membership/lease-bucket.ts';
import type {
  MessageSource,
  RejectSink,
  SourceListener,
  StreamHistory,
  DeliveredMessage,
} from '../../src/runtime/ports.ts';
import type { SourceSequence } from '../../src/model/reading.ts';
import { parseSourceSequence } from '../../src/runtime/decode/source-sequence-header.ts';
import { SubjectTable } from '../../src/runtime/delivery/subject-table.ts';
import { type Server, Unanswered } from './network.ts';
import type { Life, World } from './world.ts';

/** As it is stored: subject and header are texts. */
type StoredMessage = Omit<DeliveredMessage, 'subject' | 'sourceSequence'> & {
  readonly subject: string;
  readonly sourceSequence: string | null;
};

export class Stream {
  readonly messages: StoredMessage[] = [];

  append(message: Omit<StoredMessage, 'sequence'>): void {
    this.messages.push({ ...message, sequence: this.messages.length + 1 });
  }

  history(server: Server, life: Life): StreamHistory {
    return {
      bounds: () => server.call(life, () => ({ firstSequence: 1, lastSequence: this.messages.length })),
      receivedMs: (sequence) => server.call(life, () => this.messages[sequence - 1]?.receivedMs ?? null),
      gone: () => server.call(life, () => []),
      passes: (error) => error instanceof Unanswered,
    };
  }
}

const PULL_MS_MAX = 180;
const BATCH_MAX = 12;
/** A consumer that is made again may hand out once more what it had handed out. */
const AGAIN_SHARE = 0.02;
const AGAIN_MESSAGES_MAX = 8;
/** Few, so that some are forgotten meanwhile. */
const SUBJECTS_KNOWN = 4;

/** Delivers in stream order, in batches, sometimes again; says that nothing is pending only when nothing is. */
export class SimSource implements MessageSource {
  readonly #world: World;
  readonly #server: Server;
  readonly #life: Life;
  readonly #stream: Stream;
  readonly #partitions: ReadonlySet<number>;
  readonly #subjects = new SubjectTable(SUBJECTS_KNOWN);
  #next = 1;
  #from = 1;
  #isPaused = false;
  #isStopped = false;
  #listener: SourceListener | null = null;

  constructor(world: World, server: Server, life: Life, stream: Stream, partitions: readonly number[]) {
    this.#world = world;
    this.#server = server;
    this.#life = life;
    this.#stream = stream;
    this.#partitions = new Set(partitions);
  }

  get backlog(): number {
    return this.#stream.messages.length + 1 - this.#next;
  }

  get isReading(): boolean {
    return !this.#server.isAway && !this.#life.isCutOff;
  }

  start(fromSequence: number, listener: SourceListener): Promise<void> {
    this.#next = fromSequence;
    this.#from = fromSequence;
    this.#listener = listener;
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
      if (!this.#isPaused && !this.#server.isAway && !this.#life.isCutOff) this.#pull();
      this.#pullLater();
    });
  }

  #pull(): void {
    const { random } = this.#world;
    if (random.chance(AGAIN_SHARE)) this.#next = Math.max(this.#from, this.#next - random.whole(1, AGAIN_MESSAGES_MAX));
    const batch = this.#stream.messages.slice(this.#next - 1, this.#next - 1 + random.whole(1, BATCH_MAX));
    for (const message of batch) {
      this.#next = message.sequence + 1;
      const subject = this.#subjects.ofText(message.subject);
      if (this.#partitions.has(subject.partition))
        this.#listener?.onMessage({ ...message, subject, sourceSequence: sequenceOf(message) });
    }
    if (this.backlog > 0) return;
    this.#listener?.onIdle(this.#world.nowMs);
    if (random.chance(0.1)) this.#listener?.onPassed(this.#stream.messages.length, 0);
  }
}

function sequenceOf({ sourceSequence }: StoredMessage): SourceSequence | 'malformed' | null {
  return sourceSequence === null ? null : parseSourceSequence(sourceSequence);
}

export function partitionOf(subject: string): number {
  return Number(subject.slice(subject.indexOf('.') + 1, subject.indexOf('.', subject.indexOf('.') + 1)));
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

const NEWS_MS_MAX = 60;
const SLOW_NEWS_SHARE = 0.02;
const SLOW_NEWS_MS_MAX = 1_500;

/** Members and leases. A watch is told late and in order, and hears nothing more once the broker has been away. */
export class Leases {
  readonly #world: World;
  readonly #entries = new Map<string, LeaseEntry>();
  #watches: { readonly life: Life; readonly tell: (entry: LeaseEntry) => void }[] = [];
  #revision = 0;

  constructor(world: World) {
    this.#world = world;
  }

  connect(server: Server, life: Life): LeaseBucket {
    const revisionOf = (key: string): number => {
      const entry = this.#entries.get(key);
      return entry === undefined || entry.value === null ? 0 : entry.revision;
    };
    return {
      swap: (key, value, expected) =>
        server.call(life, () => {
          if (revisionOf(key) !== expected) throw new WrongRevision(key);
          return this.#set(key, value);
        }),
      remove: (key, expected) =>
        server.call(life, () => {
          if (revisionOf(key) !== expected) throw new WrongRevision(key);
          this.#set(key, null);
        }),
      watch: (onEntry) => server.call(life, () => this.#watch(server, life, onEntry)),
    };
  }

  /** As without a look at the revision. */
  overwrite(key: string, value: Uint8Array | null): number {
    return this.#set(key, value);
  }

  #watch(server: Server, life: Life, onEntry: (entry: LeaseEntry) => void): { stop(): void } {
    let lastMs = this.#world.nowMs;
    let isOpen = true;
    const tell = (entry: LeaseEntry): void => {
      if (server.isAway || life.isCutOff) isOpen = false;
      if (!isOpen) return;
      // In order: none before the one before it.
      const { random } = this.#world;
      const delayMs = random.whole(1, random.chance(SLOW_NEWS_SHARE) ? SLOW_NEWS_MS_MAX : NEWS_MS_MAX);
      lastMs = Math.max(lastMs, this.#world.nowMs + delayMs);
      life.in(lastMs - this.#world.nowMs, () => {
        if (isOpen) onEntry(entry);
      });
    };
    for (const entry of [...this.#entries.values()].sort((a, b) => a.revision - b.revision)) tell(entry);
    this.#watches.push({ life, tell });
    return { stop: () => void (isOpen = false) };
  }

  #set(key: string, value: Uint8Array | null): number {
    this.#revision += 1;
    const entry: LeaseEntry = { key, value, revision: this.#revision };
    this.#entries.set(key, entry);
    this.#watches = this.#watches.filter(({ life }) => !life.isDead);
    for (const { tell } of this.#watches) tell(entry);
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
