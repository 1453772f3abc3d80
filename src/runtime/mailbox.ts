/**
 * The mailbox of a host: what the broker delivers to its partitions, in the order of the stream.
 *
 * Job: one source for all partitions, read from the least position of them; each message to its actor; how far the stream has
 * gone on; a source that stands still is made anew. Boundary: which partitions there are and when reading pauses, the host says; nothing
 * here is sealed or committed.
 * Invariants: 7 (the frontier moves only on the broker's word), 14 (messages that are gone go into the books). Deliveries after
 * {@link Mailbox.abandon} go nowhere: whoever comes next reads them again.
 */
import type { StreamMessage } from '../actors/partition-actor.ts';
import type { Clock } from '../model/clock.ts';
import { PROGRESS_FAIL_MS, PROGRESS_REBUILD_MS } from '../model/limits.ts';
import type { Log } from '../model/log.ts';
import { askHistory, missRanges } from './lost-messages.ts';
import type { PartitionRunner } from './partition-runner.ts';
import type { DeliveredMessage, MessageSource, SequenceRange, StreamHistory } from './ports.ts';
import { ProgressWatch } from './progress-watch.ts';
import type { InHand, Suspects } from './suspects.ts';

export interface MailboxPorts {
  /** A source of the messages of some partitions. */
  readonly source: (partitions: readonly number[]) => MessageSource;
  readonly history: StreamHistory;
  readonly suspects: Suspects;
  readonly inHand: InHand;
  readonly clock: Clock;
  readonly log: Log;
}

export class Mailbox {
  readonly #ports: MailboxPorts;
  readonly #runners: ReadonlyMap<number, PartitionRunner>;
  readonly #fail: (error: unknown) => void;
  readonly #progress = new ProgressWatch();
  #source: MessageSource | null = null;
  /** Sequences of messages on which workers have failed. */
  #poisonous: ReadonlySet<number> = new Set();
  #frontierMs = 0;
  #lastSequence = 0;
  #taken = 0;
  #isPaused = false;
  #isAbandoned = false;

  /**
   * @param runners the host's, by partition: it adds and removes.
   * @param fail called where an actor has thrown, or the stream cannot be read any more.
   */
  constructor(ports: MailboxPorts, runners: ReadonlyMap<number, PartitionRunner>, fail: (error: unknown) => void) {
    this.#ports = ports;
    this.#runners = runners;
    this.#fail = fail;
  }

  /** Messages the broker has delivered. */
  get taken(): number {
    return this.#taken;
  }

  /** Messages that wait in the stream, as far as is known. */
  get backlog(): number {
    return this.#source?.backlog ?? 0;
  }

  /** True while nothing is asked for. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Asks which messages workers have failed on: they are refused from now on. */
  async learnPoison(): Promise<void> {
    this.#poisonous = await this.#ports.suspects.poisonous();
  }

  /**
   * From the least position of all: what a partition has counted already, it passes over. An open mailbox may hand out messages
   * of a partition that came back: it is closed before that partition is among the runners.
   */
  async open(): Promise<void> {
    if (this.#runners.size === 0) return;
    const from = Math.min(...[...this.#runners.values()].map((runner) => runner.actor.position));
    const source = this.#ports.source([...this.#runners.keys()]);
    this.#source = source;
    this.#lastSequence = from - 1;
    this.#frontierMs = 0;
    if (this.#isPaused) source.pause();
    await source.start(from, {
      onMessage: (message) => this.#deliver(message),
      onIdle: (frontierMs) => {
        this.#frontierMs = Math.max(this.#frontierMs, frontierMs);
      },
      onPassed: (sequence, receivedMs) => {
        this.#taken += 1;
        if (sequence > this.#lastSequence) this.#lastSequence = sequence;
        if (receivedMs > this.#frontierMs) this.#frontierMs = receivedMs;
      },
      onRemoved: (range) => void this.#missRemoved(range).catch((error: unknown) => this.#fail(error)),
      onBroken: (error) => this.#fail(error),
    });
  }

  /** Nothing is delivered from now on; resolves when the broker knows. */
  async close(): Promise<void> {
    const source = this.#source;
    this.#source = null;
    await source?.stop();
  }

  /** The actors' memory can no longer be trusted: the rest of a batch is the next host's. */
  abandon(): void {
    this.#isAbandoned = true;
  }

  pause(): void {
    this.#isPaused = true;
    this.#source?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#source?.resume();
  }

  /** Tells every actor how far the stream has gone on. */
  moveTime(): void {
    for (const { actor } of this.#runners.values()) {
      actor.advancePosition(this.#lastSequence + 1);
      actor.followFrontier(this.#frontierMs);
    }
  }

  /** A thread that lives and whose position stands still while messages wait. */
  watchProgress(): void {
    const source = this.#source;
    const isDue = source !== null && source.isReading && source.backlog > 0 && !this.#isPaused;
    const progress = this.#progress.look(this.#ports.clock.monotonicMs(), this.#taken, isDue);
    if (progress === 'rebuild') {
      this.#ports.log.warn(
        `${String(this.backlog)} messages wait and none has come for ${String(PROGRESS_REBUILD_MS / 1_000)} s: reading anew`,
      );
      void this.close();
      void this.open().catch((error: unknown) => this.#fail(error));
    }
    if (progress === 'fail')
      this.#fail(new Error(`messages wait and none has come for ${String(PROGRESS_FAIL_MS / 1_000)} s`));
  }

  #deliver(message: DeliveredMessage): void {
    if (this.#isAbandoned) return;
    this.#taken += 1;
    this.#lastSequence = message.sequence;
    if (message.receivedMs > this.#frontierMs) this.#frontierMs = message.receivedMs;
    const { subject } = message;
    const runner = this.#runners.get(subject.partition);
    if (runner === undefined) return;
    const { sequence } = message;
    const taken: StreamMessage = {
      sequence,
      receivedMs: message.receivedMs,
      subject: subject.published,
      tokens: subject.ok ? subject.tokens : null,
      contentType: message.contentType,
      sourceSequence: message.sourceSequence,
      payload: message.payload,
    };
    if (this.#poisonous.size > 0 && this.#poisonous.has(sequence)) {
      this.#ports.log.error(`message ${String(sequence)} goes to REJECTED: workers failed on it`);
      runner.actor.refuse(taken);
      return;
    }
    const { inHand } = this.#ports;
    inHand.sequence = sequence;
    try {
      runner.actor.receive(taken);
      inHand.sequence = 0;
    } catch (error) {
      // A bug: this memory can no longer be trusted. The next host reads the message again from the checkpoint.
      this.#fail(error);
    }
  }

  /** Messages are gone from the stream, and partitions of ours had not read them (invariant 14). */
  async #missRemoved({ from, to }: SequenceRange): Promise<void> {
    const concerned = [...this.#runners.values()]
      .filter(({ actor }) => actor.position <= to)
      .map((runner) => ({ runner, from: Math.max(from, runner.actor.position) }));
    const gone = await askHistory(this.#ports, (history) => history.gone(from, to));
    for (const { runner, from: unread } of concerned)
      if (this.#runners.get(runner.partition) === runner) missRanges(runner, gone, unread, this.#ports.log);
  }
}
