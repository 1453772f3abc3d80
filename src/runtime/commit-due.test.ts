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

/** Ms after the last commit at which the next one of a kind is due; Infinity: it is not. */
function dueAfter(given: Given, kind: DueCommit = 'whole'): number {
  const { rejectBytes = 0, hasEndedHours = false, sealedBytes = 0, hasConfirmed = false, ...runner } = given;
  const at = (sinceMs: number): Committed => ({
    committing: false,
    hasNews: false,
    makesHoursFinal: false,
    confirmsFinalHours: false,
    windowBytes: 0,
    ...runner,
    sinceCommitMs: () => sinceMs,
    sinceSwapMs: () => sinceMs,
    actor: { rejectBytes, hasEndedHours, outbox: { sealedBytes, hasConfirmed } },
  });
  for (let sinceMs = 0; sinceMs <= IDLE_CHECKPOINT_INTERVAL_MS; sinceMs += 50)
    if (dueCommit(at(sinceMs)) === kind) return sinceMs;
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

it('rejects that fill memory do not wait, and nothing is written twice at a time', () => {
  expect(dueAfter({ rejectBytes: REJECT_BYTES_PER_PARTITION_MAX })).toBe(0);
  expect(
    dueAfter({ rejectBytes: REJECT_BYTES_PER_PARTITION_MAX, makesHoursFinal: true, hasNews: true, committing: true }),
  ).toBe(Infinity);
});
