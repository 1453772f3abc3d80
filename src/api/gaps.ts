/**
 * Lost messages, as the books say them (invariant 14).
 *
 * Boundary: words and counts from what checkpoints say. Which partition a lost message was for is known only where there
 * is no choice: the subject went with it, and partitions share the stream's sequences.
 */
import type { Gap, PartitionBooks } from '../model/ledger.ts';
import { knownMissing } from '../model/ledger-points.ts';

const ACCEPT = 'Restore the stream, or accept the loss: hourglass migrate --accept-lost-messages';

export interface Losses {
  /** Messages missing in the stream, all partitions together; null where that cannot be told now. */
  readonly missing: number | null;
  /** By partition: messages of its own that are missing; null: some may be, how many cannot be told. */
  readonly gaps: readonly (number | null)[];
  /** By partition: losses that nobody has accepted. */
  readonly problems: readonly string[][];
  /** What is missing without anybody having seen where. */
  readonly unseen: number;
}

/** @param lost by partition: sequences that were gone before it had read as far. */
export function lossesOf(
  committed: readonly PartitionBooks[],
  lost: readonly number[],
  missing: number | null,
): Losses {
  const seen = knownMissing(committed.flatMap(({ gaps }) => gaps));
  const unseen = Math.max(0, (missing ?? 0) - seen);
  const concerned = lost.filter((sequences) => sequences > 0).length;
  const gaps = lost.map((sequences) => {
    if (missing === 0) return 0;
    if (unseen > 0 && lost.length > 1) return null;
    if (sequences === 0) return unseen;
    return concerned > 1 ? null : (missing ?? (lost.length > 1 ? null : sequences));
  });
  const byPartition = new Map(committed.map((books) => [books.partition, books]));
  const problems = lost.map((sequences, partition) =>
    sequences === 0 || missing === 0 ? [] : (byPartition.get(partition)?.gaps ?? []).flatMap(problemOf),
  );
  return { missing, gaps, problems, unseen };
}

function problemOf({ from, to, sequences, accepted }: Gap): string[] {
  if (accepted) return [];
  const range =
    from === to
      ? `message ${String(from)} of the stream was`
      : `messages ${String(from)} to ${String(to)} of the stream (${String(sequences)}, of all partitions) were`;
  return [`${range} removed before it had read them. ${ACCEPT}`];
}

export function unseenProblem({ unseen }: Losses): string[] {
  if (unseen === 0) return [];
  return [
    `${String(unseen)} messages of the stream were never taken, and no worker has seen where they were removed. ${ACCEPT}`,
  ];
}
