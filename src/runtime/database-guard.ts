/**
 * The database as the API asks it: where it is away, every question fails at once instead of hanging.
 *
 * Job: asks for a sign of life every second; while there is none, open questions are cut off and new ones refused with
 * {@link DatabaseAway}. Boundary: the same client for whoever asks; workers, who wait for the database, do not use it.
 * Signs of life have a connection of their own: behind the API's own questions they would come late from a database that
 * is only busy, and every question would be cut off.
 */
import { setMaxListeners } from 'node:events';
import type { ClickHouseClient } from '@clickhouse/client';
import type { Clock } from '../model/clock.ts';
import { EnvironmentError } from '../model/errors.ts';
import { DATABASE_PING_MS, DATABASE_SILENCE_MS_MAX } from '../model/limits.ts';

export class DatabaseAway extends EnvironmentError {
  override readonly name = 'DatabaseAway';
  constructor(cause?: unknown) {
    super('the database does not answer', 'What was sent is kept and counted; try again in a few seconds.', {
      retry: true,
      cause,
    });
  }
}

export interface GuardedDatabase {
  /** Questions through it fail with {@link DatabaseAway} while the database is away. */
  readonly client: ClickHouseClient;
  readonly isAway: boolean;
  close(): Promise<void>;
}

/** @param pings a client that nobody else uses; it is closed with the guard. */
export function guardDatabase(client: ClickHouseClient, pings: ClickHouseClient, clock: Clock): GuardedDatabase {
  return new Guard(client, pings, clock);
}

class Guard implements GuardedDatabase {
  readonly client: ClickHouseClient;
  readonly #asked: ClickHouseClient;
  readonly #pings: ClickHouseClient;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #watching: Promise<void>;
  /** Aborts when the database goes away; a new one when it is back. */
  #presence = presence();

  constructor(asked: ClickHouseClient, pings: ClickHouseClient, clock: Clock) {
    this.#asked = asked;
    this.#pings = pings;
    this.#clock = clock;
    const query = ((params: Parameters<ClickHouseClient['query']>[0]) =>
      this.#query(params)) as ClickHouseClient['query'];
    this.client = new Proxy(asked, {
      get: (target, name) => {
        if (name === 'query') return query;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    this.#watching = this.#watch();
  }

  get isAway(): boolean {
    return this.#presence.signal.aborted;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#watching;
    await this.#pings.close();
  }

  async #query(params: Parameters<ClickHouseClient['query']>[0]): Promise<unknown> {
    const { signal } = this.#presence;
    if (signal.aborted) throw new DatabaseAway();
    const { abort_signal: own } = params;
    const abort_signal = own === undefined ? signal : AbortSignal.any([own, signal]);
    try {
      return await this.#asked.query({ ...params, abort_signal });
    } catch (error) {
      if (signal.aborted) throw new DatabaseAway(error);
      throw error;
    }
  }

  async #watch(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const answers = await this.#isAnswering();
      if (this.#stop.signal.aborted) return;
      if (!answers) this.#presence.abort();
      else if (this.isAway) this.#presence = presence();
      await this.#clock.sleep(DATABASE_PING_MS, this.#stop.signal);
    }
  }

  /** A busy database answers this late, too; a connection that is refused says it at once. */
  async #isAnswering(): Promise<boolean> {
    const over = new AbortController();
    const late = this.#clock.sleep(DATABASE_SILENCE_MS_MAX, AbortSignal.any([over.signal, this.#stop.signal]));
    const ping = this.#pings.ping({ select: false, abort_signal: over.signal }).then(({ success }) => success);
    try {
      return await Promise.race([ping, late.then(() => false)]);
    } catch {
      return false;
    } finally {
      over.abort();
    }
  }
}

/** As many questions as there are listen to it at a time. */
function presence(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
