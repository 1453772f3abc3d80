/**
 * Messages of some partitions from the stream READINGS, pulled through the documented JetStream API.
 *
 * Job: one ephemeral consumer without acknowledgements for all partitions of a worker thread; it is made again from
 * the next sequence to read whenever anything is unclear. Boundary: hands out messages; counts nothing.
 * Why not `consume()` of the client library: measured here, a plain subscription that pulls costs half per message
 * (bench/), and 64 consumers would each make the server skip 63 of 64 messages.
 *
 * Delivery guarantees: every message from the start sequence on, in stream order, at least once.
 * Back pressure: at most two pulls of IN_FLIGHT_BYTES_MAX / 2 are open; {@link PullSource.pause} asks for no more.
 */
import { AckPolicy, DeliverPolicy, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { createInbox, type Msg, nanos, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import type { Clock } from '../model/clock.ts';
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
const WATCH_MS = 250;

const HEARTBEAT = 100;

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
  #backlog = 0;
  #paused = false;
  #stopped = false;
  #heardMs = 0;
  #watching: Promise<void> | null = null;
  #passedMs = 0;
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
        await this.#makeConsumer().catch(() => this.#clock.sleep(RETRY_MS));
      }
      if (!this.#stopped && this.#backlog === 0 && this.#clock.monotonicMs() - this.#passedMs > PASSED_MS) {
        this.#passedMs = this.#clock.monotonicMs();
        await this.#passOthers().catch(() => undefined);
      }
    }
  }

  /**
   * Where nothing comes for our partitions, the position follows the stream all the same: the trimmer waits for it.
   * The stream's end is asked first, the consumer second: what it has delivered and what waits is all up to that end.
   */
  async #passOthers(): Promise<void> {
    const consumer = this.#consumer;
    if (consumer === null) return;
    const { state } = await this.#jsm!.streams.info(READINGS_STREAM);
    const { num_pending, delivered } = await this.#jsm!.consumers.info(READINGS_STREAM, consumer);
    const isCurrent = this.#consumer === consumer && !this.#stopped;
    if (!isCurrent || num_pending > 0 || delivered.consumer_seq !== this.#expectedDelivery - 1) return;
    this.#nextSequence = Math.max(this.#nextSequence, state.last_seq + 1);
    this.#listener?.onPassed(state.last_seq);
  }

  async #makeConsumer(): Promise<void> {
    const filters = this.#allPartitions
      ? ['readings.>']
      : this.#partitions.map((partition) => `readings.${String(partition)}.>`);
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
    this.#consumer = info.name;
    this.#backlog = info.num_pending;
    this.#expectedDelivery = 1;
    this.#heardMs = this.#clock.monotonicMs();
    this.#pull();
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
