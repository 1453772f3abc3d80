/**
 * How far behind the workers are: partitions' figures, summed over a cluster.
 *
 * Boundary: figures in, figures out; who asks the workers and who shows the answer is elsewhere.
 */
import type { PartitionStatus } from './cluster.ts';

export interface Lag {
  /** Partitions whose owner has answered; the others' figures are not in these. */
  readonly partitions: number;
  /** Messages that wait in the stream for the thread that is furthest behind. */
  readonly backlogMessages: number;
  /** Blocks that wait for the database, and their bytes. */
  readonly outboxBlocks: number;
  readonly outboxBytes: number;
  /** Age of the oldest of them; 0 where none waits. */
  readonly oldestBlockAgeS: number;
  /** How far the least watermark is behind the wall clock; null before the first reading. */
  readonly watermarkAgeS: number | null;
  /** Worker threads that read no further because the database is behind. */
  readonly threadsHeldBack: number;
}

/** @param nowMs wall clock. */
export function lagOf(statuses: readonly PartitionStatus[], nowMs: number): Lag {
  const held = new Set(statuses.filter(({ isHeldBack }) => isHeldBack).map(({ owner }) => owner));
  const oldest = statuses.map(({ oldestBlockMs }) => ageS(oldestBlockMs, nowMs) ?? 0);
  const watermarks = statuses.flatMap(({ watermarkMs }) => ageS(watermarkMs, nowMs) ?? []);
  return {
    partitions: statuses.length,
    // Each thread comes past every message of the stream: the last one says it.
    backlogMessages: Math.max(0, ...statuses.map(({ backlog }) => backlog)),
    outboxBlocks: sum(statuses.map(({ outboxBlocks }) => outboxBlocks)),
    outboxBytes: sum(statuses.map(({ outboxBytes }) => outboxBytes)),
    oldestBlockAgeS: Math.max(0, ...oldest),
    watermarkAgeS: watermarks.length === 0 ? null : Math.max(...watermarks),
    threadsHeldBack: held.size,
  };
}

/** Seconds since a time, to the millisecond; null for 0, which stands for "none yet". */
export function ageS(ms: number, nowMs: number): number | null {
  return ms === 0 ? null : Math.max(0, nowMs - ms) / 1_000;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
