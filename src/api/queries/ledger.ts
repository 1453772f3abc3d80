/**
 * The tables' side of the books (invariant 14): readings by partition and in the views, and entries of the ledger.
 *
 * Boundary: counts and rows only; comparing them with the workers' totals is ../books.ts's.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import { emptyLedger, type LedgerEntry } from '../../model/ledger.ts';
import { TABLE_HOURS_MAX } from '../../model/limits.ts';
import { HOUR_MS } from '../../model/hour.ts';
import { selectRows } from './sql.ts';

export interface TableCounts {
  /** Readings in `hourly_facts`. */
  hourly: number;
  /** Readings in `district_facts`. */
  districts: number;
}

/**
 * @param nextBlocks by partition: only blocks below are counted, so that what is sealed meanwhile does not show.
 * @returns by partition; partitions without rows are not in the map.
 */
export async function readTableCounts(
  client: ClickHouseClient,
  incarnation: number,
  nextBlocks: readonly number[],
): Promise<Map<number, TableCounts>> {
  const counts = async (table: string): Promise<Map<number, number>> => {
    const rows = await selectRows<[number, number]>(
      client,
      `SELECT partition, sum(count) FROM hourglass.${table} FINAL
       WHERE incarnation = {incarnation:UInt32} AND block < {nextBlocks:Array(UInt64)}[partition + 1] GROUP BY partition`,
      { incarnation, nextBlocks },
    );
    return new Map(rows);
  };
  const hourly = await counts('hourly_facts');
  const districts = await counts('district_facts');
  return new Map(
    [...new Set([...hourly.keys(), ...districts.keys()])].map((partition) => [
      partition,
      { hourly: hourly.get(partition) ?? 0, districts: districts.get(partition) ?? 0 },
    ]),
  );
}

/** The views that dashboards read, and the table that each is made of. */
const VIEWS = {
  hourly: 'hourly_facts',
  district_hourly: 'district_facts',
  district_daily: 'district_facts',
  city_hourly: 'district_facts',
  city_daily: 'district_facts',
} as const;

export interface ViewCount {
  readonly view: string;
  /** Readings that it shows. */
  readonly readings: number;
  readonly table: string;
  /** Readings in the table, before and after the view was read: rows may come meanwhile. */
  readonly least: number;
  readonly most: number;
}

/** What the views show, of all streams that there ever were. */
export async function readViewCounts(client: ClickHouseClient): Promise<ViewCount[]> {
  const readings = async (from: string): Promise<number> =>
    (await selectRows<[number]>(client, `SELECT sum(count) FROM hourglass.${from}`, {}))[0]?.[0] ?? 0;
  const counts: ViewCount[] = [];
  for (const [view, table] of Object.entries(VIEWS)) {
    const before = await readings(`${table} FINAL`);
    const shown = await readings(view);
    const after = shown === before ? before : await readings(`${table} FINAL`);
    counts.push({ view, readings: shown, table, least: Math.min(before, after), most: Math.max(before, after) });
  }
  return counts;
}

type EntryRow = [number, number, number, number, number, number, number, number, number, number, number];

/** Entries of each partition around an instant: the last one up to it and the first one after it, in this order. */
export async function readEntriesAround(
  client: ClickHouseClient,
  incarnation: number,
  atMs: number,
): Promise<Map<number, LedgerEntry[]>> {
  const found = new Map<number, LedgerEntry[]>();
  for (const side of [
    'at <= toDateTime({at:UInt32}) ORDER BY partition, at DESC',
    'at > toDateTime({at:UInt32}) ORDER BY partition, at',
  ]) {
    const rows = await selectRows<EntryRow>(
      client,
      `SELECT partition, toUnixTimestamp(at), toUnixTimestamp(since), last_sequence, messages, messages_used,
         messages_duplicate, messages_rejected, readings_counted, readings_late, readings_rejected
       FROM hourglass.ledger_facts FINAL
       WHERE incarnation = {incarnation:UInt32} AND ${side} LIMIT 1 BY partition`,
      { incarnation, at: Math.floor(Math.min(Math.max(0, atMs), TABLE_HOURS_MAX * HOUR_MS) / 1_000) },
    );
    for (const row of rows) {
      const known = found.get(row[0]) ?? [];
      found.set(row[0], [...known, entryOf(row)]);
    }
  }
  return found;
}

function entryOf([
  ,
  at,
  since,
  lastSequence,
  messages,
  used,
  duplicate,
  rejected,
  counted,
  late,
  bad,
]: EntryRow): LedgerEntry {
  const totals = {
    ...emptyLedger(),
    messages,
    messagesUsed: used,
    messagesDuplicate: duplicate,
    messagesRejected: rejected,
    readingsCounted: counted,
    readingsLate: late,
    readingsRejected: bad,
  };
  return { atMs: at * 1_000, sinceMs: since * 1_000, lastSequence, totals };
}
