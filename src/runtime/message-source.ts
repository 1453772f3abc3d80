/**
 * Messages of some partitions from the stream READINGS, pulled through the documented JetStream API.
 *
 * Job: one ephemeral consumer without acknowledgements for all partitions of a worker thread; it is made again from
 * the next sequence to read whenever anything is unclear. Boundary: hands out messages; counts nothing.
 * Why not `consume()` of the client library: measured here, a plain subscription that pulls costs half per message
 * (bench/), and 64 consumers would each make the server skip 63 of 64 messages.
 *
 * Delivery guarantees: every message from the start sequence on, in stream order, at least once; one that was removed
 * from the stream meanwhile is said to be (invariant 14). A consumer of all partitions sees the hole in the sequences; that of
 * some sees the broker's count of what waits fall by more than was delivered. Where new messages hide that, the books of
 * all partitions together show it (model/ledger-points.ts).
 * Back pressure: at most two pulls of IN_FLIGHT_BYTES_MAX / 2 are open; {@link PullSource.pause} asks for no more.
 */
import {
  AckPolicy,
  DeliverPolicy,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  type NextMsgRequest,
} from '@nats-io/jetstream';
import { createInbox, type Msg, nanos, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import type { Clock } from '../model/clock.ts';
import { EnvironmentError } from '../model/errors.ts';
import { IN_FLIGHT_BYTES_MAX, PULL_MESSAGES_MAX } from '../model/limits.ts';
import { DeliverySubject } from './delivery-subject.ts';
import { passesByItself } from './nats-errors.ts';
import type { MessageSource, SourceListener } from './ports.ts';

export const READINGS_STREAM = 'READINGS';
const OPEN_PULLS = 2;
const PULL_BYTES = IN_FLIGHT_BYTES_MAX / OPEN_PULLS;
const PULL_EXPIRES_MS = 10_000;
/** The broker's sign of life while it has nothing to deliver; three without one and the consumer is made again. */
const HEARTBEAT_MS = 500;
const SILENCE_MS_MAX = 3 * HEARTBEAT_MS + 1_000;
/** The server removes a consumer that nobody pulls from. */
const CONSUMER_INACTIVE_MS = 30_000;
const RETRY_MS = 250;
/** Time between two looks at how far the stream has gone on without us. */
const PASSED_MS = 5_000;
/** Partitions that the stream is asked about at once. */
const ASKED_AT_ONCE = 8;
const WATCH_MS = 250;

const HEARTBEAT = 100;
const NOT_FOUND = 404;
/** A stream that is not there is taken for gone after so many looks, some seconds: a cluster may be choosing leaders. */
const MISSING_LOOKS_MAX = 10;

interface Pull {
  readonly subscription: Subscription;
  left: number;
}

export class PullSource implements MessageSource {
  readonly #nc: NatsConnection;
  readonly #clock: Clock;
  readonly #partitions: readonly number[];
  readonly #allPartitions: boolean;
  #jsm: JetStreamManager | null = null;
  #consumer: string | null = null;
  #pulls = new Set<Pull>();
  #nextSequence = 1;
  #expectedDelivery = 1;
  /** As of the last look at how far the stream has gone on. */
  #seenDelivery = 1;
  #backlog = 0;
  #paused = false;
  #stopped = false;
  #heardMs = 0;
  #watching: Promise<void> | null = null;
  #passedMs = 0;
  /** Times in a row that the stream was not there. */
  #missingLooks = 0;
  /** Of the stream; null before it was seen. */
  #created: string | null = null;
  #listener: SourceListener | null = null;
  readonly #place = new DeliverySubject();

  constructor(nc: NatsConnection, clock: Clock, partitions: readonly number[], partitionsOfStream: number) {
    this.#nc = nc;
    this.#clock = clock;
    this.#partitions = partitions;
    this.#allPartitions = partitions.length === partitionsOfStream;
  }

  get backlog(): number {
    return this.#backlog;
  }

  get isReading(): boolean {
    return this.#consumer !== null;
  }

  async start(fromSequence: number, listener: SourceListener): Promise<void> {
    this.#nextSequence = fromSequence;
    this.#listener = listener;
    this.#jsm = await jetstreamManager(this.#nc, { checkAPI: false });
    try {
      await this.#makeConsumer();
    } catch (error) {
      // A broker that is just starting: the watch tries again.
      if (!passesByItself(error)) throw error;
    }
    this.#watching = this.#watch();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#heardMs = this.#clock.monotonicMs();
    this.#pull();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const consumer = this.#consumer;
    this.#abandon();
    await this.#watching;
    if (consumer !== null && !this.#nc.isClosed()) {
      // A courtesy: the server forgets the consumer by itself.
      await this.#jsm?.consumers.delete(READINGS_STREAM, consumer).catch(() => undefined);
    }
  }

  /** Makes the consumer again when the broker has been silent for too long. */
  async #watch(): Promise<void> {
    while (!this.#stopped) {
      await this.#clock.sleep(WATCH_MS);
      const silent = this.#clock.monotonicMs() - this.#heardMs > SILENCE_MS_MAX;
      if (!this.#stopped && (this.#consumer === null || (silent && this.#pulls.size > 0))) {
        this.#abandon();
        await this.#makeConsumer().catch(async (error: unknown) => {
          this.#countMissing(error);
          await this.#clock.sleep(RETRY_MS);
        });
      }
      if (!this.#stopped && this.#clock.monotonicMs() - this.#passedMs > PASSED_MS) {
        this.#passedMs = this.#clock.monotonicMs();
        // Where messages wait and none comes, they may have been removed.
        const stands = this.#backlog === 0 || this.#expectedDelivery === this.#seenDelivery;
        this.#seenDelivery = this.#expectedDelivery;
        if (stands) await this.#passOthers().catch(() => undefined);
      }
    }
  }

  /**
   * Where nothing comes for our partitions, the position follows the stream all the same: the trimmer waits for it.
   * The stream's end is asked first; then its leader, for each partition, whether it holds a message that we have not
   * had: where it holds none, there is none up to that end. The consumer's own `num_pending` would not do: the broker
   * adds a message to it some time after it has stored it (longer on a busy machine), and a position that goes by it
   * passes over messages that are still to come.
   */
  async #passOthers(): Promise<void> {
    const nextSequence = this.#nextSequence;
    const { state, cluster } = await this.#jsm!.streams.info(READINGS_STREAM);
    if (state.last_seq < nextSequence) return;
    if (await this.#hasOwnFrom(nextSequence)) {
      // It waits and has not come: the host sees it, and how long.
      if (this.#nextSequence === nextSequence) this.#backlog = Math.max(1, this.#backlog);
      return;
    }
    // A new leader may not have had all that the old one told of.
    const after = await this.#jsm!.streams.info(READINGS_STREAM);
    if (this.#stopped || after.cluster?.leader !== cluster?.leader) return;
    if (this.#nextSequence === nextSequence) {
      if (this.#allPartitions || this.#backlog > 0) this.#sayRemoved(state.last_seq);
      this.#backlog = 0;
    }
    this.#nextSequence = Math.max(this.#nextSequence, state.last_seq + 1);
    this.#listener?.onPassed(state.last_seq);
  }

  async #hasOwnFrom(seq: number): Promise<boolean> {
    for (let first = 0; first < this.#partitions.length; first += ASKED_AT_ONCE) {
      const some = this.#partitions.slice(first, first + ASKED_AT_ONCE);
      const found = await Promise.all(
        some.map((partition) => {
          // The library knows this question for its direct form alone, which any replica may answer.
          const next: NextMsgRequest & { seq: number } = { seq, next_by_subj: `readings.${String(partition)}.>` };
          return this.#jsm!.streams.getMessage(READINGS_STREAM, next);
        }),
      );
      if (found.some((message) => message !== null)) return true;
    }
    return false;
  }

  async #makeConsumer(): Promise<void> {
    const filters = this.#allPartitions
      ? ['readings.>']
      : this.#partitions.map((partition) => `readings.${String(partition)}.>`);
    const { created, state } = await this.#jsm!.streams.info(READINGS_STREAM);
    if (!this.#isSameStream(created, state.last_seq)) return;
    const info = await this.#jsm!.consumers.add(READINGS_STREAM, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: this.#nextSequence,
      filter_subjects: filters,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: nanos(CONSUMER_INACTIVE_MS),
    });
    if (this.#stopped) return;
    if (this.#created !== null && this.#backlog > info.num_pending) this.#sayRemoved(state.last_seq);
    this.#created = created;
    this.#missingLooks = 0;
    this.#consumer = info.name;
    this.#backlog = info.num_pending;
    this.#expectedDelivery = 1;
    this.#seenDelivery = 1;
    this.#heardMs = this.#clock.monotonicMs();
    this.#pull();
  }

  #countMissing(error: unknown): void {
    const isMissing = error instanceof JetStreamApiError && error.status === NOT_FOUND;
    this.#missingLooks = isMissing ? this.#missingLooks + 1 : 0;
    if (this.#missingLooks >= MISSING_LOOKS_MAX) this.#break('is gone');
  }

  #break(how: string): void {
    this.#stopped = true;
    this.#listener?.onBroken(
      new EnvironmentError(
        `the stream ${READINGS_STREAM} ${how}; it had been read to message ${String(this.#nextSequence - 1)}`,
        'Restore the stream and the bucket HOURGLASS from one backup.',
      ),
    );
  }

  /** A consumer would wait in silence for the sequences of a stream that was made again, or put back. */
  #isSameStream(created: string, lastSequence: number): boolean {
    const isSame = this.#created === null || (this.#created === created && lastSequence >= this.#nextSequence - 1);
    if (isSame) return true;
    this.#break(
      this.#created === created ? `ends at message ${String(lastSequence)} now` : `was made again (${created})`,
    );
    return false;
  }

  #sayRemoved(to: number): void {
    if (to >= this.#nextSequence) this.#listener?.onRemoved({ from: this.#nextSequence, to });
  }

  #pull(): void {
    while (
      this.#consumer !== null &&
      !this.#paused &&
      !this.#stopped &&
      this.#pulls.size < OPEN_PULLS &&
      !this.#nc.isClosed()
    ) {
      const inbox = createInbox();
      const subscription = this.#nc.subscribe(inbox, { callback: (error, msg) => this.#take(pull, error, msg) });
      const pull: Pull = { subscription, left: PULL_MESSAGES_MAX };
      this.#pulls.add(pull);
      const request = {
        batch: PULL_MESSAGES_MAX,
        max_bytes: PULL_BYTES,
        expires: nanos(PULL_EXPIRES_MS),
        idle_heartbeat: nanos(HEARTBEAT_MS),
      };
      this.#nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${READINGS_STREAM}.${this.#consumer}`, JSON.stringify(request), {
        reply: inbox,
      });
    }
  }

  #take(pull: Pull, error: Error | null, msg: Msg): void {
    if (error !== null || !this.#pulls.has(pull)) return;
    this.#heardMs = this.#clock.monotonicMs();
    const { reply } = msg;
    if (reply === undefined || !reply.startsWith('$JS.ACK.')) {
      this.#status(pull, msg);
      return;
    }
    const place = this.#place;
    place.read(reply);
    if (place.delivery !== this.#expectedDelivery) {
      this.#abandon();
      return;
    }
    this.#expectedDelivery += 1;
    if (this.#allPartitions) this.#sayRemoved(place.sequence - 1);
    // It falls when they are removed, wherever they waited.
    else if (this.#backlog - 1 > place.pending) this.#sayRemoved(Number.MAX_SAFE_INTEGER);
    this.#backlog = place.pending;
    this.#nextSequence = place.sequence + 1;
    const headers = msg.headers;
    this.#listener?.onMessage({
      sequence: place.sequence,
      receivedMs: place.receivedMs,
      subject: msg.subject,
      contentType: headers && headerOf(headers, 'content-type'),
      sourceSequence: headers && headerOf(headers, 'hourglass-seq'),
      payload: msg.data,
    });
    pull.left -= 1;
    if (pull.left === 0) this.#end(pull);
  }

  /** A message of the server about the pull: a heartbeat, or its end. */
  #status(pull: Pull, msg: Msg): void {
    const code = msg.headers?.code ?? 0;
    if (code === HEARTBEAT) {
      if (this.#backlog === 0) this.#listener?.onIdle(this.#clock.nowMs());
      return;
    }
    const text = msg.headers?.description ?? '';
    const consumerGone =
      code === 404 || code === 503 || (code === 409 && !/Message Size Exceeds MaxBytes|Batch Completed/i.test(text));
    if (consumerGone) this.#abandon();
    else this.#end(pull);
  }

  #end(pull: Pull): void {
    this.#pulls.delete(pull);
    pull.subscription.unsubscribe();
    this.#pull();
  }

  #abandon(): void {
    this.#consumer = null;
    for (const pull of this.#pulls) pull.subscription.unsubscribe();
    this.#pulls.clear();
  }
}

/** The value of a header whose name may be in any case. */
function headerOf(headers: NonNullable<Msg['headers']>, lowerCaseName: string): string | undefined {
  for (const [name, values] of headers) if (name.toLowerCase() === lowerCaseName) return values[0];
  return undefined;
}
