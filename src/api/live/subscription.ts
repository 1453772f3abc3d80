/**
 * One client of a city's feed: its place in it, and its filter.
 *
 * Job: gives the events that come after the client's place, when the client takes them. Boundary: no socket, no timer.
 * Back pressure: what a client has is a version and at most one chunk. Events are taken from the feed when the client
 * asks for the next chunk, so a slow one skips what has been replaced meanwhile (invariant 13).
 */
import { LIVE_CHUNK_BYTES_MAX, LIVE_HEARTBEAT_MS, LIVE_STALL_MS_MAX } from '../../model/limits.ts';
import type { Clock } from '../../model/clock.ts';
import type { CityFeed, LiveEvent } from './city-feed.ts';

export interface LiveFilter {
  readonly district?: string | undefined;
  readonly kind?: string | undefined;
  readonly metric?: string | undefined;
}

/** Why a stream ended; `closed`: the client left. */
export type LiveEnd = 'closed' | 'closing' | 'too-slow' | 'too-large';

export class Subscription {
  readonly feed: CityFeed;
  readonly #filter: LiveFilter;
  readonly #clock: Clock;
  #version: number;
  /** When the client last asked for something. Monotonic. */
  #askedMs: number;
  #waiting: ((events: readonly LiveEvent[] | null) => void) | null = null;
  #hasEnded = false;
  readonly #onEnd: ((why: LiveEnd) => void)[] = [];

  /** @param version of the feed, up to which the client has seen everything. */
  constructor(feed: CityFeed, filter: LiveFilter, version: number, clock: Clock) {
    this.feed = feed;
    this.#filter = filter;
    this.#version = version;
    this.#clock = clock;
    this.#askedMs = clock.monotonicMs();
  }

  /**
   * The next events, when there are any and the one before has been taken. None: nothing has happened for
   * LIVE_HEARTBEAT_MS, and the client should be told so. Null: the stream ends.
   */
  next(): Promise<readonly LiveEvent[] | null> {
    if (this.#hasEnded) return Promise.resolve(null);
    this.#askedMs = this.#clock.monotonicMs();
    const events = this.#take();
    if (events.length > 0) return Promise.resolve(events);
    return new Promise((resolve) => (this.#waiting = resolve));
  }

  /** Gives a waiting client what there is, or a heartbeat; ends one that does not take what it has been given. */
  tick(): void {
    const silentMs = this.#clock.monotonicMs() - this.#askedMs;
    if (this.#waiting === null) {
      if (silentMs > LIVE_STALL_MS_MAX) this.end('too-slow');
      return;
    }
    const events = this.#take();
    if (events.length === 0 && silentMs < LIVE_HEARTBEAT_MS) return;
    this.#give(events);
  }

  /** Calls `tell` when the stream ends, by whomever. */
  onEnd(tell: (why: LiveEnd) => void): void {
    this.#onEnd.push(tell);
  }

  end(why: LiveEnd): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#give(null);
    for (const tell of this.#onEnd) tell(why);
  }

  #give(events: readonly LiveEvent[] | null): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.(events);
  }

  #take(): LiveEvent[] {
    const taken: LiveEvent[] = [];
    let chars = 0;
    for (const event of this.feed.events.after(this.#version)) {
      this.#version = event.version;
      if (!this.#wants(event)) continue;
      taken.push(event);
      chars += event.data.length;
      if (chars >= LIVE_CHUNK_BYTES_MAX) return taken;
    }
    this.#version = this.feed.events.version;
    return taken;
  }

  #wants(event: LiveEvent): boolean {
    const { district, kind, metric } = this.#filter;
    return (
      (district === undefined || district === event.district) &&
      (kind === undefined || kind === event.kind) &&
      (metric === undefined || metric === event.metric)
    );
  }
}
