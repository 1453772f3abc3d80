/**
 * Publishes to JetStream with many messages under way, each until it is acknowledged.
 *
 * Boundary: messages in, acknowledgements counted. What is in a message, others know.
 *
 * Delivery guarantees: every message that {@link Publisher.publish} took is stored, and counts once: it carries
 * `Hourglass-Seq` with a session of its own, so that a message whose acknowledgement was lost may be sent again.
 * Back pressure: `publish` waits while the window is full; the broker's pace is the publisher's.
 */
import { headers, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../model/clock.ts';
import { EnvironmentError, HourglassError } from '../model/errors.ts';
import { SESSION_NUMBERS_REMEMBERED } from '../model/limits.ts';
import type { Log } from '../model/log.ts';
import type { OutgoingMessage } from './message-builder.ts';
import { NumberedHeaders } from './numbered-headers.ts';
import type { PubAck } from './pub-ack.ts';
import { type PipelinedMessage, PublishPipeline } from './publish-pipeline.ts';
import { retryOf } from './publish-retry.ts';

export interface Published {
  messages: number;
  readings: number;
  /** Of the messages, those that the broker already had by their `Nats-Msg-Id`. */
  duplicates: number;
  bytes: number;
}

export interface PublisherOptions {
  /** New for each start of a publisher, unless its messages are the same again, number by number. */
  readonly session: string;
  /** Number of the first message. */
  readonly first?: number;
}

/** Numbers between the oldest message without acknowledgement and the newest: half of what a session remembers. */
const WINDOW_MESSAGES = SESSION_NUMBERS_REMEMBERED / 2;
/** Bytes under way: far below the broker's 64 MiB a connection. */
const WINDOW_BYTES = 16 * 1024 * 1024;
/** A full window is filled again when it has emptied to this: many messages are written together, few are not waited for. */
const REFILL_SHARE = 0.75;
const ACKNOWLEDGE_MS_MAX = 5_000;
const RETRY_MS = 250;
/** A full stream empties by the trimmer, which looks every few seconds. */
const FULL_RETRY_MS = 1_000;
/** So long nobody may be there to take the first messages, as while a broker starts; then there is no stream. */
const NO_STREAM_MS_MAX = 20_000;

export class Publisher {
  readonly published: Published = { messages: 0, readings: 0, duplicates: 0, bytes: 0 };
  readonly #nc: NatsConnection;
  readonly #pipeline: PublishPipeline;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #session: string;
  readonly #underWay = new Set<number>();
  /** By content type. */
  readonly #headers = new Map<string, NumberedHeaders>();
  #bytes = 0;
  #next: number;
  #failure: unknown = null;
  #wake: () => void = () => undefined;
  #saidMs = -Infinity;
  #nobodySinceMs: number | null = null;
  /** A message was acknowledged: there is a stream. */
  #hasStream = false;

  constructor(nc: NatsConnection, clock: Clock, log: Log, { session, first = 0 }: PublisherOptions) {
    this.#nc = nc;
    this.#pipeline = new PublishPipeline(nc, clock, ACKNOWLEDGE_MS_MAX);
    this.#clock = clock;
    this.#log = log;
    this.#session = session;
    this.#next = first;
  }

  /**
   * Takes the message; resolves when there is room for another one.
   *
   * @param messageId `Nats-Msg-Id`.
   * @throws {HourglassError} where this or an earlier message cannot be published however often it is tried.
   */
  async publish(message: OutgoingMessage, messageId?: string): Promise<void> {
    const number = this.#next++;
    this.#underWay.add(number);
    this.#bytes += message.payload.length;
    this.#deliver(message, number, messageId);
    if (this.#isFull(1)) while (this.#failure === null && this.#isFull(REFILL_SHARE)) await this.#change();
    this.#throwFailure();
  }

  /** Resolves when all is acknowledged. @throws {HourglassError} as {@link publish}. */
  async drain(): Promise<void> {
    while (this.#failure === null && this.#underWay.size > 0) await this.#change();
    this.#pipeline.release();
    this.#throwFailure();
  }

  /** Whether that share of the window is taken. */
  #isFull(share: number): boolean {
    // A set keeps the order in which numbers were added: its first is the oldest.
    const [oldest = this.#next] = this.#underWay;
    return this.#next - oldest >= WINDOW_MESSAGES * share || this.#bytes >= WINDOW_BYTES * share;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure as Error;
  }

  #deliver(message: OutgoingMessage, number: number, messageId: string | undefined): void {
    const { subject, payload } = message;
    const attempt = {
      subject,
      payload,
      headers: () => this.#headersOf(message, number, messageId),
      acknowledged: (ack: PubAck) => {
        this.#count(message, ack.duplicate);
        this.#hasStream = true;
        this.#done(message, number);
      },
      failed: (error: unknown) => {
        const waitMs = this.#failure === null ? this.#waitAfter(error) : null;
        if (waitMs !== null) {
          void this.#sendAfter(waitMs, attempt);
          return;
        }
        this.#failure ??= this.#explained(error, message);
        this.#done(message, number);
      },
    };
    this.#pipeline.send(attempt);
  }

  /** After a failure of another message it fails there, too. */
  async #sendAfter(waitMs: number, attempt: PipelinedMessage): Promise<void> {
    await this.#clock.sleep(waitMs);
    if (this.#failure === null) this.#pipeline.send(attempt);
    else attempt.failed(this.#failure);
  }

  #headersOf({ contentType }: OutgoingMessage, number: number, messageId: string | undefined): MsgHdrs {
    if (messageId === undefined) {
      let known = this.#headers.get(contentType);
      if (known === undefined)
        this.#headers.set(contentType, (known = new NumberedHeaders(contentType, this.#session)));
      return known.of(number);
    }
    const carried = headers();
    carried.set('Content-Type', contentType);
    carried.set('Hourglass-Seq', `${this.#session}:${String(number)}`);
    carried.set('Nats-Msg-Id', messageId);
    return carried;
  }

  #done({ payload }: OutgoingMessage, number: number): void {
    this.#underWay.delete(number);
    this.#bytes -= payload.length;
    this.#wake();
  }

  #count({ readings, payload }: OutgoingMessage, isDuplicate: boolean): void {
    this.published.messages += 1;
    this.published.readings += readings;
    this.published.bytes += payload.length;
    if (isDuplicate) this.published.duplicates += 1;
  }

  /** How long to wait before the message is sent again; null where that would not help. */
  #waitAfter(error: unknown): number | null {
    if (this.#nc.isClosed()) return null;
    switch (retryOf(error)) {
      case 'never':
        return null;
      case 'when there is room':
        this.#say('the stream READINGS is full: waiting until workers have used some of it');
        return FULL_RETRY_MS;
      case 'nobody': {
        const nowMs = this.#clock.monotonicMs();
        this.#nobodySinceMs ??= nowMs;
        // A stream that has taken messages is there: brokers are choosing its leader, however long they take.
        if (!this.#hasStream && nowMs - this.#nobodySinceMs > NO_STREAM_MS_MAX) return null;
        break;
      }
      case 'soon':
        break;
    }
    this.#say('the broker does not acknowledge: sending again until it does');
    return RETRY_MS;
  }

  #explained(error: unknown, message: OutgoingMessage): HourglassError {
    const text = error instanceof Error ? error.message : String(error);
    if (/max.?payload/i.test(text)) {
      return new HourglassError(
        `a message of ${String(message.payload.length)} bytes is larger than the broker takes`,
        { fault: 'user', retry: false, advice: 'Put fewer readings into a message (--batch).', cause: error },
      );
    }
    if (/no.?responders|503/i.test(text)) {
      return new EnvironmentError(
        `no stream takes ${message.subject}`,
        'Run `hourglass migrate`, or start `hourglass up`.',
        { cause: error },
      );
    }
    return new EnvironmentError(`the broker refuses ${message.subject}: ${text}`, 'See the broker’s log.', {
      cause: error,
    });
  }

  /** Not for each of the messages under way. */
  #say(text: string): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#saidMs < ACKNOWLEDGE_MS_MAX) return;
    this.#saidMs = nowMs;
    this.#log.warn(text);
  }
}
