/**
 * The books of every partition between two instants of receipt (invariant 14).
 *
 * Boundary: committed checkpoints and the table `ledger_facts`; no worker is asked. An instant that lies between two
 * entries stands for the minute's beginning; one that has not come yet, for what is committed now. The answer says which.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import type { LedgerEntry, LedgerTotals, PartitionBooks } from '../model/ledger.ts';
import { type Cut, cutOf, type LedgerPoint, periodOf, pointAt } from '../model/ledger-points.ts';
import { lossesOf } from './gaps.ts';
import type { ApiDeps } from './ports.ts';
import { Problem } from './problem.ts';
import { readEntriesAround } from './queries/ledger.ts';

export interface BookOfTime {
  readonly partition: number;
  /** The figures are those of what the broker received in [from, to), ms since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly messages: { taken: number; used: number; duplicate: number; rejected: number };
  readonly readings: { counted: number; late: number; rejected: number };
  /** Messages of its own that are missing in the stream; null: some may be, how many cannot be told. */
  readonly gaps: number | null;
  readonly problems: readonly string[];
}

export interface BooksOfTime {
  readonly books: readonly BookOfTime[];
  readonly missing: number | null;
  readonly problems: readonly string[];
  /** What the broker received in [from, to) is in every book, ms since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
}

export interface TimeSources {
  readonly clickhouse: ClickHouseClient;
  readonly incarnation: number;
  readonly partitions: number;
  readonly committed: readonly PartitionBooks[];
  /** Entries of before this are dropped by the table, ms since 1970; 0: none. */
  readonly forgottenMs: number;
}

/**
 * As they are asked for from outside.
 *
 * @param range ms since 1970; without `to`: up to what is committed now.
 * @throws {Problem} 400 where `from` is after `to`.
 */
export async function askBooksOfTime(
  {
    cluster,
    clickhouse,
    horizonMs,
    clock,
    books,
  }: Pick<ApiDeps, 'cluster' | 'clickhouse' | 'horizonMs' | 'clock' | 'books'>,
  { from = 0, to = Infinity }: { readonly from?: number | undefined; readonly to?: number | undefined },
): Promise<BooksOfTime> {
  if (from > to)
    throw new Problem(400, '`from` is after `to`.', { members: { errors: [{ path: 'from', message: 'after `to`' }] } });
  const { incarnation, partitions } = cluster;
  const forgottenMs = horizonMs > 0 ? clock.nowMs() - horizonMs : 0;
  return readBooksOfTime(from, to, { clickhouse, incarnation, partitions, committed: books(), forgottenMs });
}

/** @param toMs Infinity: up to what is committed now. */
export async function readBooksOfTime(fromMs: number, toMs: number, sources: TimeSources): Promise<BooksOfTime> {
  const { committed, partitions } = sources;
  const from = await pointsAt(fromMs, sources);
  const to = await pointsAt(toMs, sources);
  const between = (key: keyof LedgerTotals, at: number): number =>
    Math.max(0, (to[at]?.totals[key] ?? 0) - (from[at]?.totals[key] ?? 0));
  const [before, after] = [cutAt(from, sources), cutAt(to, sources)];
  const missing = before === null || after === null ? null : after.missing - before.missing;
  const window = { from: (before?.sequence ?? 0) + 1, to: after?.sequence ?? Infinity };
  const losses = lossesOf(committed, partitions, missing, window);
  const byPartition = new Map(committed.map(({ partition }, at) => [partition, at]));
  const books = losses.gaps.map((gaps, partition): BookOfTime => {
    const at = byPartition.get(partition) ?? -1;
    const [begin, end] = [from[at], to[at]];
    const messages = {
      taken: between('messages', at),
      used: between('messagesUsed', at),
      duplicate: between('messagesDuplicate', at),
      rejected: between('messagesRejected', at),
    };
    const explained = messages.used + messages.duplicate + messages.rejected;
    return {
      partition,
      fromMs: begin?.atMs ?? 0,
      toMs: end?.atMs ?? 0,
      messages,
      readings: {
        counted: between('readingsCounted', at),
        late: between('readingsLate', at),
        rejected: between('readingsRejected', at),
      },
      gaps,
      problems: [
        ...(begin === undefined ? ['it has no checkpoint: nothing is known of it'] : []),
        ...(messages.taken === explained
          ? []
          : [`${String(messages.taken)} messages were taken, ${String(explained)} are explained`]),
        ...new Set([begin, end].flatMap((point) => lostEntry(point, sources.forgottenMs))),
        ...(losses.problems[partition] ?? []),
      ],
    };
  });
  const begin = Math.max(...books.map((book) => book.fromMs));
  const end = Math.max(begin, Math.min(...books.map((book) => book.toMs)));
  return { books, missing, problems: losses.common, fromMs: begin, toMs: end };
}

function cutAt(points: readonly LedgerPoint[], { committed, partitions }: TimeSources): Cut | null {
  return committed.length < partitions ? null : cutOf(committed, points);
}

function lostEntry(point: LedgerPoint | undefined, forgottenMs: number): string[] {
  const lostMs = point?.lostEntryMs ?? null;
  if (lostMs === null || lostMs < forgottenMs) return [];
  return [
    `ledger_facts has lost its row of ${new Date(lostMs).toISOString()}: the nearest that is there stands for it`,
  ];
}

/** In the order of the committed books. */
async function pointsAt(askedMs: number, sources: TimeSources): Promise<LedgerPoint[]> {
  const { committed, clickhouse, incarnation } = sources;
  if (committed.every(({ newestReceivedMs }) => newestReceivedMs < askedMs))
    return committed.map((books) => pointAt(books, askedMs, []));
  const atMs = periodOf(askedMs);
  const stored = await readEntriesAround(clickhouse, incarnation, atMs);
  return committed.map((books) => pointAt(books, atMs, entriesOf(books, stored.get(books.partition) ?? [])));
}

/** What the checkpoint does not know of was made by a commit that was undone: a checkpoint was restored. */
function entriesOf({ ledger }: PartitionBooks, stored: readonly LedgerEntry[]): LedgerEntry[] {
  const lastMs = ledger.at(-1)?.atMs ?? 0;
  const entries = new Map([...stored, ...ledger].filter(({ atMs }) => atMs <= lastMs).map((one) => [one.atMs, one]));
  return [...entries.values()].sort((a, b) => a.atMs - b.atMs);
}
