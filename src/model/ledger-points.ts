/**
 * The books at an instant, and what all partitions together say about lost messages (invariant 14).
 *
 * Job: which totals stand for "everything the broker received before t", and for which instant exactly; how many
 * messages of the stream nobody has taken. Boundary: arithmetic on committed books and entries of the ledger.
 * Why all partitions: they share the stream's sequences, which have no holes. So of the messages up to a sequence, what
 * no partition has taken is missing: exactly, and without asking the broker what it no longer knows.
 */
import { emptyLedger, type Gap, type LedgerEntry, type LedgerTotals, type PartitionBooks } from './ledger.ts';
import { LEDGER_PERIOD_MS } from './limits.ts';

export interface LedgerPoint {
  /** The totals are those of everything that the broker received before this, ms since 1970. */
  readonly atMs: number;
  readonly lastSequence: number;
  readonly totals: Readonly<LedgerTotals>;
  /** It is what the newest checkpoint says. */
  readonly isNewest: boolean;
  /** An entry that should stand before this one and does not, ms since 1970; null: nothing is missing. */
  readonly lostEntryMs: number | null;
}

/**
 * The books of a partition at an instant, or at the nearest that is known.
 *
 * @param atMs the end of a period, or anything later than all that the partition has taken.
 * @param entries of this partition, oldest first: at least the last one up to `atMs` and the first one after it.
 */
export function pointAt(books: PartitionBooks, atMs: number, entries: readonly LedgerEntry[]): LedgerPoint {
  const { newestReceivedMs, watermarkMs, lastSequence, totals } = books;
  const newest = { lastSequence, totals, isNewest: true, lostEntryMs: null };
  const readThroughMs = Math.max(newestReceivedMs, watermarkMs);
  if (newestReceivedMs < atMs) return { ...newest, atMs: Math.min(atMs, readThroughMs) };
  const index = entries.findLastIndex((entry) => entry.atMs <= atMs);
  const before = entries[index];
  const next = entries[index + 1];
  const sinceMs = next === undefined ? (books.ledger.at(-1)?.atMs ?? 0) : next.sinceMs;
  const known = before ?? { atMs: 0, lastSequence: 0, totals: emptyLedger() };
  if (known.atMs !== sinceMs) {
    if (next === undefined) return { ...newest, atMs: readThroughMs, lostEntryMs: sinceMs };
    return { ...pointOf(next), lostEntryMs: sinceMs };
  }
  // Nothing came between the entry before and the period of the one after.
  return { ...pointOf(known), atMs };
}

function pointOf({ atMs, lastSequence, totals }: Omit<LedgerEntry, 'sinceMs'>): LedgerPoint {
  return { atMs, lastSequence, totals, isNewest: false, lostEntryMs: null };
}

/** Beginning of the period of an instant. */
export function periodOf(ms: number): number {
  return Math.floor(ms / LEDGER_PERIOD_MS) * LEDGER_PERIOD_MS;
}

/** Messages that were stored and that no partition has taken, as far as all have read; null where that cannot be told now. */
export function missingMessages(books: readonly PartitionBooks[], partitions: number): number | null {
  if (books.length < partitions) return null;
  const now = cutOf(
    books,
    books.map((one) => pointAt(one, Infinity, [])),
  );
  if (now !== null) return now.missing;
  const readThroughMs = books.map(({ newestReceivedMs, watermarkMs }) => Math.max(newestReceivedMs, watermarkMs));
  const atMs = periodOf(Math.min(...readThroughMs));
  const then = cutOf(
    books,
    books.map((one) => pointAt(one, atMs, one.ledger)),
  );
  return then?.missing ?? null;
}

/** One place in the stream, and what of the messages before it no partition has taken. */
export interface Cut {
  /** The last stream sequence before it. */
  readonly sequence: number;
  readonly missing: number;
}

/** @returns null where the points, one of each partition, do not stand for one place in the stream. */
export function cutOf(books: readonly PartitionBooks[], points: readonly LedgerPoint[]): Cut | null {
  const taken = points.reduce((sum, { totals }) => sum + totals.messages, 0);
  const position = books[0]?.position ?? 1;
  if (points.every(({ isNewest }) => isNewest) && books.every((one) => one.position === position))
    return { sequence: position - 1, missing: position - 1 - taken };
  const isOneCut = points.every(({ atMs, lostEntryMs }) => lostEntryMs === null && atMs === points[0]?.atMs);
  if (!isOneCut) return null;
  const sequence = Math.max(...points.map(({ lastSequence }) => lastSequence));
  return { sequence, missing: sequence - taken };
}

/** Missing sequences whose loss somebody has seen, each once. */
export function knownMissing(gaps: readonly Gap[]): number {
  let sum = 0;
  let through = 0;
  for (const gap of [...gaps].sort((a, b) => a.from - b.from)) {
    if (gap.sequences < gap.to - gap.from + 1) sum += gap.sequences;
    else {
      sum += Math.max(0, gap.to - Math.max(through, gap.from - 1));
      through = Math.max(through, gap.to);
    }
  }
  return sum;
}
