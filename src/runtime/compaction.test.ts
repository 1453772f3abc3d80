/** Invariant 16: what is compacted is what the views give, of exactly the blocks that it names. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  fact,
  type Fact,
  INCARNATION,
  insertFacts,
  select,
  startTestDatabase,
  type TestDatabase,
} from '../../test/support/clickhouse.ts';
import { deleteBlocks, migrateTables } from './clickhouse-schema.ts';
import {
  compactDays,
  type Database,
  dropLeftovers,
  readMonthNames,
  readTableDays,
  type TableDay,
} from './compaction.ts';

let test: TestDatabase;
let database: Database;
beforeAll(async () => {
  test = await startTestDatabase();
  database = { client: test.client, stop: new AbortController().signal };
}, 60_000);
afterAll(() => test.stop());
afterEach(async () => {
  await test.empty();
});

const MONTHS = [202610, 202611];

const hourOf = (...time: [year: number, month: number, day: number, hour?: number]): number =>
  Date.UTC(...time) / 3_600_000;
const dayOf = (hour: number): number => Math.floor(hour / 24);
const insert = (facts: Fact[]): Promise<void> => insertFacts(test.client, facts);
const due = async (): Promise<TableDay[]> =>
  (await readTableDays(database, MONTHS)).filter(({ blocks, compacted }) => blocks !== compacted);
const compactAll = async (): Promise<number[]> => compactDays(database, await due());

/** Days of October 2026, of two cities, some districts, kinds and metrics; sensors come through two partitions, and hours cancel. */
function factsOf(days: readonly number[]): Fact[] {
  return days.flatMap((day) =>
    [0, 1, 13, 23].flatMap((ofDay) => {
      const hour = hourOf(2026, 9, day, ofDay);
      const of = (given: Partial<Fact>): Fact => fact({ hour, block: hour, ...given });
      return [
        of({ sensor: 's1', sum: 1e16, count: 3 }),
        of({ sensor: 's2', sum: hour / 7 }),
        of({ sensor: 's1', partition: 5, sum: -1e16, sumLo: 0.25, revised: ofDay === 1 ? 1 : 0 }),
        of({ district: 'baixa', sensor: 's1', sum: -4.5, min: -9, max: 2, count: 2 }),
        of({ district: 'baixa', kind: 'noise', metric: 'db', sensor: 's9', sum: ofDay === 13 ? Infinity : 60 }),
        of({ city: 'porto', district: 'alfama', sensor: `s${String(ofDay)}`, sum: ofDay }),
      ];
    }),
  );
}

interface Row {
  step: string;
  begins: string;
  sensors: number;
  sensor_hours?: number;
}

/** The views' rows of some days, in the shape of the compacted ones. */
async function viewRows(days: readonly number[]): Promise<string[]> {
  const rows: Row[] = [];
  for (const [of, district] of [
    ['district', 'district'],
    ['city', "''"],
  ] as const) {
    const read = (step: string, view: string, begins: string, day: string): Promise<Row[]> =>
      select(
        test.client,
        `SELECT '${step}' AS step, v.city AS city, ${district} AS district, v.metric AS metric, v.kind AS kind, ${begins} AS begins,
           v.count AS count, v.sum AS sum, v.min AS min, v.max AS max, v.sensors AS sensors, v.revision AS revision
         FROM hourglass.${of}_${view} AS v WHERE toUInt16(${day}) IN [${days.join()}]`,
      );
    const hours = await read('hour', 'hourly', 'v.hour', 'toDate(v.hour)');
    const placeOf = ({ begins, ...row }: Row): unknown[] => [...Object.values(row).slice(1, 5), begins.slice(0, 10)];
    const isOf = (day: Row) => (hour: Row) => String(placeOf(hour)) === String(placeOf(day));
    for (const hour of hours) rows.push({ ...hour, sensor_hours: hour.sensors });
    for (const day of await read('day', 'daily', "toDateTime(v.day, 'UTC')", 'v.day'))
      rows.push({ ...day, sensor_hours: hours.filter(isOf(day)).reduce((sum, { sensors }) => sum + sensors, 0) });
  }
  return rows.map((row) => JSON.stringify(row)).sort();
}

async function compactedRows(): Promise<string[]> {
  const rows = await select(
    test.client,
    `SELECT step, city, district, metric, kind, begins, count, sum, min, max, sensors, revision, sensor_hours
     FROM hourglass.compacted_rollups WHERE step != 'compacted'`,
  );
  return rows.map((row) => JSON.stringify(row)).sort();
}

describe('days of a month', () => {
  it('are compacted to what the views give, also when blocks came twice', async () => {
    const facts = factsOf([3, 4, 9]);
    await insert(facts);
    await insert(facts);
    const days = [3, 4, 9].map((day) => dayOf(hourOf(2026, 9, day)));
    expect((await due()).map(({ day }) => day)).toEqual(days);
    expect(await compactAll()).toEqual(days);
    expect(await due()).toEqual([]);
    const rows = await compactedRows();
    expect(rows).toEqual(await viewRows(days));
    // 3 days, 4 hours and the day, 5 series' places: 4 of districts and the city of each.
    expect(rows.length).toBe(3 * 5 * (4 + 3));
  });

  it('that were compacted stay when others are, and a corrected one is compacted anew', async () => {
    await insert(factsOf([3, 4]));
    await compactAll();
    await insert([
      fact({ hour: hourOf(2026, 9, 4, 13), sum: 7, block: 9e6, revised: 1 }),
      fact({ hour: hourOf(2026, 9, 20), sum: 1, block: 9e6 }),
    ]);
    const days = [3, 4, 20].map((day) => dayOf(hourOf(2026, 9, day)));
    expect((await due()).map(({ day }) => day)).toEqual(days.slice(1));
    expect(await compactAll()).toEqual(days.slice(1));
    expect(await compactedRows()).toEqual(await viewRows(days));
  });

  it('are not exchanged where a block came while they were read; the others are', async () => {
    await insert(factsOf([3, 4]));
    const days = await due();
    const { client } = test;
    const meddling = Object.create(client, {
      command: {
        value: async (ask: Parameters<typeof client.command>[0]) => {
          if (ask.query.includes('OPTIMIZE'))
            await insert([fact({ hour: hourOf(2026, 9, 3), sum: 7, block: 9e6, revised: 1 })]);
          return client.command(ask);
        },
      },
    }) as typeof client;
    const [third, fourth] = [3, 4].map((day) => dayOf(hourOf(2026, 9, day)));
    expect(await compactDays({ ...database, client: meddling }, days)).toEqual([fourth]);
    expect(await compactedRows()).toEqual(await viewRows([fourth!]));
    expect((await due()).map(({ day }) => day)).toEqual([third]);
    expect(await select(client, "SELECT name FROM system.tables WHERE name LIKE 'compacting%'")).toEqual([]);
    expect(await compactAll()).toEqual([third]);
    expect(await compactedRows()).toEqual(await viewRows([third!, fourth!]));
  });

  it.each([
    ['the list of blocks', 'day_blocks'],
    ['the rollups’ rows', 'district_facts'],
  ])('are not compacted while a block has reached only one table, and %s lacks it', async (_what, table) => {
    await insert(factsOf([3, 4]));
    await test.client.command({
      query: `ALTER TABLE hourglass.${table} DELETE WHERE block = ${String(hourOf(2026, 9, 4, 13))}`,
      clickhouse_settings: { mutations_sync: '2' },
    });
    expect(await compactAll()).toEqual([dayOf(hourOf(2026, 9, 3))]);
    expect((await due()).map(({ day }) => day)).toEqual([dayOf(hourOf(2026, 9, 4))]);
  });

  it('with blocks of a lost commit are due again when these are deleted', async () => {
    await insert(factsOf([3, 4]));
    await insert([fact({ hour: hourOf(2026, 9, 4, 13), partition: 8, sum: 7, block: 12 })]);
    await compactAll();
    await deleteBlocks(test.client, { partition: 8, incarnation: INCARNATION, fromBlock: 10, toBlock: 12 });
    const days = [3, 4].map((day) => dayOf(hourOf(2026, 9, day)));
    expect((await due()).map(({ day }) => day)).toEqual([days[1]]);
    await compactAll();
    expect(await compactedRows()).toEqual(await viewRows(days));
  });
});

it('the name of a month changes with a block of it, and with a day that is compacted', async () => {
  const nameOf = async (): Promise<string | undefined> => (await readMonthNames(database)).get(202610);
  expect(await nameOf()).toBeUndefined();
  await insert(factsOf([3]));
  const names = [await nameOf()];
  await compactAll();
  names.push(await nameOf());
  await insert([fact({ hour: hourOf(2026, 9, 3), block: 9e6 })]);
  names.push(await nameOf());
  expect(new Set(names).size).toBe(3);
  await insert([fact({ hour: hourOf(2026, 10, 3), block: 9e6 })]);
  expect(await nameOf()).toBe(names[2]);
});

it('tables of runs that ended in the middle are dropped when nobody can be at work on them', async () => {
  await test.client.command({ query: 'CREATE TABLE hourglass.compacting_1 AS hourglass.compacted_rollups' });
  const left = (): Promise<unknown[]> =>
    select(test.client, "SELECT name FROM system.tables WHERE name LIKE 'compacting%'");
  await dropLeftovers(database);
  expect(await left()).toHaveLength(1);
  await dropLeftovers(database, 0);
  expect(await left()).toEqual([]);
});

it('days that were there before the migration are listed by it', async () => {
  await insert(factsOf([3, 4]));
  const before = await readTableDays(database, MONTHS);
  await test.client.command({ query: 'TRUNCATE TABLE hourglass.day_blocks' });
  await test.client.command({
    query: 'ALTER TABLE hourglass.schema_migrations DELETE WHERE version = 7',
    clickhouse_settings: { mutations_sync: '2' },
  });
  await migrateTables(test.client, { horizonDays: 0, durability: 'process' });
  expect(before.length).toBe(2);
  expect(await readTableDays(database, MONTHS)).toEqual(before);
});
