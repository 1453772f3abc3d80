/**
 * The books of every partition since the stream was created (invariant 14).
 *
 * Boundary: the workers' totals beside the tables' counts, and what does not agree, in words. The tables are read for
 * blocks below the number that each worker said it would use next, so that what is sealed meanwhile does not show.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import type { PartitionStatus } from '../model/cluster.ts';
import type { PartitionBooks } from '../model/ledger.ts';
import { missingMessages } from '../model/ledger-points.ts';
import { lossesOf } from './gaps.ts';
import { readTableCounts, type TableCounts } from './queries/ledger.ts';

export interface Book {
  readonly partition: number;
  /** Null: no worker answers for it, and its books are not known. */
  readonly owner: string | null;
  readonly messages: { taken: number; used: number; duplicate: number; rejected: number };
  /** counted = sealed (in blocks) + open (in memory). */
  readonly readings: { counted: number; late: number; rejected: number; sealed: number; open: number };
  /** Readings in the hours of sensors and in the rollups. */
  readonly table: TableCounts;
  /** Messages of its own that are missing in the stream; null: some may be, how many cannot be told. */
  readonly gaps: number | null;
  /** No block waits for the database: the tables must have all that is sealed. */
  readonly settled: boolean;
  /** What does not agree; empty where the books balance. */
  readonly problems: string[];
}

export interface Books {
  readonly books: readonly Book[];
  /** Messages missing in the stream, all partitions together; null where that cannot be told now. */
  readonly missing: number | null;
  /** What does not agree and is no single partition's. */
  readonly problems: readonly string[];
}

export interface BookSources {
  readonly clickhouse: ClickHouseClient;
  readonly incarnation: number;
  readonly partitions: number;
  readonly committed: readonly PartitionBooks[];
  /** With a horizon the tables drop old rows: they may have fewer readings, never more. */
  readonly horizonMs: number;
}

/** @param statuses what the workers say. */
export async function readBooks(statuses: readonly PartitionStatus[], sources: BookSources): Promise<Books> {
  const known = new Map(statuses.map((status) => [status.partition, status]));
  const partitions = Array.from({ length: sources.partitions }, (_, at) => at);
  const nextBlocks = partitions.map((at) => known.get(at)?.nextBlock ?? 0);
  const tables = await readTableCounts(sources.clickhouse, sources.incarnation, nextBlocks);
  const { committed } = sources;
  const missing = missingMessages(committed, sources.partitions);
  const losses = lossesOf(committed, sources.partitions, missing);
  const books = partitions.map((at) => {
    const book = bookOf(at, known.get(at), tables.get(at) ?? { hourly: 0, districts: 0 }, sources.horizonMs > 0);
    return { ...book, gaps: losses.gaps[at] ?? null, problems: [...book.problems, ...(losses.problems[at] ?? [])] };
  });
  return { books, missing, problems: losses.common };
}

type BookWithoutGaps = Omit<Book, 'gaps'>;

function bookOf(
  at: number,
  status: PartitionStatus | undefined,
  table: TableCounts,
  isForgetful: boolean,
): BookWithoutGaps {
  if (status === undefined) {
    const messages = { taken: 0, used: 0, duplicate: 0, rejected: 0 };
    const readings = { counted: 0, late: 0, rejected: 0, sealed: 0, open: 0 };
    const problems = ['no worker answers for it'];
    return { partition: at, owner: null, messages, readings, table, settled: false, problems };
  }
  const { totals } = status;
  const messages = {
    taken: totals.messages,
    used: totals.messagesUsed,
    duplicate: totals.messagesDuplicate,
    rejected: totals.messagesRejected,
  };
  const readings = {
    counted: totals.readingsCounted,
    late: totals.readingsLate,
    rejected: totals.readingsRejected,
    sealed: totals.readingsSealed,
    open: status.openReadings,
  };
  const settled = status.oldestBlockMs === 0;
  const problems: string[] = [];
  const explained = messages.used + messages.duplicate + messages.rejected;
  if (messages.taken !== explained)
    problems.push(`${String(messages.taken)} messages were taken, ${String(explained)} are explained`);
  if (readings.counted !== readings.sealed + readings.open)
    problems.push(
      `${String(readings.counted)} readings were counted, ${String(readings.sealed)} are in blocks and ${String(readings.open)} in memory`,
    );
  for (const [what, found] of [
    ['hourly_facts', table.hourly],
    ['district_facts', table.districts],
  ] as const) {
    const isLess = found < readings.sealed && settled && !isForgetful;
    if (isLess || found > readings.sealed)
      problems.push(`${what} has ${String(found)} readings of ${String(readings.sealed)} in blocks`);
  }
  return { partition: at, owner: status.owner, messages, readings, table, settled, problems };
}
