/**
 * When a partition writes its next checkpoint, and how much of one.
 *
 * Job: weighs what waits for a commit against what a commit costs. Boundary: looks at one partition; whether the host may commit
 * at all is the host's. What waits: rejects that fill memory, the rows of an hour that has ended, an hour that could be final; all
 * else can be read again from the stream, and waits for its turn.
 */
import type { Outbox } from '../actors/outbox.ts';
import type { PartitionActor } from '../actors/partition-actor.ts';
import {
  CHECKPOINT_INTERVAL_MS,
  IDLE_CHECKPOINT_INTERVAL_MS,
  LARGE_CHECKPOINT_BYTES,
  LARGE_CHECKPOINT_INTERVAL_MS,
  REJECT_BYTES_PER_PARTITION_MAX,
} from '../model/limits.ts';
import type { PartitionRunner } from './partition-runner.ts';

/** What is looked at of a partition. */
export interface Committed extends Pick<
  PartitionRunner,
  'committing' | 'hasNews' | 'makesHoursFinal' | 'confirmsFinalHours' | 'windowBytes' | 'sinceCommitMs' | 'sinceSwapMs'
> {
  readonly actor: Pick<PartitionActor, 'rejectBytes' | 'hasEndedHours'> & {
    readonly outbox: Pick<Outbox, 'sealedBytes' | 'hasConfirmed'>;
  };
}

/** `confirmations`: only that blocks are in the tables, which costs next to nothing. */
export type DueCommit = 'whole' | 'confirmations' | null;

/** A commit for which somebody waits may come this soon after the last. */
const SOON_MS = 250;

export function dueCommit(runner: Committed): DueCommit {
  if (runner.committing) return null;
  const { actor } = runner;
  if (actor.rejectBytes >= REJECT_BYTES_PER_PARTITION_MAX) return 'whole';
  if (runner.sinceSwapMs() < SOON_MS) return null;
  if (actor.hasEndedHours && actor.outbox.sealedBytes > 0) return 'whole';
  if (runner.sinceCommitMs() >= intervalMs(runner)) return 'whole';
  if (runner.confirmsFinalHours) return 'confirmations';
  if (runner.makesHoursFinal) return 'whole';
  // What waits in no checkpoint for the database says so at once where the next whole one is far.
  return actor.outbox.hasConfirmed && !runner.hasNews ? 'confirmations' : null;
}

function intervalMs({ hasNews, windowBytes }: Committed): number {
  if (!hasNews) return IDLE_CHECKPOINT_INTERVAL_MS;
  return windowBytes < LARGE_CHECKPOINT_BYTES ? CHECKPOINT_INTERVAL_MS : LARGE_CHECKPOINT_INTERVAL_MS;
}
