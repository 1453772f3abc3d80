import { expect, it } from 'vitest';
import {
  CHECKPOINT_INTERVAL_MS,
  IDLE_CHECKPOINT_INTERVAL_MS,
  LARGE_CHECKPOINT_BYTES,
  LARGE_CHECKPOINT_INTERVAL_MS,
  REJECT_BYTES_PER_PARTITION_MAX,
} from '../model/limits.ts';
import { type Committed, type DueCommit, dueCommit } from './commit-due.ts';

interface Given {
  committing?: boolean;
  hasNews?: boolean;
  makesHoursFinal?: boolean;
  confirmsFinalHours?: boolean;
  hasConfirmed?: boolean;
  windowBytes?: number;
  rejectBytes?: number;
  hasEndedHours?: boolean;
  sealedBytes?: number;
}

function runnerOf(given: Given, partition: number, sinceMs: number): Committed {
  const { rejectBytes = 0, hasEndedHours = false, sealedBytes = 0, hasConfirmed = false, ...runner } = given;
  return {
    partition,
    committing: false,
    hasNews: false,
    makesHoursFinal: false,
    confirmsFinalHours: false,
    windowBytes: 0,
    ...runner,
    sinceCommitMs: () => sinceMs,
    sinceSwapMs: () => sinceMs,
    actor: { rejectBytes, hasEndedHours, outbox: { sealedBytes, hasConfirmed } },
  };
}

/** Ms after a commit in turn at which the next one of a kind is due; Infinity: it is not. */
function dueAfter(given: Given, kind: DueCommit = 'whole'): number {
  for (let sinceMs = 0; sinceMs <= IDLE_CHECKPOINT_INTERVAL_MS; sinceMs += 50)
    if (dueCommit(runnerOf(given, 0, sinceMs), sinceMs) === kind) return sinceMs;
  return Infinity;
}

it('what can be read again from the stream waits for its turn, longer where there is more to write', () => {
  expect(dueAfter({})).toBe(IDLE_CHECKPOINT_INTERVAL_MS);
  expect(dueAfter({ hasNews: true })).toBe(CHECKPOINT_INTERVAL_MS);
  expect(dueAfter({ hasNews: true, windowBytes: LARGE_CHECKPOINT_BYTES })).toBe(LARGE_CHECKPOINT_INTERVAL_MS);
});

it('rows of an hour that has ended, and an hour that could be final, hardly wait', () => {
  const large = { hasNews: true, windowBytes: LARGE_CHECKPOINT_BYTES };
  expect(dueAfter({ ...large, hasEndedHours: true, sealedBytes: 1 })).toBe(250);
  expect(dueAfter({ ...large, makesHoursFinal: true })).toBe(250);
  // Corrections, and hours whose rows are with the database.
  expect(dueAfter({ ...large, sealedBytes: 1 })).toBe(LARGE_CHECKPOINT_INTERVAL_MS);
  expect(dueAfter({ ...large, hasEndedHours: true })).toBe(LARGE_CHECKPOINT_INTERVAL_MS);
});

it('where the database has rows is all there is to say, nothing else is written again', () => {
  const large = { hasNews: true, windowBytes: LARGE_CHECKPOINT_BYTES };
  const final = { ...large, makesHoursFinal: true, confirmsFinalHours: true };
  expect(dueAfter(final, 'confirmations')).toBe(250);
  expect(dueAfter(final)).toBe(LARGE_CHECKPOINT_INTERVAL_MS);
  // Rows that wait for a commit come with a whole one, which says it all.
  expect(dueAfter({ ...final, hasEndedHours: true, sealedBytes: 1 })).toBe(250);
  // Without hours that could be final, the next whole one says it, where it comes soon.
  expect(dueAfter({ hasConfirmed: true }, 'confirmations')).toBe(250);
  expect(dueAfter({ ...large, hasConfirmed: true }, 'confirmations')).toBe(Infinity);
});

it('partitions have their turns one after the other, none later than an interval after its last commit', () => {
  const large = { hasNews: true, windowBytes: LARGE_CHECKPOINT_BYTES };
  const [partitions, tickMs, ticks] = [64, 100, 400];
  const intervalTicks = LARGE_CHECKPOINT_INTERVAL_MS / tickMs;
  // All at once, as at the end of an hour, out of turn.
  const committedMs = Array.from({ length: partitions }, () => 12_345);
  const gaps: number[] = [];
  const perTick: number[] = [];
  for (let tick = 1; tick <= ticks; tick++) {
    const nowMs = 12_345 + tick * tickMs;
    const due = committedMs.flatMap((lastMs, partition) =>
      dueCommit(runnerOf(large, partition, nowMs - lastMs), nowMs) === 'whole' ? [partition] : [],
    );
    for (const partition of due) {
      gaps.push(nowMs - (committedMs[partition] ?? NaN));
      committedMs[partition] = nowMs;
    }
    perTick.push(due.length);
  }
  expect(Math.max(...gaps)).toBe(LARGE_CHECKPOINT_INTERVAL_MS);
  expect(Math.min(...gaps)).toBe(LARGE_CHECKPOINT_INTERVAL_MS / 2);
  // After the first round.
  const steady = perTick.slice(2 * intervalTicks);
  expect(Math.max(...steady)).toBeLessThanOrEqual(3);
  expect(steady.reduce((sum, due) => sum + due)).toBe((steady.length / intervalTicks) * partitions);
});

it('rejects that fill memory do not wait, and nothing is written twice at a time', () => {
  expect(dueAfter({ rejectBytes: REJECT_BYTES_PER_PARTITION_MAX })).toBe(0);
  expect(
    dueAfter({ rejectBytes: REJECT_BYTES_PER_PARTITION_MAX, makesHoursFinal: true, hasNews: true, committing: true }),
  ).toBe(Infinity);
});
