import { request } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  blocksOf,
  fact,
  INCARNATION,
  insertFacts,
  select,
  startTestDatabase,
  type Fact,
  type TestDatabase,
} from '../../test/support/clickhouse.ts';
import { deleteBlocks, highestBlock, INSERT_SETTINGS, migrateTables } from './clickhouse-schema.ts';
import { nativeColumns } from './native-columns.ts';

interface Figures {
  count: number;
  sum: number | null;
  min: number;
  max: number;
  mean: number | null;
  revision: number;
  sensors: number;
}

let database: TestDatabase;
beforeAll(async () => {
  database = await startTestDatabase();
}, 60_000);
afterAll(() => database.stop());
afterEach(async () => {
  await database.empty();
});

const insert = (facts: Fact[]): Promise<void> => insertFacts(database.client, facts);
const rowsOf = (view: string, order = 'ALL'): Promise<Figures[]> =>
  select(database.client, `SELECT * FROM hourglass.${view} ORDER BY ${order}`);
async function merge(): Promise<void> {
  for (const table of ['hourly_facts', 'district_facts', 'sensor_facts']) {
    await database.client.command({ query: `OPTIMIZE TABLE hourglass.${table} FINAL` });
  }
}
const VIEWS = ['hourly', 'district_hourly', 'district_daily', 'city_hourly', 'city_daily', 'sensors'];
const snapshot = async (): Promise<unknown> =>
  Object.fromEntries(await Promise.all(VIEWS.map(async (view) => [view, await rowsOf(view)])));

const HOUR = fact({}).hour;

/** A block of two districts and two hours, a correction of it, and another partition that knows one of its sensors. */
const BLOCK: Fact[] = [
  fact({ sensor: 's1', count: 3, sum: 60.5, min: 19, max: 21.5 }),
  fact({ sensor: 's2', count: 1, sum: 1 }),
  fact({ sensor: 's1', hour: HOUR + 1, sum: 5 }),
  fact({ sensor: 's1', district: 'baixa', sum: 7 }),
];
const CORRECTION: Fact[] = [
  fact({ sensor: 's1', block: 2, revised: 1, sum: -4 }),
  fact({ sensor: 's1', district: 'baixa', block: 2, revised: 1, sum: 100 }),
];
const OTHER: Fact[] = [fact({ sensor: 's1', partition: 7, block: 2, sum: 0.5, firstMs: 5, lastMs: 6 })];

describe('views', () => {
  it('give the contract’s columns, in its order', async () => {
    const columns = await select<{ table: string; names: string }>(
      database.client,
      `SELECT table, arrayStringConcat(groupArray(name), ' ') AS names FROM
        (SELECT table, name FROM system.columns WHERE database = 'hourglass' AND table IN ('hourly', 'district_hourly', 'city_daily', 'sensors') ORDER BY table, position)
        GROUP BY table`,
    );
    expect(Object.fromEntries(columns.map((row) => [row.table, row.names]))).toEqual({
      hourly: 'city district kind sensor metric hour count sum min max mean revision',
      district_hourly: 'city district kind metric hour count sum min max mean revision sensors',
      city_daily: 'city kind metric day count sum min max mean revision sensors',
      sensors: 'city district kind sensor metric first_seen last_seen',
    });
  });

  it('are the same however often a block was inserted, merged or not (invariants 4 and 5)', async () => {
    for (const block of [BLOCK, CORRECTION, OTHER]) await insert(block);
    const once = await snapshot();
    expect(once).toMatchObject({
      hourly: [
        {
          district: 'alfama',
          sensor: 's1',
          hour: '2026-11-23 14:00:00',
          count: 5,
          sum: 57,
          min: -4,
          max: 21.5,
          mean: 11.4,
          revision: 1,
        },
        { district: 'alfama', sensor: 's1', hour: '2026-11-23 15:00:00', count: 1, sum: 5, revision: 0 },
        { district: 'alfama', sensor: 's2', count: 1, sum: 1, revision: 0 },
        { district: 'baixa', sensor: 's1', count: 2, sum: 107, min: 7, max: 100, mean: 53.5, revision: 1 },
      ],
      district_hourly: [
        {
          district: 'alfama',
          hour: '2026-11-23 14:00:00',
          count: 6,
          sum: 58,
          min: -4,
          max: 21.5,
          revision: 1,
          sensors: 2,
        },
        { district: 'alfama', hour: '2026-11-23 15:00:00', count: 1, sum: 5, revision: 0, sensors: 1 },
        { district: 'baixa', count: 2, sum: 107, revision: 1, sensors: 1 },
      ],
      district_daily: [
        { district: 'alfama', day: '2026-11-23', count: 7, sum: 63, mean: 9, revision: 1, sensors: 2 },
        { district: 'baixa', day: '2026-11-23', count: 2, sum: 107, revision: 1, sensors: 1 },
      ],
      city_hourly: [
        { hour: '2026-11-23 14:00:00', count: 8, sum: 165, min: -4, max: 100, revision: 1, sensors: 3 },
        { hour: '2026-11-23 15:00:00', count: 1, sum: 5, sensors: 1 },
      ],
      city_daily: [{ day: '2026-11-23', count: 9, sum: 170, revision: 1, sensors: 3 }],
    });
    for (const block of [OTHER, BLOCK, CORRECTION]) await insert(block);
    expect(await snapshot()).toEqual(once);
    await merge();
    expect(await snapshot()).toEqual(once);
    await insert(BLOCK);
    await insert([...OTHER, ...CORRECTION]);
    expect(await snapshot()).toEqual(once);
  });

  it('know when a sensor was first and last seen', async () => {
    await insert(BLOCK);
    await insert(OTHER);
    expect((await rowsOf('sensors'))[0]).toEqual({
      city: 'lisbon',
      district: 'alfama',
      kind: 'air',
      sensor: 's1',
      metric: 'temp',
      first_seen: '2026-11-23 14:00:00.005',
      last_seen: '2026-11-23 15:59:59.000',
    });
  });

  it('cut days at midnight UTC and read across months', async () => {
    const newYear = Math.floor(Date.UTC(2027, 0, 1) / 3_600_000);
    await insert([fact({ hour: newYear - 1, sum: 1 })]);
    await insert([fact({ hour: newYear, sum: 2, block: 2 }), fact({ hour: newYear + 23, sum: 3, block: 2 })]);
    await insert([fact({ hour: newYear + 24, sum: 4, block: 3 })]);
    expect(await rowsOf('district_daily')).toMatchObject([
      { day: '2026-12-31', sum: 1 },
      { day: '2027-01-01', sum: 5, count: 2 },
      { day: '2027-01-02', sum: 4 },
    ]);
    expect(await rowsOf('hourly')).toHaveLength(4);
  });

  it('give null for a sum that overflowed, while count, minimum and maximum stand', async () => {
    const huge = Number.MAX_VALUE;
    await insert([fact({ count: 2, sum: Infinity, sumLo: NaN, min: 1, max: huge }), fact({ sensor: 's2', sum: 3 })]);
    await insert([fact({ sensor: 's3', sum: huge, block: 2 })]);
    await insert([fact({ sensor: 's3', sum: huge, block: 3 })]);
    expect(await rowsOf('hourly')).toMatchObject([
      { count: 2, sum: null, min: 1, max: huge, mean: null },
      { count: 1, sum: 3 },
      { count: 2, sum: null, min: huge, max: huge, mean: null },
    ]);
    for (const view of ['district_hourly', 'district_daily', 'city_hourly', 'city_daily']) {
      expect(await rowsOf(view)).toMatchObject([{ count: 5, sum: null, min: 1, max: huge, mean: null, sensors: 3 }]);
    }
  });

  it('keep what cancellation across corrections leaves over', async () => {
    await insert([fact({ sum: 1e16, sumLo: 0.25, sensor: 's1' }), fact({ sum: 1e300, sensor: 's2' })]);
    await insert([
      fact({ sum: -1e16, sumLo: 2 ** -40, block: 2, revised: 1 }),
      fact({ sum: 2 ** -60, block: 2, sensor: 's2' }),
    ]);
    await insert([fact({ sum: 3e-5, block: 3, revised: 1 }), fact({ sum: -1e300, block: 3, sensor: 's2' })]);
    const exact = 0.25 + 2 ** -40 + 3e-5;
    expect(await rowsOf('hourly')).toMatchObject([{ sum: exact, revision: 2 }, { count: 3 }]);
    // The rollups are exact: 1e300 leaves 2^-60 as it was.
    for (const view of ['district_hourly', 'district_daily', 'city_hourly', 'city_daily']) {
      expect((await rowsOf(view))[0]?.sum).toBe(exact + 2 ** -60);
    }
  });

  it('leave nothing over where small readings cancel a large one', async () => {
    // Below 4 a float64's last bit counts in another digit of the sums than above.
    const small = Array.from({ length: 300 }, (_, at) => 3 + ((at * 7_919) % 997) / 1_024);
    const sum = small.reduce((total, value) => total + value, 0);
    const facts = [...small, -sum].map((value, at) => fact({ sensor: `s${String(at)}`, sum: value }));
    await insert(facts);
    for (const view of ['district_hourly', 'district_daily', 'city_hourly', 'city_daily'])
      expect(await rowsOf(view)).toMatchObject([{ count: 301, sum: 0 }]);
  });

  it('add up exactly at every magnitude a float64 has', async () => {
    const values = [5e-324, -2.5e-310, 1.5e-200, 3.7e-45, -1e-9, 0.1, 0.2, 12345.678, 1e22, -7.7e90, 1.1e200, -9e307];
    for (const [at, value] of values.entries()) {
      await insert([fact({ kind: `k${String(at).padStart(2, '0')}`, sum: value })]);
    }
    for (const view of ['hourly', 'district_hourly', 'city_daily']) {
      expect((await rowsOf(view, 'kind')).map((row) => row.sum)).toEqual(values);
    }
  });

  it('are a few ulps of nothing away from BigInt arithmetic over many corrections', async () => {
    // 200 corrections of one sensor, multiples of 2^-70 so that the exact sum is an integer count of them.
    let exact = 0n;
    let seed = 42;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const rows = Array.from({ length: 200 }, (_, block) => {
      const scaled = BigInt(Math.floor((random() - 0.5) * 2 ** 52)) << BigInt(Math.floor(random() * 30));
      exact += scaled;
      return fact({ sum: Number(scaled) * 2 ** -70, block, revised: 1 });
    });
    await insert(rows);
    expect(await rowsOf('hourly')).toMatchObject([{ sum: Number(exact) * 2 ** -70, count: 200, revision: 200 }]);
    expect(await rowsOf('city_daily')).toMatchObject([{ sum: Number(exact) * 2 ** -70 }]);
  });
});

describe('one insert', () => {
  const series = (at: number): string => `urn:dev:mac:${String(at).padStart(12, '0')}`;

  it('of the largest block reaches the views as one block (invariant 5)', async () => {
    const rows = Array.from({ length: 65_536 }, (_, at) => fact({ sensor: series(at), sum: at }));
    await insert(rows);
    const facts = await select<{ rows: number }>(
      database.client,
      'SELECT count() AS rows FROM hourglass.district_facts',
    );
    expect(facts).toEqual([{ rows: 1 }]);
    await insert(rows);
    expect(await rowsOf('city_daily')).toMatchObject([{ count: 65_536, sum: (65_535 * 65_536) / 2, sensors: 65_536 }]);
    expect(await rowsOf('hourly')).toHaveLength(65_536);
  });

  it('of many rows lies in one file, where all columns of a sensor’s hours are read at once', async () => {
    // More than ClickHouse keeps in one file by itself.
    await database.client.command({
      query: `INSERT INTO hourglass.hourly_facts SELECT 'lisbon', 'alfama', 'air', 'temperature', toString(number), toDateTime(${String(HOUR * 3_600)}),
        1, 1, ${String(INCARNATION)}, 0, 1, number, 0, number, number, 0, 0 FROM numbers(200000)`,
    });
    const parts = await select<{ part_type: string; bytes: number }>(
      database.client,
      `SELECT part_type, data_uncompressed_bytes AS bytes FROM system.parts
       WHERE database = 'hourglass' AND table = 'hourly_facts' AND active`,
    );
    expect(parts).toMatchObject([{ part_type: 'Compact' }]);
    expect(parts[0]?.bytes).toBeGreaterThan(10_485_760);
  });

  it('of several blocks of one month keeps them apart (invariant 4)', async () => {
    const rows = Array.from({ length: 60_000 }, (_, at) =>
      fact({ sensor: series(at % 1_000), partition: at % 3, block: Math.floor(at / 1_000), hour: HOUR + (at % 5) }),
    );
    await insert(rows);
    await insert(rows.filter((row) => row.block === 7));
    const blocks = await select<{ rows: number; blocks: number }>(
      database.client,
      'SELECT count() AS rows, uniqExact(partition, block) AS blocks FROM hourglass.district_facts FINAL',
    );
    expect(blocks).toEqual([{ rows: 3 * 5 * 60, blocks: 180 }]);
    expect(await rowsOf('city_daily')).toMatchObject([{ count: 60_000, sensors: 1_000 }]);
  });
});

describe('an insert that is cut off', () => {
  const running = async (): Promise<number> => {
    const rows = await select<{ n: number }>(
      database.client,
      "SELECT count() AS n FROM system.processes WHERE query_kind = 'Insert'",
    );
    return rows[0]?.n ?? 0;
  };

  it('in the middle leaves nothing behind (invariant 4)', async () => {
    const query = new URLSearchParams({ query: 'INSERT INTO hourglass.hourly_facts FORMAT Native' });
    for (const [name, value] of Object.entries(INSERT_SETTINGS)) query.set(name, String(value));
    const facts = Array.from({ length: 30_000 }, (_, at) => fact({ sensor: `s${String(at)}` }));
    const whole = Buffer.concat([...nativeColumns(blocksOf(facts))]);
    const insertion = request(`${database.url}/?${query.toString()}`, { method: 'POST' });
    insertion.on('error', () => undefined);
    insertion.write(whole.subarray(0, whole.length / 2));
    await expect.poll(running, { timeout: 10_000 }).toBe(1);
    insertion.destroy();
    await expect.poll(running, { timeout: 10_000 }).toBe(0);
    expect(await select(database.client, 'SELECT sensor FROM hourglass.hourly_facts')).toEqual([]);
    expect(await rowsOf('city_daily')).toEqual([]);
  });
});

describe('blocks of a lost commit', () => {
  it('are found and deleted from table and rollups, and nothing else is (invariant 10)', async () => {
    await insert([fact({ block: 1, sum: 1 })]);
    await insert([fact({ block: 2, sum: 2 }), fact({ block: 3, sum: 4, hour: HOUR + 1 })]);
    await insert([fact({ block: 9, sum: 8, partition: 1 })]);
    await insert([fact({ block: 12, sum: 16, incarnation: INCARNATION + 1 })]);
    expect(await highestBlock(database.client, INCARNATION)).toEqual(
      new Map([
        [0, 3],
        [1, 9],
      ]),
    );
    await deleteBlocks(database.client, { partition: 0, incarnation: INCARNATION, fromBlock: 2, toBlock: 1_000_000 });
    expect(await highestBlock(database.client, INCARNATION)).toEqual(
      new Map([
        [0, 1],
        [1, 9],
      ]),
    );
    expect(await highestBlock(database.client, 7)).toEqual(new Map());
    expect(await rowsOf('hourly')).toMatchObject([{ count: 3, sum: 25 }]);
    expect(await rowsOf('city_daily')).toMatchObject([{ count: 3, sum: 25 }]);
    await insert([fact({ block: 2, sum: 32 })]);
    await merge();
    expect(await rowsOf('city_daily')).toMatchObject([{ count: 4, sum: 57 }]);
    expect(await highestBlock(database.client, INCARNATION)).toEqual(
      new Map([
        [0, 2],
        [1, 9],
      ]),
    );
  });
});

describe('migration', () => {
  const settings = async (): Promise<string> => {
    const rows = await select<{ engine_full: string }>(
      database.client,
      "SELECT engine_full FROM system.tables WHERE database = 'hourglass' AND name LIKE '%_facts' ORDER BY name",
    );
    return rows.map((row) => row.engine_full).join('\n');
  };
  const migrate = (horizonDays: number, durability: 'process' | 'power'): Promise<void> =>
    migrateTables(database.client, { horizonDays, durability });

  it('again, and by two nodes at once, changes nothing', async () => {
    await insert(BLOCK);
    const before = await settings();
    await Promise.all([migrate(0, 'process'), migrate(0, 'process')]);
    expect(await settings()).toBe(before);
    expect(await rowsOf('city_daily')).toMatchObject([{ count: 6 }]);
  });

  it('sets and takes back horizon and durability at each start (invariant 15)', async () => {
    await migrate(30, 'power');
    const strict = await settings();
    expect(strict.match(/TTL toDateTime\(\w+\) \+ toIntervalHour\(721\)/g)).toHaveLength(4);
    expect(strict.match(/fsync_after_insert = 1, fsync_part_directory = 1/g)).toHaveLength(4);
    await insert(BLOCK);
    await migrate(0, 'process');
    const relaxed = await settings();
    expect(relaxed).not.toContain('TTL');
    expect(relaxed).not.toContain('fsync_after_insert = 1');
  });

  it('refuses a file that has changed since it was applied, and a database from a newer release', async () => {
    const record = (version: number, checksum: string): Promise<unknown> =>
      database.client.insert({
        table: 'hourglass.schema_migrations',
        values: [{ version, name: 'test', checksum }],
        columns: ['version', 'name', 'checksum'],
        format: 'JSONEachRow',
        clickhouse_settings: { async_insert: 0 },
      });
    const forget = (checksum: string): Promise<unknown> =>
      database.client.command({
        query: 'ALTER TABLE hourglass.schema_migrations DELETE WHERE checksum = {checksum:String}',
        query_params: { checksum },
        clickhouse_settings: { mutations_sync: '2' },
      });
    await record(1, 'another');
    await expect(migrate(0, 'process')).rejects.toThrow(/0001_tables.sql has changed since it was applied/);
    await forget('another');
    // Of the file's text before granules became smaller, which the file names.
    await record(1, '36fb7de75e1e83ae36b75c301b91a0fe5613217761266965e29e480dee61f778');
    await migrate(0, 'process');
    await record(9999, 'future');
    await expect(migrate(0, 'process')).rejects.toThrow(/migration 9999, which this release does not know/);
    await forget('future');
    await migrate(0, 'process');
  });
});
