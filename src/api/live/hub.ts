/**
 * Open hours on their way to any number of clients.
 *
 * Job: one feed a city for all its clients, interest told to the workers while there are any, a tick that gives every
 * client what is new. Boundary: workers and tables are ports, sockets are the routes'; time comes from the clock.
 * Invariant 13: clients, cities and keys have bounds; one more is refused with what to do.
 * Delivery: the newest state of each key, at least once, in the order of change; a state that was replaced before a
 * client took it is not sent.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../model/clock.ts';
import {
  LIVE_CITIES_MAX,
  LIVE_CLIENTS_MAX,
  LIVE_CLIENTS_PER_ADDRESS_MAX,
  LIVE_INTEREST_MS,
  LIVE_KEYS_PER_CITY_MAX,
  LIVE_LINGER_MS,
  LIVE_TICK_MS,
} from '../../model/limits.ts';
import type { LiveSource } from '../../model/live.ts';
import { Problem } from '../problem.ts';
import { CityFeed, type FeedPorts } from './city-feed.ts';
import { type LiveFilter, Subscription } from './subscription.ts';

export interface HubPorts extends FeedPorts {
  readonly source: LiveSource;
  readonly clock: Clock;
}

export interface HubLimits {
  readonly clientsMax: number;
  readonly clientsPerAddressMax: number;
  readonly citiesMax: number;
  readonly keysPerCityMax: number;
}

const LIMITS: HubLimits = {
  clientsMax: LIVE_CLIENTS_MAX,
  clientsPerAddressMax: LIVE_CLIENTS_PER_ADDRESS_MAX,
  citiesMax: LIVE_CITIES_MAX,
  keysPerCityMax: LIVE_KEYS_PER_CITY_MAX,
};

export type LiveTransport = 'sse' | 'websocket';

/** Who wants what. */
export interface LiveAsk extends LiveFilter {
  readonly city: string;
  readonly lastEventId?: string | undefined;
  readonly address: string;
  readonly transport: LiveTransport;
}

interface Followed {
  readonly feed: CityFeed;
  readonly stop: () => void;
  readonly clients: Set<Subscription>;
  /** Since when it has no client; monotonic ms. */
  idleSinceMs: number;
}

export class LiveHub {
  readonly #ports: HubPorts;
  readonly #limits: HubLimits;
  readonly #name = randomUUID();
  readonly #followed = new Map<string, Followed>();
  readonly #byAddress = new Map<string, number>();
  readonly #byTransport: Record<LiveTransport, number> = { sse: 0, websocket: 0 };
  readonly #closed = new AbortController();
  #askedMs = -Infinity;
  #running: Promise<void> | null = null;

  constructor(ports: HubPorts, limits: Partial<HubLimits> = {}) {
    this.#ports = ports;
    this.#limits = { ...LIMITS, ...limits };
  }

  /** Open streams by transport. */
  clients(): Readonly<Record<LiveTransport, number>> {
    return this.#byTransport;
  }

  /** @throws {Problem} as {@link assertRoom}. */
  open(ask: LiveAsk): Subscription {
    this.assertRoom(ask);
    const nowMs = this.#ports.clock.monotonicMs();
    const followed = this.#follow(ask.city, nowMs);
    const { feed, clients } = followed;
    const subscription = new Subscription(feed, ask, feed.versionOf(ask.lastEventId), this.#ports.clock);
    clients.add(subscription);
    this.#count(ask, 1);
    subscription.onEnd(() => {
      clients.delete(subscription);
      followed.idleSinceMs = this.#ports.clock.monotonicMs();
      this.#count(ask, -1);
    });
    this.#running ??= this.#tickWhileFollowed();
    return subscription;
  }

  /** @throws {Problem} 429 or 503 where one more stream cannot be opened. */
  assertRoom({ address, city }: Pick<LiveAsk, 'address' | 'city'>): void {
    const { clientsMax, clientsPerAddressMax } = this.#limits;
    const { sse, websocket } = this.#byTransport;
    if (this.#closed.signal.aborted) throw new Problem(503, 'This server is closing; try again.');
    if (sse + websocket >= clientsMax)
      throw new Problem(503, `This server has ${String(clientsMax)} live streams already; try another one.`);
    if ((this.#byAddress.get(address) ?? 0) >= clientsPerAddressMax) {
      const detail = `There are ${String(clientsPerAddressMax)} live streams from your address already; close some.`;
      throw new Problem(429, detail);
    }
    if (this.#followed.get(city)?.feed.isTooLarge === true)
      throw new Problem(503, `${city} has too many open hours to follow them live; /v1/hourly has them.`);
  }

  /** One look at everything; the hub itself does it every LIVE_TICK_MS. */
  tick(): void {
    const nowMs = this.#ports.clock.monotonicMs();
    if (nowMs - this.#askedMs >= LIVE_INTEREST_MS) this.#ask(nowMs);
    for (const [city, { feed, clients, stop, idleSinceMs }] of this.#followed) {
      feed.tick(nowMs);
      for (const client of clients) {
        if (feed.isTooLarge) client.end('too-large');
        else client.tick();
      }
      if (clients.size > 0 || nowMs - idleSinceMs < LIVE_LINGER_MS) continue;
      stop();
      this.#followed.delete(city);
    }
  }

  /** Ends every stream; no more are opened. */
  async close(): Promise<void> {
    this.#closed.abort();
    for (const { clients, stop } of this.#followed.values()) {
      for (const client of clients) client.end('closing');
      stop();
    }
    this.#followed.clear();
    await this.#running;
  }

  async #tickWhileFollowed(): Promise<void> {
    while (this.#followed.size > 0) {
      try {
        this.tick();
      } catch (error) {
        this.#ports.onError(error);
      }
      await this.#ports.clock.sleep(LIVE_TICK_MS, this.#closed.signal);
    }
    this.#running = null;
  }

  #follow(city: string, nowMs: number): Followed {
    const known = this.#followed.get(city);
    if (known !== undefined) return known;
    if (this.#followed.size >= this.#limits.citiesMax) this.#forgetIdle();
    const limits = { nowMs: this.#ports.clock.nowMs(), keysMax: this.#limits.keysPerCityMax };
    const feed = new CityFeed(city, this.#ports, limits);
    const stop = this.#ports.source.listen(city, (update) => feed.take(update, this.#ports.clock.monotonicMs()));
    const followed: Followed = { feed, stop, clients: new Set(), idleSinceMs: nowMs };
    this.#followed.set(city, followed);
    this.#ask(nowMs);
    return followed;
  }

  /** @throws {Problem} 503 where every city has clients. */
  #forgetIdle(): void {
    const idle = [...this.#followed].find(([, { clients }]) => clients.size === 0);
    if (idle === undefined) throw new Problem(503, 'This server follows as many cities as it can; try another one.');
    idle[1].stop();
    this.#followed.delete(idle[0]);
  }

  #ask(nowMs: number): void {
    if (this.#followed.size === 0) return;
    this.#askedMs = nowMs;
    const feeds = [...this.#followed.values()].map(({ feed }) => feed);
    this.#ports.source.ask({
      api: this.#name,
      fromHour: Math.min(...feeds.map((feed) => feed.fromHour)),
      cities: feeds.map((feed) => feed.city),
      whole: feeds.filter((feed) => feed.wantsWhole).map((feed) => feed.city),
    });
  }

  #count({ address, transport }: LiveAsk, by: 1 | -1): void {
    this.#byTransport[transport] += by;
    const count = (this.#byAddress.get(address) ?? 0) + by;
    if (count === 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, count);
  }
}
