/**
 * Lost messages, as the books say them (invariant 14).
 *
 * Boundary: words and counts from what checkpoints say. Which partition a lost message was for is known only where there
 * is no choice: its subject went with it, and the partitions share the stream's sequences.
 */
import type { Gap, PartitionBooks } from '../model/ledger.ts';
import { knownMissing } from '../model/ledger-points.ts';

const ADVICE = 'Restore the stream, or accept the loss: hourglass migrate --accept-lost-messages';

export interface Losses {
  /** By partition: messages of its own that are missing; null: some may be, how many cannot be told. */
  readonly gaps: readonly (number | null)[];
  /** By partition: losses that nobody has accepted. */
  readonly problems: readonly string[][];
  /** Losses that no partition has seen. */
  readonly common: readonly string[];
}

/** Stream sequences, both inclusive. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

export const WHOLE_STREAM: Window = { from: 1, to: Infinity };

/**
 * @param missing messages that no partition has taken, of this part of the stream; null where that cannot be told now.
 */
export function lossesOf(
  committed: readonly PartitionBooks[],
  partitions: number,
  missing: number | null,
  window: Window = WHOLE_STREAM,
): Losses {
  const all = Array.from({ length: partitions }, (): Gap[] => []);
  for (const { partition, gaps } of committed) all[partition] = gaps.flatMap((gap) => within(gap, window));
  // All that was removed had been read by those whom it was for.
  if (missing === 0) return { gaps: all.map(() => 0), problems: all.map(() => []), common: [] };

  if (missing !== null && missing < 0) {
    const more = `the partitions have taken ${String(-missing)} messages more than the stream has given: stream and checkpoints are not of one time. Restore both from one backup`;
    return { gaps: all.map(() => null), problems: all.map(() => []), common: [more] };
  }
  const unseen = missing === null ? 0 : Math.max(0, missing - knownMissing(all.flat()));
  const isAnywhere = unseen > 0 || all.flat().some(({ from, to, sequences }) => sequences < to - from + 1);
  const concerned = all.filter((gaps) => gaps.length > 0).length;
  const gapsOf = (gaps: readonly Gap[]): number | null => {
    if (partitions === 1) return missing ?? knownMissing(gaps);
    if (isAnywhere) return null;
    if (gaps.length === 0) return 0;
    return concerned === 1 ? missing : null;
  };
  return {
    gaps: all.map(gapsOf),
    problems: all.map((gaps) => gaps.filter(({ accepted }) => !accepted).map(problemOf)),
    common:
      unseen === 0
        ? []
        : [
            `${String(unseen)} messages of the stream were never taken, and no worker saw them being removed. ${ADVICE}`,
          ],
  };
}

/** What of a gap lies in a part of the stream. One that may lie anywhere is the whole stream's. */
function within(gap: Gap, window: Window): Gap[] {
  if (gap.sequences < gap.to - gap.from + 1) return window === WHOLE_STREAM ? [gap] : [];
  const [from, to] = [Math.max(gap.from, window.from), Math.min(gap.to, window.to)];
  return from > to ? [] : [{ ...gap, from, to, sequences: to - from + 1 }];
}

function problemOf({ from, to, sequences }: Gap): string {
  const what =
    from === to
      ? `message ${String(from)} of the stream was`
      : `messages ${String(from)} to ${String(to)} of the stream (${String(sequences)} of all partitions) were`;
  return `${what} removed before it had read as far. ${ADVICE}`;
}
