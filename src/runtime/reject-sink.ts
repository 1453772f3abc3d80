/**
 * Rejected readings into the stream REJECTED, for people and gateways to look at.
 *
 * Delivery guarantees: at least once; resolves when the broker has acknowledged all. `Nats-Msg-Id` keeps repeats
 * within the stream's duplicate window out. Back pressure: at most REJECTS_AT_ONCE publishes are open.
 */
import { jetstream } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import type { Reject } from '../actors/rejects.ts';
import type { Clock } from '../model/clock.ts';
import { fewAtOnce } from '../model/few-at-once.ts';
import { passesByItself } from './nats-errors.ts';
import type { RejectSink } from './ports.ts';

const REJECTS_AT_ONCE = 64;
const RETRY_MS = 250;

export class StreamRejectSink implements RejectSink {
  readonly #nc: NatsConnection;
  readonly #clock: Clock;
  readonly #incarnation: number;

  constructor(nc: NatsConnection, clock: Clock, incarnation: number) {
    this.#nc = nc;
    this.#clock = clock;
    this.#incarnation = incarnation;
  }

  async send(rejects: readonly Reject[]): Promise<void> {
    await fewAtOnce(rejects, REJECTS_AT_ONCE, (reject) => this.#sendOne(reject));
  }

  async #sendOne(reject: Reject): Promise<void> {
    const js = jetstream(this.#nc);
    const subject = `rejected.${reject.reason}.${reject.subject}`;
    for (;;) {
      try {
        await js.publish(subject, reject.payload, { headers: this.#headers(reject) });
        return;
      } catch (error) {
        if (!passesByItself(error) || this.#nc.isClosed()) throw error;
        await this.#clock.sleep(RETRY_MS);
      }
    }
  }

  #headers(reject: Reject): ReturnType<typeof headers> {
    const h = headers();
    h.set(
      'Nats-Msg-Id',
      `${String(this.#incarnation)}:${String(reject.sequence)}:${reject.reason}:${String(reject.part)}`,
    );
    h.set('Hourglass-Reason', reject.reason);
    h.set('Hourglass-Detail', reject.detail);
    h.set('Hourglass-Stream-Sequence', String(reject.sequence));
    h.set('Hourglass-Indexes', reject.indexes);
    h.set('Hourglass-Count', String(reject.count));
    h.set('Hourglass-Payload-Bytes', String(reject.payloadBytes));
    if (reject.contentType !== '') h.set('Content-Type', reject.contentType);
    return h;
  }
}
