/**
 * What the worker threads tell of one city, put together (model/live.ts).
 *
 * Job: takes numbered updates, knows whether all partitions are told of, adds the threads' rows up.
 * Boundary: memory only; when it is now is handed in. Invariant 8: there is an answer only while each partition is in
 * the figures of exactly one thread. An account of all rows counts when its last message has come; a later owner of a
 * partition (a higher epoch) replaces an earlier one.
 */
import { LIVE_SILENCE_MS_MAX } from '../../model/limits.ts';
import type { LiveEdge, LiveRow, LiveUpdate } from '../../model/live.ts';
import { addLiveRow, emptyLiveRow } from '../../model/live-row.ts';

interface Thread {
  readonly session: string;
  readonly edges: readonly LiveEdge[];
  readonly rows: Map<string, LiveRow>;
  /** Number of the message that comes next. */
  sequence: number;
  heardMs: number;
}

/** One hour of one (district, kind, metric); district and kind have neither point nor space. */
export function liveKey({
  district,
  kind,
  metric,
  hour,
}: Pick<LiveRow, 'district' | 'kind' | 'metric' | 'hour'>): string {
  return `${district}.${kind} ${metric} ${String(hour)}`;
}

export class Threads {
  readonly #partitions: number;
  readonly #threads = new Map<string, Thread>();
  /** Accounts whose last message has not come yet. */
  readonly #arriving = new Map<string, Thread>();
  #hasMissed = false;
  #sessions: string | null = null;
  /** Keys whose rows may be others than when they were last taken out of here. */
  readonly changed = new Set<string>();

  constructor(partitions: number) {
    this.#partitions = partitions;
  }

  /** True where all rows should be asked for: not every partition is told of, or a message was missed. */
  get wantsWhole(): boolean {
    return this.#hasMissed || this.#sessions === null;
  }

  /** Names the edges that hold now; null while not each partition is told of once. */
  get sessions(): string | null {
    return this.#sessions;
  }

  edges(): LiveEdge[] {
    return [...this.#threads.values()].flatMap((thread) => thread.edges);
  }

  take(update: LiveUpdate, nowMs: number): void {
    const { owner, session, sequence, edges, rows, isLast } = update;
    if (edges !== null) this.#arriving.set(owner, { session, edges, rows: new Map(), sequence, heardMs: nowMs });
    const arriving = this.#arriving.get(owner);
    const thread = arriving ?? this.#threads.get(owner);
    if (thread?.session !== session || thread.sequence !== sequence) {
      this.#hasMissed = true;
      return;
    }
    thread.sequence += 1;
    thread.heardMs = nowMs;
    for (const row of rows) {
      const key = liveKey(row);
      thread.rows.set(key, row);
      this.changed.add(key);
    }
    if (arriving === undefined || !isLast) return;
    this.#arriving.delete(owner);
    this.#replace(owner, arriving);
  }

  /** Forgets threads that have been silent for too long. */
  dropSilent(nowMs: number): void {
    for (const [owner, { heardMs }] of this.#threads) if (nowMs - heardMs > LIVE_SILENCE_MS_MAX) this.#drop(owner);
    for (const [owner, { heardMs }] of this.#arriving)
      if (nowMs - heardMs > LIVE_SILENCE_MS_MAX) this.#arriving.delete(owner);
  }

  /** All threads' rows of a key added up. */
  sum(key: string): LiveRow | null {
    let sum: LiveRow | null = null;
    for (const { rows } of this.#threads.values()) {
      const row = rows.get(key);
      if (row === undefined) continue;
      sum ??= emptyLiveRow(row);
      addLiveRow(sum, row);
    }
    return sum;
  }

  /** Every key is to be looked at again. */
  changeAll(): void {
    for (const { rows } of this.#threads.values()) for (const key of rows.keys()) this.changed.add(key);
  }

  /** Hours below are of no interest any more. */
  forgetBelow(hour: number): void {
    for (const { rows } of this.#threads.values()) for (const [key, row] of rows) if (row.hour < hour) rows.delete(key);
  }

  #replace(owner: string, thread: Thread): void {
    const epochs = new Map(thread.edges.map((edge) => [edge.partition, edge.epoch]));
    for (const [other, { edges }] of this.#threads) {
      if (other === owner) continue;
      if (edges.some((edge) => edge.epoch < (epochs.get(edge.partition) ?? 0))) this.#drop(other);
      // This one has been replaced, and does not know it yet.
      else if (edges.some((edge) => edge.epoch > (epochs.get(edge.partition) ?? Infinity))) return;
    }
    this.#drop(owner);
    this.#threads.set(owner, thread);
    for (const key of thread.rows.keys()) this.changed.add(key);
    this.#hasMissed = false;
    this.#findSessions();
  }

  #drop(owner: string): void {
    for (const key of this.#threads.get(owner)?.rows.keys() ?? []) this.changed.add(key);
    if (this.#threads.delete(owner)) this.#findSessions();
  }

  #findSessions(): void {
    const told = new Set<number>();
    let isOnce = true;
    for (const { partition } of this.edges()) {
      isOnce &&= !told.has(partition);
      told.add(partition);
    }
    const sessions = [...this.#threads.values()].map((thread) => thread.session);
    this.#sessions = isOnce && told.size === this.#partitions ? sessions.sort().join() : null;
  }
}
