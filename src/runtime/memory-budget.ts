/**
 * How much memory a worker thread may take, and what it does as it gets close.
 *
 * Job: shares the machine's memory among the threads of a node; tells when to give memory back and when to give up.
 * Boundary: pure but for {@link machineBytes}. Invariant 13: the sum over all threads stays below the machine's memory,
 * however many threads there are.
 */
import { totalmem } from 'node:os';
import {
  BLOCK_BYTES_MAX,
  OUTBOX_BYTES_PER_HOST_MAX,
  THREAD_BYTES_MIN,
  THREAD_HEAP_BYTES_MAX,
  THREAD_MEMORY_MS_MAX,
  THREAD_OUTBOX_SHARE,
  THREAD_RELIEF_SHARE,
  THREAD_WINDOW_SHARE,
  WINDOW_BYTES_PER_HOST_MAX,
  WORKERS_MEMORY_SHARE,
  WORKERS_MEMORY_SHARE_WITH_DATABASE,
} from '../model/limits.ts';

/** What one thread may hold, bytes. */
export interface MemoryBudget {
  /** Heap and typed arrays together: above, the thread ends. */
  readonly threadBytesMax: number;
  /** Window cells: above, the oldest hours are sealed early. */
  readonly windowBytesMax: number;
  /** Blocks that wait for the database: above, the pull stops. */
  readonly outboxBytesMax: number;
}

/** @param hasDatabase true where the embedded database runs beside the workers and has its own share. */
export function budgetOf(machine: number, threads: number, hasDatabase: boolean): MemoryBudget {
  const share = hasDatabase ? WORKERS_MEMORY_SHARE_WITH_DATABASE : WORKERS_MEMORY_SHARE;
  const threadBytesMax = Math.max(THREAD_BYTES_MIN, Math.floor((machine * share) / Math.max(1, threads)));
  const outboxBytes = Math.floor(threadBytesMax * THREAD_OUTBOX_SHARE);
  return {
    threadBytesMax,
    windowBytesMax: Math.min(WINDOW_BYTES_PER_HOST_MAX, Math.floor(threadBytesMax * THREAD_WINDOW_SHARE)),
    outboxBytesMax: Math.min(OUTBOX_BYTES_PER_HOST_MAX, Math.max(BLOCK_BYTES_MAX, outboxBytes)),
  };
}

/** MiB of heap that a thread may have, set when its pool is made: the bound behind all others. */
export function heapMebibytesMax(machine: number, hasDatabase: boolean): number {
  return Math.ceil(Math.min(THREAD_HEAP_BYTES_MAX, budgetOf(machine, 1, hasDatabase).threadBytesMax) / 1024 ** 2);
}

/** Bytes of memory this process may use: the machine's, or those of the container it is in. */
export function machineBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/** `relieve`: seal the oldest windows. `fail`: end the thread, which starts anew from its checkpoints. */
export type MemoryState = 'fine' | 'relieve' | 'fail';

/** Figures include what the garbage collector has not fetched yet, so only what lasts counts. */
export class MemoryWatch {
  #overSinceMs: number | null = null;

  /**
   * @param nowMs monotonic.
   * @param bytes heap and typed arrays of the thread.
   */
  look(nowMs: number, bytes: number, { threadBytesMax }: Pick<MemoryBudget, 'threadBytesMax'>): MemoryState {
    if (bytes <= threadBytesMax) this.#overSinceMs = null;
    else this.#overSinceMs ??= nowMs;
    if (this.#overSinceMs !== null && nowMs - this.#overSinceMs >= THREAD_MEMORY_MS_MAX) return 'fail';
    return bytes > threadBytesMax * THREAD_RELIEF_SHARE ? 'relieve' : 'fine';
  }
}
