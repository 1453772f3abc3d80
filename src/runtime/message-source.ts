/**
 * Messages of some partitions from the stream READINGS, pulled through the documented JetStream API.
 *
 * Job: one ephemeral consumer without acknowledgements and without a filter for a worker thread; it is made again from
 * the next sequence to read whenever anything is unclear. Other threads' messages are passed over here, by their subject's
 * second token. Boundary: hands out messages; counts nothing.
 * Why no filter: to find the next message of some subjects the broker looks through all subjects of a block, for each
 * message anew. Measured here (`npm run bench -- --only filters`), 32 of 64 partitions come at a fortieth of the pace of
 * all; to pass over a message costs less than the broker's search for the next. And whoever sees all messages sees each hole.
 * Why not `consume()` of the client library: measured here, a plain subscription that pulls costs half per message
 * (bench/).
 *
 * Delivery guarantees: every message from the start sequence on, in stream order, at least once; one that was removed
 * from the stream meanwhile is said to be, by the hole in the sequences (invariant 14).
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
import { ByteSpan } from '../model/byte-span.ts';
import type { Clock } from '../model/clock.ts';
import { EnvironmentError } from '../model/errors.ts';
import { IN_FLIGHT_BYTES_MAX, PARTITIONS_MAX, PULL_MESSAGES_MAX } from '../model/limits.ts';
import type { ParsedSubject } from './decode/subject.ts';
import { DeliveryHeaders } from './delivery/delivery-headers.ts';
import type { DeliveryLine } from './delivery/delivery-line.ts';
import { DeliverySubject } from './delivery/delivery-subject.ts';
import { DeliveryTap } from './delivery/delivery-tap.ts';
import type { SubjectTable } from './delivery/subject-table.ts';
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
const NOT_FOUND = 404;
/** A stream that is not there is taken for gone after so many looks, some seconds: a cluster may be choosing leaders. */
const MISSING_LOOKS_MAX = 10;

/** `readings.`. */
const ROOT_BYTES = 9;
const DOT = 0x2e;
const ZERO = 0x30;

/** Where a message stands. */
type Delivery = Pick<DeliveryLine, 'sequence' | 'delivery' | 'receivedMs' | 'pending'>;

interface Pull {
  readonly subscription: Subscription;
  left: number;
}

export class PullSource implements MessageSource {
  readonly #nc: NatsConnection;
  readonly #clock: Clock;
  readonly #tap: DeliveryTap | null;
  /** By partition: 1 where it is read. */
  readonly #isOwn = new Uint8Array(PARTITIONS_MAX);
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
  /** Something came since the last look: a clock is not asked for each message. */
  #heard = false;
  #heardMs = 0;
  #watching: Promise<void> | null = null;
  #passedMs = 0;
  /** Times in a row that the stream was not there. */
  #missingLooks = 0;
  /** Of the stream; null before it was seen. */
  #created: string | null = null;
  #listener: SourceListener | null = null;
  readonly #place = new DeliverySubject();
  readonly #headers = new DeliveryHeaders();
  readonly #subjects: SubjectTable;

  /** @param subjects of the thread: every source of it fills the same. */
  constructor(nc: NatsConnection, clock: Clock, partitions: readonly number[], subjects: SubjectTable) {
    this.#nc = nc;
    this.#clock = clock;
    this.#tap = DeliveryTap.of(nc);
    this.#subjects = subjects;
    for (const partition of partitions) this.#isOwn[partition] = 1;
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
      if (this.#heard) this.#heardMs = this.#clock.monotonicMs();
      this.#heard = false;
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
        if (stands) await this.#passRemoved().catch(() => undefined);
      }
    }
  }

  /**
   * Where nothing comes although the stream goes on, the rest of it was removed: the position follows the stream, since the
   * trimmer waits for it. The stream's end is asked first; then its leader, whether it holds a message that we have not
   * had: where it holds none, there is none up to that end. The consumer's own `num_pending` would not do: the broker
   * adds a message to it some time after it has stored it (longer on a busy machine), and a position that goes by it
   * passes over messages that are still to come.
   */
  async #passRemoved(): Promise<void> {
    const nextSequence = this.#nextSequence;
    const { state, cluster } = await this.#jsm!.streams.info(READINGS_STREAM);
    if (state.last_seq < nextSequence) return;
    // The library knows this question for its direct form alone, which any replica may answer.
    const next: NextMsgRequest & { seq: number } = { seq: nextSequence, next_by_subj: 'readings.>' };
    const held = await this.#jsm!.streams.getMessage(READINGS_STREAM, next);
    if (held !== null) {
      // It waits and has not come: the host sees it, and how long.
      if (this.#nextSequence === nextSequence) this.#backlog = Math.max(1, this.#backlog);
      return;
    }
    // A new leader may not have had all that the old one told of.
    const after = await this.#jsm!.streams.info(READINGS_STREAM);
    if (this.#stopped || after.cluster?.leader !== cluster?.leader) return;
    if (this.#nextSequence !== nextSequence) return;
    this.#sayRemoved(state.last_seq);
    this.#backlog = 0;
    this.#nextSequence = state.last_seq + 1;
    this.#listener?.onPassed(state.last_seq, 0);
  }

  async #makeConsumer(): Promise<void> {
    const { created, state } = await this.#jsm!.streams.info(READINGS_STREAM);
    if (!this.#isSameStream(created, state.last_seq)) return;
    const info = await this.#jsm!.consumers.add(READINGS_STREAM, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: this.#nextSequence,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: nanos(CONSUMER_INACTIVE_MS),
    });
    if (this.#stopped) return;
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
      const subscription = this.#nc.subscribe(inbox, { callback: (error, msg) => this.#takeRead(pull, error, msg) });
      const pull: Pull = { subscription, left: PULL_MESSAGES_MAX };
      this.#pulls.add(pull);
      this.#tap?.listen(subscription.getID(), (line, bytes) => this.#take(pull, line, bytes));
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

  /** Messages about the pull, and all of them where the library is not as the tap knows it, or the server has a domain. */
  #takeRead(pull: Pull, error: Error | null, msg: Msg): void {
    if (error !== null || !this.#pulls.has(pull)) return;
    const { reply } = msg;
    if (reply === undefined || !reply.startsWith('$JS.ACK.')) {
      this.#status(pull, msg);
      return;
    }
    const place = this.#place;
    try {
      place.read(reply);
    } catch (unreadable) {
      // Thrown on, it would end the connection's reader without a word.
      this.#stopped = true;
      this.#listener?.onBroken(unreadable as Error);
      return;
    }
    if (!this.#isNext(place)) return;
    const subject = this.#subjects.ofText(msg.subject);
    if (this.#isOwn[subject.partition] === 1) {
      this.#headers.readFrom(msg);
      this.#handOut(place, subject, ByteSpan.of(msg.data));
    } else this.#listener?.onPassed(place.sequence, place.receivedMs);
    this.#count(pull);
  }

  /** The hot path: from the connection's bytes. */
  #take(pull: Pull, line: DeliveryLine, bytes: Uint8Array): void {
    if (!this.#isNext(line)) return;
    if (this.#isOwn[partitionIn(bytes, line.subjectStart, line.subjectEnd)] === 1) {
      this.#headers.read(bytes, line.headersStart, line.payloadStart);
      const subject = this.#subjects.of(bytes, line.subjectStart, line.subjectEnd, line.subjectHash);
      this.#handOut(line, subject, new ByteSpan(bytes, line.payloadStart, line.payloadEnd));
    } else this.#listener?.onPassed(line.sequence, line.receivedMs);
    this.#count(pull);
  }

  #handOut({ sequence, receivedMs }: Delivery, subject: ParsedSubject, payload: ByteSpan): void {
    const { contentType, sourceSequence } = this.#headers;
    this.#listener?.onMessage({ sequence, receivedMs, subject, contentType, sourceSequence, payload });
  }

  /** False where deliveries were lost on the way: the consumer is then made again. */
  #isNext({ delivery, sequence, pending }: Delivery): boolean {
    this.#heard = true;
    if (delivery !== this.#expectedDelivery) {
      this.#abandon();
      return false;
    }
    this.#expectedDelivery += 1;
    this.#sayRemoved(sequence - 1);
    this.#backlog = pending;
    this.#nextSequence = sequence + 1;
    return true;
  }

  #count(pull: Pull): void {
    pull.left -= 1;
    if (pull.left === 0) this.#end(pull);
  }

  /** A message of the server about the pull: a heartbeat, or its end. */
  #status(pull: Pull, msg: Msg): void {
    this.#heard = true;
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
    this.#close(pull);
    this.#pull();
  }

  #abandon(): void {
    this.#consumer = null;
    for (const pull of this.#pulls) this.#close(pull);
    this.#pulls.clear();
  }

  #close({ subscription }: Pull): void {
    this.#tap?.forget(subscription.getID());
    subscription.unsubscribe();
  }
}

/** The second token of `readings.<partition>.…`. */
function partitionIn(bytes: Uint8Array, start: number, end: number): number {
  let partition = 0;
  let at = start + ROOT_BYTES;
  for (; at < end && bytes[at] !== DOT; at++) partition = partition * 10 + bytes[at]! - ZERO;
  return partition;
}
