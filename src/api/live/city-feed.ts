/**
 * The open hours of one city as they grow: workers' figures and table put together, one event a change.
 *
 * Job: adds what the table held when the threads' figures began to these figures, makes the events, and says of each
 * hour once that it is final. Boundary: updates and time are handed in, the table is a port; who reads the events, the
 * hub knows. Invariants: 8 (the table is read after the edges are known, without the blocks that the figures hold;
 * while a partition is not told of, nothing is said), 13 (a bound of keys).
 */
import { randomUUID } from 'node:crypto';
import type { ClusterView } from '../../model/cluster.ts';
import { roundedOrNull } from '../../model/double-double.ts';
import { HOUR_MS, hourIso } from '../../model/hour.ts';
import { LIVE_FINAL_HOURS, LIVE_HOURS_MAX, LIVE_INTERVAL_MS } from '../../model/limits.ts';
import type { LiveRow, LiveUpdate } from '../../model/live.ts';
import { addLiveRow, emptyLiveRow } from '../../model/live-row.ts';
import { finalHour } from '../hours.ts';
import type { HiddenBlocks } from '../queries/hourly-facts.ts';
import type { FinalHour } from '../queries/live.ts';
import { NewestLog, type Versioned } from './newest-log.ts';
import { liveKey, Threads } from './threads.ts';

/** The table's side. */
export interface LiveTables {
  base(city: string, hidden: HiddenBlocks): Promise<LiveRow[]>;
  finalHours(city: string, range: { fromHour: number; toHour: number }): Promise<FinalHour[]>;
}

/** What a client is sent of one open or final hour. */
export interface LiveHour {
  city: string;
  district: string;
  kind: string;
  metric: string;
  hour: string;
  count: number;
  /** Null: it overflowed. */
  sum: number | null;
  min: number;
  max: number;
  mean: number | null;
  /** Distinct sensors; null while the hour is open. */
  sensors: number | null;
  status: 'provisional' | 'final';
  /** The least committed watermark of all partitions when this was said. */
  watermark: string;
}

/** A {@link LiveHour} on its way to clients. */
export interface LiveEvent extends Versioned {
  readonly district: string;
  readonly kind: string;
  readonly metric: string;
  readonly hourIndex: number;
  readonly count: number;
  readonly status: LiveHour['status'];
  /** Monotonic ms. */
  readonly saidMs: number;
  /** Names feed and version: with it a client finds its place again. */
  readonly id: string;
  /** The {@link LiveHour} as JSON. */
  readonly data: string;
}

export interface FeedPorts {
  readonly cluster: ClusterView;
  readonly tables: LiveTables;
  /** Told of reads of the table that failed: they are tried again. */
  readonly onError: (error: unknown) => void;
}

interface Base {
  /** {@link Threads.sessions} whose edges it was read with. */
  readonly sessions: string;
  readonly rows: ReadonlyMap<string, LiveRow>;
}

/** After a read of the table that failed. */
const RETRY_MS = 1_000;

export class CityFeed {
  readonly city: string;
  readonly events = new NewestLog<LiveEvent>();
  readonly #ports: FeedPorts;
  readonly #keysMax: number;
  readonly #run = randomUUID().slice(0, 8);
  readonly #threads: Threads;
  #base: Base | null = null;
  /** Hours below are final, and have been said to be. */
  #finalHour: number;
  #readingBase = false;
  #readingFinal = false;
  #notBeforeMs = 0;
  #isTooLarge = false;

  constructor(city: string, ports: FeedPorts, { nowMs, keysMax }: { nowMs: number; keysMax: number }) {
    this.city = city;
    this.#ports = ports;
    this.#keysMax = keysMax;
    this.#threads = new Threads(ports.cluster.partitions);
    const oldest = Math.floor(nowMs / HOUR_MS) - LIVE_HOURS_MAX;
    this.#finalHour = Math.max(finalHour(ports.cluster), oldest) - LIVE_FINAL_HOURS;
  }

  /** Hours below are of no interest. */
  get fromHour(): number {
    return this.#finalHour;
  }

  get wantsWhole(): boolean {
    return this.#threads.wantsWhole;
  }

  /** It has more keys than are kept: it says nothing more. */
  get isTooLarge(): boolean {
    return this.#isTooLarge;
  }

  take(update: LiveUpdate, nowMs: number): void {
    this.#threads.take(update, nowMs);
  }

  /** The version of a `Last-Event-ID`; 0, before everything, where it is not one of this feed's. */
  versionOf(lastEventId: string | undefined): number {
    const [run, version] = lastEventId?.split('-') ?? [];
    if (run !== this.#run || version === undefined || !/^\d{1,15}$/.test(version)) return 0;
    return Math.min(Number(version), this.events.version);
  }

  /** Says what there is to say. */
  tick(nowMs: number): void {
    if (this.#isTooLarge) return;
    this.#threads.dropSilent(nowMs);
    const final = finalHour(this.#ports.cluster);
    if (final > this.#finalHour && !this.#readingFinal && nowMs >= this.#notBeforeMs) void this.#finish(final, nowMs);
    const { sessions } = this.#threads;
    if (sessions === null) return;
    if (this.#base?.sessions === sessions) this.#sayChanges(final, nowMs);
    else if (!this.#readingBase && nowMs >= this.#notBeforeMs) void this.#readBase(sessions, nowMs);
  }

  async #readBase(sessions: string, nowMs: number): Promise<void> {
    const { cluster, tables } = this.#ports;
    const hidden = { fromHour: this.#finalHour, incarnation: cluster.incarnation, edges: this.#threads.edges() };
    this.#readingBase = true;
    try {
      const rows = await tables.base(this.city, hidden);
      const { changed } = this.#threads;
      for (const key of this.#base?.rows.keys() ?? []) changed.add(key);
      this.#base = { sessions, rows: new Map(rows.map((row) => [liveKey(row), row])) };
      for (const key of this.#base.rows.keys()) changed.add(key);
      this.#threads.changeAll();
    } catch (error) {
      this.#failed(error, nowMs);
    } finally {
      this.#readingBase = false;
    }
  }

  async #finish(final: number, nowMs: number): Promise<void> {
    this.#readingFinal = true;
    try {
      const hours = await this.#ports.tables.finalHours(this.city, { fromHour: this.#finalHour, toHour: final });
      for (const hour of hours) this.#sayFinal(hour, nowMs);
      this.#finalHour = final;
      this.#threads.forgetBelow(final);
      this.events.deleteWhere((event) => event.hourIndex < final - LIVE_FINAL_HOURS);
    } catch (error) {
      this.#failed(error, nowMs);
    } finally {
      this.#readingFinal = false;
    }
  }

  #failed(error: unknown, nowMs: number): void {
    this.#notBeforeMs = nowMs + RETRY_MS;
    this.#ports.onError(error);
  }

  /** Hours that are final by now are not called provisional again. */
  #sayChanges(final: number, nowMs: number): void {
    for (const key of this.#threads.changed) {
      const row = this.#sum(key);
      const last = this.events.get(key);
      if (row !== null && row.hour >= final && row.count !== last?.count) {
        if (last !== undefined && nowMs - last.saidMs < LIVE_INTERVAL_MS) continue;
        const sum = roundedOrNull({ hi: row.sumHi, lo: row.sumLo });
        this.#say({ ...row, sum, mean: sum === null ? null : sum / row.count, sensors: null }, 'provisional', nowMs);
      }
      this.#threads.changed.delete(key);
    }
  }

  #sum(key: string): LiveRow | null {
    const base = this.#base?.rows.get(key);
    const told = this.#threads.sum(key);
    if (base === undefined) return told;
    const sum = emptyLiveRow(base);
    addLiveRow(sum, base);
    if (told !== null) addLiveRow(sum, told);
    return sum;
  }

  #sayFinal(hour: FinalHour, nowMs: number): void {
    if (this.events.get(liveKey(hour))?.status !== 'final') this.#say(hour, 'final', nowMs);
  }

  #say(row: Omit<FinalHour, 'sensors'> & Pick<LiveHour, 'sensors'>, status: LiveHour['status'], nowMs: number): void {
    const { district, kind, metric, count, sum, min, max, mean, sensors } = row;
    const key = liveKey(row);
    if (this.events.size >= this.#keysMax && this.events.get(key) === undefined) {
      this.#isTooLarge = true;
      return;
    }
    const hour: LiveHour = {
      city: this.city,
      district,
      kind,
      metric,
      hour: hourIso(row.hour),
      count,
      sum,
      min,
      max,
      mean,
      sensors,
      status,
      watermark: new Date(this.#ports.cluster.watermarkMs()).toISOString(),
    };
    const data = JSON.stringify(hour);
    this.events.put((version) => ({
      key,
      version,
      district,
      kind,
      metric,
      hourIndex: row.hour,
      count,
      status,
      saidMs: nowMs,
      id: `${this.#run}-${String(version)}`,
      data,
    }));
  }
}
