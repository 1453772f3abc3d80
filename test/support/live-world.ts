/**
 * A hub of live hours between a clock, workers and tables that a test drives.
 *
 * Boundary: tests only; the workers' messages are the other party of the port (model/live.ts).
 */
import type { FinalHour } from '../../src/api/queries/live.ts';
import type { LiveHour } from '../../src/api/live/city-feed.ts';
import { type HubLimits, LiveHub } from '../../src/api/live/hub.ts';
import type { Subscription } from '../../src/api/live/subscription.ts';
import { HOUR_MS } from '../../src/model/hour.ts';
import { LIVE_TICK_MS } from '../../src/model/limits.ts';
import type { LiveInterest, LiveRow, LiveUpdate } from '../../src/model/live.ts';

/** Half past two, UTC. */
const WALL_MS = Date.UTC(2026, 10, 23, 14, 30);
export const OPEN_HOUR = Math.floor(WALL_MS / HOUR_MS);

export function liveRow(given: Partial<LiveRow>): LiveRow {
  const { count = 1, sumHi = 20 * count } = given;
  const figures = { count, sumHi, sumLo: 0, min: 20, max: 20 };
  return { district: 'a', kind: 'air', metric: 'temp', hour: OPEN_HOUR, ...figures, ...given };
}

/** One worker thread. */
export class TestThread {
  readonly #world: LiveWorld;
  readonly #owner: string;
  #edges: { partition: number; epoch: number; nextBlock: number; unconfirmed: number[] }[] = [];
  #session = 0;
  #sequence = 0;

  constructor(world: LiveWorld, owner: string) {
    this.#world = world;
    this.#owner = owner;
  }

  /** Owns partitions from now on, and tells all its rows. */
  begin(partitions: readonly number[], rows: LiveRow[], epoch = 1): void {
    this.#edges = partitions.map((partition) => ({ partition, epoch, nextBlock: 10, unconfirmed: [] }));
    this.#session += 1;
    this.#sequence = 0;
    this.#tell(rows, true);
  }

  /** Tells all rows again. */
  tellAll(rows: LiveRow[]): void {
    this.#tell(rows, true);
  }

  tell(...rows: LiveRow[]): void {
    this.#tell(rows, false);
  }

  /** A message that does not arrive. */
  lose(): void {
    this.#sequence += 1;
  }

  #tell(rows: LiveRow[], isWhole: boolean): void {
    const session = `${this.#owner}-${String(this.#session)}`;
    const edges = isWhole ? this.#edges : null;
    this.#world.tell({ owner: this.#owner, session, sequence: this.#sequence, edges, rows, isLast: true });
    this.#sequence += 1;
  }
}

export class LiveWorld {
  nowMs = 1_000_000;
  finalHour = OPEN_HOUR;
  /** The table's part of the open hours, and what it has of final ones. */
  base: LiveRow[] = [];
  finals: FinalHour[] = [];
  /** Reads of the table's part. */
  reads = 0;
  readonly asked: LiveInterest[] = [];
  readonly errors: unknown[] = [];
  readonly hub: LiveHub;
  readonly #listeners = new Map<string, (update: LiveUpdate) => void>();

  constructor(limits: Partial<HubLimits> = {}) {
    const clock = {
      nowMs: () => WALL_MS,
      monotonicMs: () => this.nowMs,
      // The hub's own rounds: the test makes them.
      sleep: (_: number, signal?: AbortSignal) =>
        new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve())),
    };
    const ports = {
      cluster: {
        partitions: 2,
        incarnation: 7,
        finalThroughMs: () => this.finalHour * HOUR_MS,
        watermarkMs: () => WALL_MS - 5_000,
      },
      tables: {
        base: () => {
          this.reads += 1;
          return Promise.resolve(this.base.map((row) => ({ ...row })));
        },
        finalHours: (_: string, { fromHour, toHour }: { fromHour: number; toHour: number }) =>
          Promise.resolve(this.finals.filter(({ hour }) => hour >= fromHour && hour < toHour)),
      },
      source: {
        listen: (city: string, take: (update: LiveUpdate) => void) => {
          this.#listeners.set(city, take);
          return () => this.#listeners.delete(city);
        },
        ask: (interest: LiveInterest) => this.asked.push(interest),
      },
      clock,
      onError: (error: unknown) => this.errors.push(error),
    };
    this.hub = new LiveHub(ports, limits);
  }

  /** Cities that are listened to. */
  get cities(): string[] {
    return [...this.#listeners.keys()];
  }

  open(ask: Partial<Parameters<LiveHub['open']>[0]> = {}): TestClient {
    return new TestClient(this.hub.open({ city: 'lisbon', address: '::1', transport: 'sse', ...ask }));
  }

  tell(update: LiveUpdate): void {
    this.#listeners.get('lisbon')?.(update);
  }

  /** Lets time pass, in rounds of the hub. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= LIVE_TICK_MS) {
      this.nowMs += LIVE_TICK_MS;
      this.hub.tick();
      // What the tables answer, and clients take.
      await new Promise(setImmediate);
    }
  }
}

/** Takes whatever it is given, at once, until it is told to be slow. */
export class TestClient {
  readonly subscription: Subscription;
  readonly events: (LiveHour & { id: string })[] = [];
  heartbeats = 0;
  ended: string | null = null;
  #isSlow = false;
  #isTaking = false;

  constructor(subscription: Subscription) {
    this.subscription = subscription;
    subscription.onEnd((why) => (this.ended = why));
    this.take();
  }

  /** [count, status] of each event. */
  get counts(): [number, string][] {
    return this.events.map(({ count, status }) => [count, status]);
  }

  /** It does not ask for more. */
  stall(): void {
    this.#isSlow = true;
  }

  take(): void {
    this.#isSlow = false;
    if (!this.#isTaking) void this.#takeAll();
  }

  async #takeAll(): Promise<void> {
    this.#isTaking = true;
    while (!this.#isSlow) {
      const events = await this.subscription.next();
      if (events === null) break;
      if (events.length === 0) this.heartbeats += 1;
      for (const { id, data } of events) this.events.push({ id, ...(JSON.parse(data) as LiveHour) });
    }
    this.#isTaking = false;
  }
}
