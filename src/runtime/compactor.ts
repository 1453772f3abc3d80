/**
 * Compacts the rollups of days that are over (the second stage; compaction.ts has the statements).
 *
 * Job: looks, now and then, which days all of whose hours are final have other blocks than they were compacted from, and compacts
 * those that have rested since the last look: corrections often come in a row.
 * Boundary: no reading passes here, and nothing waits for it: what is not compacted is read from the rollups' rows. Of all nodes the
 * one that owns the first partition does it; where two believe that for a moment, both may (invariant 16).
 */
import type { ClickHouseClient } from '@clickhouse/client';
import type { Clock } from '../model/clock.ts';
import { explain } from '../model/errors.ts';
import { DAY_HOURS, HOUR_MS, monthOf } from '../model/hour.ts';
import { COMPACTION_LOOK_MS, COMPACTION_REST_FACTOR, COMPACTION_RETRY_MS } from '../model/limits.ts';
import type { Log } from '../model/log.ts';
import type { WatchedCluster } from './cluster-view.ts';
import { compactDays, dropLeftovers, readMonthNames, readTableDays, type TableDay } from './compaction.ts';

export interface CompactorPorts {
  readonly clickhouse: ClickHouseClient;
  readonly cluster: Pick<WatchedCluster, 'finalThroughMs' | 'ownerOf'>;
  /** Whose owners' names begin with this. */
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
}

export class Compactor {
  readonly #ports: CompactorPorts;
  readonly #stop: AbortSignal;
  /** What the last look depended on, by month. */
  #seen: ReadonlyMap<number, string> = new Map();
  /** Days that were due at the last look, and the blocks they had. */
  #due = new Map<number, number>();
  /** Days that could not be compacted, such as those whose rollups' rows were of other blocks, and the blocks they should have been of. */
  readonly #refused = new Map<number, number>();
  /** Of COMPACTION_RETRY_MS. */
  #period = 0;
  #areLeftoversGone = false;

  constructor(ports: CompactorPorts, stop: AbortSignal) {
    this.#ports = ports;
    this.#stop = stop;
  }

  /** One look, and one run for each month that has something due. @throws where the database does not answer. */
  async look(): Promise<void> {
    const { clickhouse: client, clock, cluster, node, log } = this.#ports;
    const database = { client, stop: this.#stop };
    if (cluster.ownerOf(0)?.startsWith(`${node}/`) !== true) {
      this.#forget();
      return;
    }
    if (!this.#areLeftoversGone) await dropLeftovers(database);
    this.#areLeftoversGone = true;
    const period = Math.floor(clock.monotonicMs() / COMPACTION_RETRY_MS);
    if (period !== this.#period) this.#refused.clear();
    this.#period = period;
    const endDay = Math.floor(cluster.finalThroughMs() / (DAY_HOURS * HOUR_MS));
    const endMonth = monthOf(endDay * DAY_HOURS);
    const seen = new Map<number, string>();
    for (const [month, name] of await readMonthNames(database)) {
      // Whether its days are final matters only where they become so.
      seen.set(month, `${name} ${String(period)} ${month < endMonth ? '' : String(endDay)}`);
    }
    const dueMonths = new Set([...this.#due.keys()].map((day) => monthOf(day * DAY_HOURS)));
    const months = [...seen.keys()].filter(
      (month) => seen.get(month) !== this.#seen.get(month) || dueMonths.has(month),
    );
    if (months.length === 0) return;
    const days = (await readTableDays(database, months)).filter(({ day }) => day < endDay);
    this.#seen = seen;
    const due = days.filter(({ day, blocks, compacted }) => blocks !== compacted && this.#refused.get(day) !== blocks);
    const rested = due.filter(({ day, blocks }) => this.#due.get(day) === blocks);
    this.#due = new Map(due.map(({ day, blocks }) => [day, blocks]));
    const errors: unknown[] = [];
    for (const month of byMonth(rested)) {
      const startMs = clock.monotonicMs();
      // A month that fails must not keep the others from being compacted.
      const compacted = await compactDays(database, month).catch((error: unknown): number[] => {
        errors.push(error);
        return [];
      });
      for (const { day, blocks } of month) if (!compacted.includes(day)) this.#refused.set(day, blocks);
      const tookMs = clock.monotonicMs() - startMs;
      log.debug(`rollups of ${String(compacted.length)} days compacted in ${(tookMs / 1_000).toFixed(1)} s`);
      await clock.sleep(COMPACTION_REST_FACTOR * tookMs, this.#stop);
      if (this.#stop.aborted) return;
    }
    if (errors.length > 0) throw errors[0];
  }

  #forget(): void {
    this.#seen = new Map();
    this.#due.clear();
  }
}

export function startCompactor(ports: CompactorPorts): { stop(): Promise<void> } {
  const { clock, log } = ports;
  const stop = new AbortController();
  const compactor = new Compactor(ports, stop.signal);
  const running = (async (): Promise<void> => {
    let isFailing = false;
    while (!stop.signal.aborted) {
      try {
        await compactor.look();
        isFailing = false;
      } catch (error) {
        if (!isFailing && !stop.signal.aborted)
          log.warn(`rollups of past days cannot be compacted, trying again: ${explain(error)}`);
        isFailing = true;
      }
      await clock.sleep(COMPACTION_LOOK_MS, stop.signal);
    }
  })();
  return {
    stop: async () => {
      stop.abort();
      await running;
    },
  };
}

/** Newest first: they are asked for most. */
function byMonth(days: readonly TableDay[]): TableDay[][] {
  const months = new Map<number, TableDay[]>();
  for (const day of days.toReversed()) {
    const month = monthOf(day.day * DAY_HOURS);
    months.set(month, [...(months.get(month) ?? []), day]);
  }
  return [...months.values()];
}
