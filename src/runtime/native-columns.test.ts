import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { blocksOf, encode, fact, startTestDatabase, type TestDatabase } from '../../test/support/clickhouse.ts';
import { FACTS_TABLE, INSERT_SETTINGS } from './clickhouse-schema.ts';
import { nativeColumns } from './native-columns.ts';

const TABLE = 'hourglass.columns_as_sent';
let database: TestDatabase;

beforeAll(async () => {
  database = await startTestDatabase();
  await database.client.command({ query: `CREATE TABLE ${TABLE} AS ${FACTS_TABLE} ENGINE = Memory` });
});
afterAll(() => database.stop());

/** What the database has of it, as RowBinary. */
async function sent(blocks: readonly Uint8Array[]): Promise<Buffer> {
  const { client } = database;
  await client.command({ query: `TRUNCATE TABLE ${TABLE}` });
  const values = Readable.from(nativeColumns(blocks), { objectMode: false });
  const { stream } = await client.exec({
    query: `INSERT INTO ${TABLE} FORMAT Native`,
    values,
    clickhouse_settings: INSERT_SETTINGS,
  });
  for await (const part of stream) void part;
  const kept = await client.exec({ query: `SELECT * FROM ${TABLE} FORMAT RowBinary` });
  return Buffer.concat(await kept.stream.toArray());
}

it('the database has every row of every block as it was sealed, whatever its names and numbers', async () => {
  const name = fc.string({ unit: 'binary', maxLength: 60 });
  const few = fc.constantFrom('a', 'b', 'NO₂', '');
  const uint32 = fc.nat(0xffff_ffff);
  const row = fc.record({
    city: few,
    district: fc.oneof(few, name),
    kind: few,
    metric: few,
    sensor: name,
    hour: fc.nat(1_000_000),
    partition: fc.nat(0xffff),
    block: fc.nat(Number.MAX_SAFE_INTEGER),
    incarnation: uint32,
    revised: fc.constantFrom(0 as const, 1 as const),
    count: uint32,
    sum: fc.double(),
    sumLo: fc.double(),
    min: fc.double(),
    max: fc.double(),
    firstMs: uint32,
    lastMs: uint32,
  });
  const blocks = fc.array(fc.array(row, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(blocks, async (some) => {
      expect(await sent(some.flatMap(blocksOf))).toEqual(encode(some.flat()));
    }),
    { numRuns: 40 },
  );
});

it.each([256, 257, 65_537])('dictionaries of %i names', async (districts) => {
  const facts = Array.from({ length: districts }, (_, at) => fact({ district: `d${String(at)}`, block: at % 2 }));
  const inBlocks = facts.toSorted((a, b) => a.block - b.block);
  expect((await sent(blocksOf(inBlocks))).equals(encode(inBlocks))).toBe(true);
});
