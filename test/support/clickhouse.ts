/**
 * A real ClickHouse engine for tests, and rows of blocks written as workers write them.
 *
 * Boundary: tests only. Each call starts an engine of its own in a temporary folder; `stop` ends it and removes the folder.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createClient, type ClickHouseClient } from '@clickhouse/client';
import { channelTexts, FactColumnsWriter } from '../../src/actors/fact-columns.ts';
import { ByteSpan } from '../../src/model/byte-span.ts';
import { HOUR_MS } from '../../src/model/hour.ts';
import { FACTS_TABLE, INSERT_SETTINGS, migrateTables, TABLES } from '../../src/runtime/clickhouse-schema.ts';
import { nativeColumns } from '../../src/runtime/native-columns.ts';
import { startEngine } from './engine.ts';

export interface TestDatabase {
  readonly client: ClickHouseClient;
  readonly url: string;
  /** No block has been inserted yet. */
  empty(): Promise<void>;
  stop(): Promise<void>;
}

/** @param migrate false: an empty engine. */
export async function startTestDatabase(migrate = true): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'hourglass-clickhouse-'));
  const engine = await startEngine(folder);
  const client = createClient({ url: engine.url });
  if (migrate) await migrateTables(client, { horizonDays: 0, durability: 'process' });
  return {
    client,
    url: engine.url,
    empty: async () => {
      for (const table of TABLES) await client.command({ query: `TRUNCATE TABLE hourglass.${table}` });
    },
    stop: async () => {
      await client.close();
      await engine.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** One row of `hourly_facts`; `hour` is an hour index. */
export interface Fact {
  city: string;
  district: string;
  kind: string;
  metric: string;
  sensor: string;
  hour: number;
  partition: number;
  block: number;
  incarnation: number;
  revised: 0 | 1;
  count: number;
  sum: number;
  sumLo: number;
  min: number;
  max: number;
  firstMs: number;
  lastMs: number;
}

export const INCARNATION = 1_700_000_000;

/** A row of one reading `sum`, but for what is said otherwise. */
export function fact(given: Partial<Fact>): Fact {
  const sum = given.sum ?? 20;
  return {
    city: 'lisbon',
    district: 'alfama',
    kind: 'air',
    metric: 'temp',
    sensor: 's1',
    hour: Math.floor(Date.UTC(2026, 10, 23, 14) / HOUR_MS),
    partition: 0,
    block: 1,
    incarnation: INCARNATION,
    revised: 0,
    count: 1,
    sum,
    sumLo: 0,
    min: sum,
    max: sum,
    firstMs: 1_000,
    lastMs: 3_599_000,
    ...given,
  };
}

/** Inserts rows as one insert, as a worker's sink does. */
export async function insertFacts(client: ClickHouseClient, facts: readonly Fact[]): Promise<void> {
  const inserted = await client.exec({
    query: `INSERT INTO ${FACTS_TABLE} FORMAT Native`,
    values: Readable.from(nativeColumns(blocksOf(facts)), { objectMode: false }),
    clickhouse_settings: INSERT_SETTINGS,
  });
  inserted.stream.resume();
  await new Promise((resolve, reject) => inserted.stream.once('end', resolve).once('error', reject));
}

/** Rows as blocks: what is next to each other of one partition, block and incarnation. */
export function blocksOf(facts: readonly Fact[]): Uint8Array[] {
  const writer = new FactColumnsWriter();
  const blocks: Uint8Array[] = [];
  const channels = new Map<string, number>();
  for (const [at, row] of facts.entries()) {
    const { partition, block, incarnation } = row;
    const texts = channelTexts(row);
    const name = Buffer.from(texts).toString('latin1');
    channels.set(name, channels.get(name) ?? channels.size);
    writer.begin(row.hour, row.revised === 1);
    writer.row(channels.get(name) ?? 0, texts, ByteSpan.of(Buffer.from(row.sensor, 'utf8')), {
      slot: 0,
      count: row.count,
      hi: row.sum,
      lo: row.sumLo,
      min: row.min,
      max: row.max,
      firstMs: row.firstMs,
      lastMs: row.lastMs,
    });
    const next = facts[at + 1];
    if (next?.partition !== partition || next.block !== block || next.incarnation !== incarnation)
      blocks.push(writer.take({ partition, block, incarnation }));
  }
  return blocks;
}

/** As the database's RowBinary has them, and as blocks of earlier releases did. */
export function encode(facts: readonly Fact[]): Buffer {
  return Buffer.concat(
    facts.map((row) => {
      const numbers = Buffer.alloc(4 + 2 + 8 + 4 + 1 + 4 + 4 * 8 + 4 + 4);
      let at = numbers.writeUInt32LE(row.hour * 3600, 0);
      at = numbers.writeUInt16LE(row.partition, at);
      at = numbers.writeBigUInt64LE(BigInt(row.block), at);
      at = numbers.writeUInt32LE(row.incarnation, at);
      at = numbers.writeUInt8(row.revised, at);
      at = numbers.writeUInt32LE(row.count, at);
      for (const value of [row.sum, row.sumLo, row.min, row.max]) at = numbers.writeDoubleLE(value, at);
      at = numbers.writeUInt32LE(row.firstMs, at);
      numbers.writeUInt32LE(row.lastMs, at);
      return Buffer.concat([...[row.city, row.district, row.kind, row.metric, row.sensor].map(text), numbers]);
    }),
  );
}

/** Length as LEB128, then the bytes. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  const length: number[] = [];
  let rest = bytes.length;
  for (; rest >= 0x80; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

/** All rows a query gives, 64-bit integers as numbers. */
export async function select<Row>(
  client: ClickHouseClient,
  query: string,
  settings: Record<string, number> = {},
): Promise<Row[]> {
  const result = await client.query({
    query,
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0, ...settings },
  });
  return result.json<Row>();
}
