/**
 * Messages to JetStream, each until it is answered for, many at a time: the protocol of a publish with a reply, where one
 * subscription hears all acknowledgements.
 *
 * Boundary: one attempt a message; whether to try again is the sender's to say. No bound on how many are under way: senders
 * have one.
 * Invariants: each message gets exactly one of `acknowledged` and `failed`, once. Messages are written in the order in which
 * they were sent. They are written together, at the end of the turn of the event loop or when they are many, because each
 * write to the socket costs more than a message.
 */
import {
  ClosedConnectionError,
  createInbox,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  NoRespondersError,
  PermissionViolationError,
  type Subscription,
  TimeoutError,
} from '@nats-io/transport-node';
import type { Clock } from '../model/clock.ts';
import { PUBLISH_BATCH_BYTES, PUBLISH_BATCH_MESSAGES } from '../model/limits.ts';
import { type PubAck, PubAckReader } from './pub-ack.ts';

export interface PipelinedMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  /** Asked for when the message is written, and used at once; null: it has none. */
  headers(): MsgHdrs | null;
  acknowledged(ack: PubAck): void;
  /** Not stored, or nobody knows: a time-out and a lost connection say nothing about the message. */
  failed(error: unknown): void;
}

interface UnderWay {
  readonly message: PipelinedMessage;
  readonly deadlineMs: number;
}

/** The connection ended before the acknowledgement came; the message may be stored. */
export class AcknowledgementLostError extends Error {
  constructor() {
    super('the connection was lost before the acknowledgement');
    this.name = 'AcknowledgementLostError';
  }
}

const NO_RESPONDERS_STATUS = 503;

export class PublishPipeline {
  readonly #nc: NatsConnection;
  readonly #clock: Clock;
  readonly #acknowledgeMsMax: number;
  /** Acknowledgements come to `<inbox>.<number>`. */
  readonly #inbox: string;
  readonly #reader = new PubAckReader();
  /** By number, in the order of numbers and so of deadlines. */
  readonly #underWay = new Map<number, UnderWay>();
  #waiting: PipelinedMessage[] = [];
  #waitingBytes = 0;
  #next = 0;
  #subscription: Subscription | null = null;
  #sweep: AbortController | null = null;

  /** @param acknowledgeMsMax after which a message without an answer has failed, ms; noticed within a tenth more. */
  constructor(nc: NatsConnection, clock: Clock, acknowledgeMsMax: number) {
    this.#nc = nc;
    this.#clock = clock;
    this.#acknowledgeMsMax = acknowledgeMsMax;
    this.#inbox = `${createInbox()}.`;
    void this.#watchConnection();
    void nc.closed().then(() => this.#failAll(() => new ClosedConnectionError()));
  }

  send(message: PipelinedMessage): void {
    if (this.#waiting.length === 0) setImmediate(() => this.#write());
    this.#waiting.push(message);
    this.#waitingBytes += message.payload.length;
    if (this.#waiting.length >= PUBLISH_BATCH_MESSAGES || this.#waitingBytes >= PUBLISH_BATCH_BYTES) this.#write();
  }

  /** Lets go of subscription and timer; what is under way has failed. The next message takes them up again. */
  release(): void {
    this.#failAll(() => new AcknowledgementLostError());
    this.#sweep?.abort();
    this.#sweep = null;
    if (!this.#nc.isClosed()) this.#subscription?.unsubscribe();
    this.#subscription = null;
  }

  #write(): void {
    if (this.#waiting.length === 0) return;
    const messages = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    const deadlineMs = this.#clock.monotonicMs() + this.#acknowledgeMsMax;
    for (const message of messages) {
      const number = this.#next++;
      this.#underWay.set(number, { message, deadlineMs });
      try {
        this.#subscription ??= this.#subscribe();
        const reply = `${this.#inbox}${String(number)}`;
        const headers = message.headers();
        this.#nc.publish(message.subject, message.payload, headers === null ? { reply } : { reply, headers });
      } catch (error) {
        this.#underWay.delete(number);
        message.failed(error);
      }
    }
    if (this.#sweep === null && this.#underWay.size > 0) void this.#expire((this.#sweep = new AbortController()));
  }

  #subscribe(): Subscription {
    return this.#nc.subscribe(`${this.#inbox}*`, {
      callback: (error, answer) => {
        if (error === null) this.#settle(answer);
        else {
          this.#subscription = null;
          this.#failAll(() => error);
        }
      },
    });
  }

  #settle(answer: Msg): void {
    const number = Number(answer.subject.slice(this.#inbox.length));
    const underWay = this.#underWay.get(number);
    // Too late: the message has failed, and whoever sent it has sent it again.
    if (underWay === undefined) return;
    this.#underWay.delete(number);
    const { message } = underWay;
    if (answer.data.length === 0 && answer.headers?.code === NO_RESPONDERS_STATUS) {
      message.failed(new NoRespondersError(message.subject));
      return;
    }
    const ack = this.#reader.read(answer.data);
    if (ack instanceof Error) message.failed(ack);
    else message.acknowledged(ack);
  }

  /** One timer for all: runs while messages are under way. */
  async #expire(sweep: AbortController): Promise<void> {
    while (this.#underWay.size > 0 && !sweep.signal.aborted) {
      await this.#clock.sleep(this.#acknowledgeMsMax / 10, sweep.signal);
      const nowMs = this.#clock.monotonicMs();
      for (const [number, { message, deadlineMs }] of this.#underWay) {
        if (deadlineMs > nowMs) break;
        this.#underWay.delete(number);
        message.failed(new TimeoutError());
      }
    }
    if (this.#sweep === sweep) this.#sweep = null;
  }

  /** What the connection says of messages other than by an answer. */
  async #watchConnection(): Promise<void> {
    for await (const status of this.#nc.status()) {
      // What was written before is gone, or its acknowledgement is.
      if (status.type === 'reconnect') this.#failAll(() => new AcknowledgementLostError());
      if (status.type !== 'error' || !(status.error instanceof PermissionViolationError)) continue;
      const { error } = status;
      if (error.operation === 'publish')
        this.#fail(
          ({ subject }) => subject === error.subject,
          () => error,
        );
    }
  }

  #failAll(errorOf: () => Error): void {
    this.#fail(() => true, errorOf);
  }

  #fail(isMeant: (message: PipelinedMessage) => boolean, errorOf: () => Error): void {
    for (const [number, { message }] of this.#underWay) {
      if (!isMeant(message) || !this.#underWay.delete(number)) continue;
      message.failed(errorOf());
    }
  }
}
