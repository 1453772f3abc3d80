import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encode, type Fact, fact, startTestDatabase, type TestDatabase } from '../../test/support/clickhouse.ts';
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
async function sent(blocks: readonly { bytes: Uint8Array; rows: number }[]): Promise<Buffer> {
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

const blockOf = (facts: readonly Fact[]): { bytes: Uint8Array; rows: number } => ({
  bytes: encode(facts),
  rows: facts.length,
});

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
      const given = some.map(blockOf);
      expect(await sent(given)).toEqual(Buffer.concat(given.map(({ bytes }) => bytes)));
    }),
    { numRuns: 40 },
  );
});

it.each([256, 257, 65_537])('dictionaries of %i names', async (districts) => {
  const block = blockOf(Array.from({ length: districts }, (_, at) => fact({ district: `d${String(at)}` })));
  expect((await sent([block])).equals(block.bytes)).toBe(true);
});

it('a block that has other rows than it says is not sent', async () => {
  const { bytes } = blockOf([fact({}), fact({ sensor: 's2' })]);
  await expect(Readable.from(nativeColumns([{ bytes, rows: 3 }])).toArray()).rejects.toThrow('blocks of 3 rows hold 2');
});
