/**
 * Sequences of the stream that were gone before a partition had read as far (invariant 14).
 *
 * Job: keeps them as ranges, each sequence once, however often it is reported. Boundary: pure; whether a sequence is
 * really gone, the broker has said. A gap stays in the checkpoint for ever; an operator can only accept it.
 */
import type { Gap } from '../model/ledger.ts';
import { GAPS_PER_PARTITION_MAX } from '../model/limits.ts';

export function gapOf(from: number, to: number, accepted = false): Gap {
  return { from, to, sequences: to - from + 1, accepted };
}

/** True where its place is known; an accepted loss may lie anywhere. */
export function isPlaced({ from, to, sequences }: Gap): boolean {
  return sequences === to - from + 1;
}

/** Adds a range. `fresh`: how many of its sequences were not known to be missing. */
export function addGap(known: readonly Gap[], added: Gap): { gaps: Gap[]; fresh: number } {
  const pieces: Gap[] = [];
  let from = added.from;
  for (const gap of known) {
    if (!isPlaced(gap) || gap.to < from) continue;
    if (gap.from > added.to) break;
    if (gap.from > from) pieces.push(gapOf(from, gap.from - 1, added.accepted));
    from = gap.to + 1;
  }
  if (from <= added.to) pieces.push(gapOf(from, added.to, added.accepted));
  const fresh = pieces.reduce((sum, { sequences }) => sum + sequences, 0);
  return { gaps: bounded(joined([...known, ...pieces])), fresh };
}

/** Neighbours of one kind become one. */
function joined(gaps: readonly Gap[]): Gap[] {
  const result: Gap[] = [];
  for (const gap of [...gaps].sort((a, b) => a.from - b.from || a.to - b.to)) {
    const last = result.at(-1);
    if (
      last !== undefined &&
      isPlaced(last) &&
      isPlaced(gap) &&
      last.accepted === gap.accepted &&
      last.to + 1 === gap.from
    )
      result[result.length - 1] = gapOf(last.from, gap.to, gap.accepted);
    else result.push(gap);
  }
  return result;
}

/** Invariant 13: the two oldest as one, whose place is then known less exactly. */
function bounded(gaps: Gap[]): Gap[] {
  while (gaps.length > GAPS_PER_PARTITION_MAX) {
    const [first, second] = gaps as [Gap, Gap];
    gaps.splice(0, 2, {
      from: first.from,
      to: Math.max(first.to, second.to),
      sequences: first.sequences + second.sequences,
      accepted: first.accepted && second.accepted,
    });
  }
  return gaps;
}
