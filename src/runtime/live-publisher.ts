/**
 * Tells whoever looks how the open hours of this thread's partitions grow (model/live.ts).
 *
 * Job: hears the interest, adds up the partitions' figures once a second, publishes the rows that have changed.
 * Boundary: NATS on one side, the host's runners on the other. Without interest it does nothing and the actors keep
 * nothing; with it, a second's work is one pass over the cells of the open windows, a partition at a time, so that no
 * message waits behind more than one of them.
 * Invariants: 8 (the edge of a partition is taken in the moment in which its figures begin), 9 (nothing is told
 * without the lease). Delivery: at most once; messages are numbered.
 */
import { randomUUID } from 'node:crypto';
import type { NatsConnection } from '@nats-io/transport-node';
import type { CityRow, LiveFigures } from '../actors/live-figures.ts';
import type { Clock } from '../model/clock.ts';
import { explain } from '../model/errors.ts';
import { LIVE_INTERVAL_MS, LIVE_LEASE_MS, LIVE_ROWS_PER_MESSAGE } from '../model/limits.ts';
import {
  LIVE_INTEREST_SUBJECT,
  type LiveEdge,
  type LiveInterest,
  type LiveRow,
  liveSubject,
  type LiveUpdate,
} from '../model/live.ts';
import { addLiveRow } from '../model/live-row.ts';
import type { Log } from '../model/log.ts';
import type { PartitionRunner } from './partition-runner.ts';
import { pack, unpack } from './wire.ts';

/** What is asked of a {@link Host}. */
export interface LiveHost {
  answering(): readonly LiveRunner[];
}
type LiveRunner = Pick<PartitionRunner, 'actor' | 'epoch' | 'edge'>;

interface Interest {
  readonly untilMs: number;
  readonly fromHour: number;
  readonly cities: readonly string[];
}

/** A partition whose figures are told, since when, and what the table held then. */
interface Told {
  readonly runner: LiveRunner;
  readonly figures: LiveFigures;
  readonly edge: LiveEdge;
}

/** What was last published of a city: the next message's number, and the count of each row. */
interface Published {
  sequence: number;
  readonly counts: Map<string, number>;
}

export class LivePublisher {
  readonly #nc: NatsConnection;
  readonly #host: LiveHost;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #owner: string;
  readonly #interests = new Map<string, Interest>();
  readonly #wanted = new Set<string>();
  readonly #stopped = new AbortController();
  #told: Told[] = [];
  #session = '';
  #published = new Map<string, Published>();
  #pause = new AbortController();
  #running: Promise<void> | null = null;

  constructor(nc: NatsConnection, host: LiveHost, { clock, log, owner }: { clock: Clock; log: Log; owner: string }) {
    this.#nc = nc;
    this.#host = host;
    this.#clock = clock;
    this.#log = log;
    this.#owner = owner;
  }

  start(): void {
    const subscription = this.#nc.subscribe(LIVE_INTEREST_SUBJECT, {
      callback: (error, msg) => {
        if (error === null) this.#hear(unpack<LiveInterest>(msg.data));
      },
    });
    this.#stopped.signal.addEventListener('abort', () => subscription.unsubscribe());
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#pause.abort();
    await this.#running;
  }

  #hear({ api, fromHour, cities, whole }: LiveInterest): void {
    if (this.#stopped.signal.aborted) return;
    const before = this.#interests.get(api);
    this.#interests.set(api, { untilMs: this.#clock.monotonicMs() + LIVE_LEASE_MS, fromHour, cities });
    for (const city of whole) this.#wanted.add(city);
    // Whoever looks at a city for the first time is told at once.
    if (cities.some((city) => before?.cities.includes(city) !== true)) this.#pause.abort();
    this.#running ??= this.#tellWhileAsked().finally(() => (this.#running = null));
  }

  async #tellWhileAsked(): Promise<void> {
    for (;;) {
      const nowMs = this.#clock.monotonicMs();
      for (const [api, { untilMs }] of this.#interests) if (untilMs <= nowMs) this.#interests.delete(api);
      if (this.#interests.size === 0 || this.#stopped.signal.aborted) break;
      try {
        await this.#tell();
      } catch (error) {
        this.#log.warn(`open hours could not be told: ${explain(error)}`);
      }
      this.#pause = new AbortController();
      await this.#clock.sleep(LIVE_INTERVAL_MS, this.#pause.signal);
    }
    for (const { runner } of this.#told) runner.actor.endLive();
    this.#told = [];
    this.#published.clear();
    this.#wanted.clear();
  }

  async #tell(): Promise<void> {
    const fromHour = Math.min(...[...this.#interests.values()].map((interest) => interest.fromHour));
    const cities = new Set([...this.#interests.values()].flatMap((interest) => interest.cities));
    const runners = this.#host.answering();
    await this.#begin(runners, fromHour);
    const { rows, isWhole } = await this.#addUp(runners, cities, fromHour);
    // Another set of partitions than at the beginning: the next round tells of it.
    if (!isWhole) return;
    for (const known of this.#published.keys()) if (!cities.has(known)) this.#published.delete(known);
    for (const city of cities) this.#publish(city, rows.get(city) ?? new Map<string, LiveRow>());
  }

  /** Figures of partitions that are new, or of hours that nobody asked for before, begin anew, and a session with them. */
  async #begin(runners: readonly LiveRunner[], fromHour: number): Promise<void> {
    const stays = new Map(this.#told.map((told) => [told.runner, told]));
    const told: Told[] = [];
    for (const runner of runners) {
      const known = stays.get(runner);
      if (known !== undefined && fromHour >= known.figures.fromHour) {
        told.push(known);
        continue;
      }
      const edge = { ...runner.edge(), epoch: runner.epoch };
      told.push({ runner, edge, figures: runner.actor.beginLive(fromHour) });
      // Reads the unconfirmed blocks back: many, where the database is behind.
      await this.#clock.sleep(0);
    }
    const isSame = told.length === this.#told.length && told.every((one, at) => one === this.#told[at]);
    if (isSame && this.#session !== '') return;
    this.#told = told;
    this.#session = randomUUID();
    this.#published.clear();
  }

  async #addUp(
    runners: readonly LiveRunner[],
    cities: ReadonlySet<string>,
    fromHour: number,
  ): Promise<{ rows: Map<string, Map<string, LiveRow>>; isWhole: boolean }> {
    const rows = new Map([...cities].map((city) => [city, new Map<string, LiveRow>()]));
    for (const { runner, figures } of this.#told) {
      figures.forgetBelow(fromHour);
      for (const row of runner.actor.liveRows(fromHour)) addTo(rows.get(row.city), row);
      await this.#clock.sleep(0);
    }
    const now = new Set(this.#host.answering());
    return { rows, isWhole: now.size === runners.length && runners.every((runner) => now.has(runner)) };
  }

  #publish(city: string, rows: ReadonlyMap<string, LiveRow>): void {
    const known = this.#wanted.delete(city) ? undefined : this.#published.get(city);
    const published = known ?? { sequence: this.#published.get(city)?.sequence ?? 0, counts: new Map() };
    this.#published.set(city, published);
    // Within a session a row only grows: with the same count it is the same row.
    const changed = [...rows].filter(([key, { count }]) => published.counts.get(key) !== count);
    for (const [key, { count }] of changed) published.counts.set(key, count);
    for (const key of published.counts.keys()) if (!rows.has(key)) published.counts.delete(key);
    for (let first = 0; first === 0 || first < changed.length; first += LIVE_ROWS_PER_MESSAGE) {
      const end = first + LIVE_ROWS_PER_MESSAGE;
      const update: LiveUpdate = {
        owner: this.#owner,
        session: this.#session,
        sequence: published.sequence,
        edges: known === undefined && first === 0 ? this.#told.map(({ edge }) => edge) : null,
        rows: changed.slice(first, end).map(([, row]) => row),
        isLast: end >= changed.length,
      };
      this.#nc.publish(liveSubject(city), pack(update));
      published.sequence += 1;
    }
  }
}

/** Adds a partition's row to the thread's, where its city is looked at. */
function addTo(rows: Map<string, LiveRow> | undefined, row: CityRow): void {
  if (rows === undefined) return;
  const { city: _, ...figures } = row;
  const key = `${row.district}.${row.kind} ${row.metric} ${String(row.hour)}`;
  const known = rows.get(key);
  if (known === undefined) rows.set(key, figures);
  else addLiveRow(known, figures);
}
