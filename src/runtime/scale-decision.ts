/**
 * How many worker threads a node should have: the decision behind `--auto`.
 *
 * Job: figures of one look in, the number of threads out, with hysteresis. Boundary: pure; no clock, no thread, no
 * connection ({@link AutoScaler} has those).
 * Invariants: never outside the bounds; never grows where no processor is free or where it is the database that is
 * behind; shrinks only to a pool that would not be busy. So a constant load moves the pool in one direction until it
 * fits, and then leaves it alone.
 */
import {
  AUTO_BACKLOG_S_MAX,
  AUTO_BUSY_SHARE_CALM,
  AUTO_BUSY_SHARE_MAX,
  AUTO_FREE_CORES_MIN,
  AUTO_GROW_AFTER_MS,
  AUTO_SETTLE_MS,
  AUTO_SHRINK_AFTER_MS,
} from '../model/limits.ts';
import type { PoolBounds } from '../model/cluster.ts';

/** A node's pool at one moment. */
export interface PoolFigures {
  /** Monotonic. */
  readonly nowMs: number;
  /** Worker threads there are. */
  readonly workers: number;
  /** Messages that wait in the stream for this node's threads. */
  readonly backlog: number;
  /** Messages that this node takes per second. */
  readonly messagesPerSecond: number;
  /** Threads that were at work since the last look, as a sum of shares: 0 to `workers`. */
  readonly busyThreads: number;
  /** Processors of the machine that nobody used since the last look, as a sum of shares. */
  readonly freeCores: number;
  /** True where the pull is held because the database is behind: more threads would not help. */
  readonly isHeldBack: boolean;
}

/** How fast the pool follows; {@link DEFAULT_PACE} but in tests. */
export interface ScalePace {
  readonly growAfterMs: number;
  readonly shrinkAfterMs: number;
  readonly settleMs: number;
}

export const DEFAULT_PACE: ScalePace = {
  growAfterMs: AUTO_GROW_AFTER_MS,
  shrinkAfterMs: AUTO_SHRINK_AFTER_MS,
  settleMs: AUTO_SETTLE_MS,
};

/** What one look leaves for the next. */
export interface ScaleMemory {
  /** Since when every look found too much to do; null: the last one did not. */
  readonly behindSinceMs: number | null;
  /** Since when every look found so little that fewer threads would do; null: the last one did not. */
  readonly calmSinceMs: number | null;
  readonly changedMs: number;
}

export const NO_MEMORY: ScaleMemory = { behindSinceMs: null, calmSinceMs: null, changedMs: -Infinity };

export interface ScaleDecision {
  /** Threads the pool is to have now. */
  readonly workers: number;
  readonly memory: ScaleMemory;
}

export function decideScale(
  figures: PoolFigures,
  bounds: PoolBounds,
  memory: ScaleMemory,
  pace: ScalePace = DEFAULT_PACE,
): ScaleDecision {
  const { nowMs, workers } = figures;
  const inBounds = Math.min(bounds.max, Math.max(bounds.min, workers));
  if (inBounds !== workers) return changed(inBounds, nowMs);

  const isBehind = !figures.isHeldBack && (backlogSeconds(figures) > AUTO_BACKLOG_S_MAX || isBusy(figures));
  const behindSinceMs = isBehind ? (memory.behindSinceMs ?? nowMs) : null;
  const calmSinceMs = !isBehind && wouldBeCalm(figures) ? (memory.calmSinceMs ?? nowMs) : null;
  const stay = { workers, memory: { behindSinceMs, calmSinceMs, changedMs: memory.changedMs } };
  // A change takes a moment to show; what is seen meanwhile says little.
  if (nowMs - memory.changedMs < pace.settleMs) return stay;

  const canGrow = workers < bounds.max && figures.freeCores >= AUTO_FREE_CORES_MIN;
  if (behindSinceMs !== null && nowMs - behindSinceMs >= pace.growAfterMs && canGrow) {
    // As many as there are processors for, twice as many as there are at most: one move instead of several.
    const more = Math.max(1, Math.min(workers, Math.floor(figures.freeCores)));
    return changed(Math.min(bounds.max, workers + more), nowMs);
  }
  if (calmSinceMs !== null && nowMs - calmSinceMs >= pace.shrinkAfterMs && workers > bounds.min)
    return changed(workers - 1, nowMs);
  return stay;
}

/** Both waits begin anew. */
function changed(workers: number, nowMs: number): ScaleDecision {
  return { workers, memory: { ...NO_MEMORY, changedMs: nowMs } };
}

/** How long the backlog would take at the present pace. */
function backlogSeconds({ backlog, messagesPerSecond }: PoolFigures): number {
  return backlog === 0 ? 0 : backlog / messagesPerSecond;
}

function isBusy({ busyThreads, workers }: PoolFigures): boolean {
  return busyThreads / workers > AUTO_BUSY_SHARE_MAX;
}

/** One thread fewer would have little to do, too: far from the share at which it would grow again. */
function wouldBeCalm(figures: PoolFigures): boolean {
  const { workers, busyThreads, isHeldBack } = figures;
  return !isHeldBack && workers > 1 && busyThreads / (workers - 1) < AUTO_BUSY_SHARE_CALM;
}
