/**
 * Publishes a drill's city until it is told to pause, each message until it is acknowledged.
 *
 * Boundary: the city says what, publish/publisher.ts how. Invariant: after {@link Load.pause} everything that is in the
 * city's answer has been acknowledged by the stream, and nothing else is under way.
 */
import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import { Pace } from '../publish/pace.ts';
import { type Published, Publisher } from '../publish/publisher.ts';
import type { DrillCity } from './city.ts';

export interface LoadOptions {
  /** Messages a second; null: as fast as they are acknowledged. */
  readonly perSecond: number | null;
  /** `Hourglass-Seq`'s session; new for each load. */
  readonly session: string;
}

/** Turns of the event loop go to others (proxies, watches) after so many messages. */
const MESSAGES_IN_A_ROW = 64;

export class Load {
  readonly #city: DrillCity;
  readonly #publisher: Publisher;
  readonly #clock: Clock;
  #perSecond: number | null;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #failure: unknown = null;

  constructor(
    nc: NatsConnection,
    city: DrillCity,
    { clock, log }: { clock: Clock; log: Log },
    { perSecond, session }: LoadOptions,
  ) {
    this.#city = city;
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#publisher = new Publisher(nc, clock, log, { session });
    this.#stop.abort();
  }

  get published(): Readonly<Published> {
    return this.#publisher.published;
  }

  /** Publishes, or goes on publishing. */
  resume(perSecond: number | null = this.#perSecond): void {
    this.assertWell();
    if (!this.#stop.signal.aborted) return;
    this.#perSecond = perSecond;
    this.#stop = new AbortController();
    this.#running = this.#run(this.#stop.signal).catch((error: unknown) => {
      this.#failure = error;
    });
  }

  /** Resolves when everything is acknowledged. @throws what kept a message from being published. */
  async pause(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.assertWell();
    await this.#publisher.drain();
  }

  /** @throws what keeps messages from being published, where something does. */
  assertWell(): void {
    if (this.#failure !== null) throw this.#failure as Error;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const pace = this.#perSecond === null ? null : new Pace(this.#clock, this.#perSecond);
    for (let sent = 1; !signal.aborted; sent++) {
      await pace?.take(1, signal);
      // Told to pause while it waited: a message that is made is in the answer and must go out.
      if (signal.aborted) return;
      const message = this.#city.next(this.#clock.nowMs());
      for (let time = 0; time < message.times; time++) await this.#publisher.publish(message, message.id);
      if (sent % MESSAGES_IN_A_ROW === 0) await this.#clock.sleep(0);
    }
  }
}
