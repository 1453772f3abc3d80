/** Open hours of many sensors: the table is asked only where it has something, and no row is missed for it (invariant 8). */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { checkedApi, depsOf, NOW, World, type CheckedApi } from '../../test/support/api.ts';
import { fact, INCARNATION, insertFacts, startTestDatabase, type TestDatabase } from '../../test/support/clickhouse.ts';
import { type CountedClient, countedClient } from '../../test/support/counted-client.ts';
import { until } from '../../test/support/until.ts';
import { systemClock } from '../model/clock.ts';
import { CADENCE_AGE_MS_MAX, OPEN_ROWS_AGE_MS_MAX } from '../model/limits.ts';

let database: TestDatabase;
let world: World;
let counted: CountedClient;
let api: CheckedApi;
let nowMs: number;
beforeAll(async () => {
  database = await startTestDatabase();
}, 60_000);
afterAll(() => database.stop());
beforeEach(async () => {
  await database.empty();
  world = new World();
  nowMs = 1_000;
  counted = countedClient(database.client);
  const deps = depsOf(world, { ...database, client: counted.client });
  const clock = { ...systemClock, ...deps.clock, monotonicMs: () => nowMs };
  api = await checkedApi({ ...deps, clock, dataVersion: () => 0 });
  confirmed(1);
});

const OPEN = Math.floor(NOW / 3_600_000);
const QUESTION = '/v1/hourly?city=lisbon&district=alfama&from=2026-11-23T14:00:00Z';

/** Blocks below this are in the table, of every partition. */
function confirmed(nextBlock: number): void {
  world.edges = [0, 1, 2, 3].map((partition) => ({ partition, nextBlock, unconfirmed: [] }));
}

function inMemory(...sensors: string[]): void {
  const { city, district, kind, metric } = fact({});
  world.openRows = sensors.map((sensor) => {
    const series = { city, district, kind, metric, sensor, hour: OPEN };
    return { ...series, count: 2, sumHi: 3, sumLo: 0, min: 1, max: 2, revisions: 0 };
  });
}

const look = async (path = QUESTION): Promise<unknown[]> =>
  (await api.get(path)).data.map(({ sensor, count, coverage }) => [sensor, count, coverage]);

/** Questions to the table for a page that nobody has asked for. */
async function questions(run: () => Promise<unknown>): Promise<number> {
  const before = counted.queries.length;
  await run();
  return counted.queries.length - before;
}

it('one look, and what hours usually have, serve all questions while no block is written', async () => {
  await insertFacts(
    database.client,
    ['a', 'b'].flatMap((sensor) => [1, 2, 3].map((back) => fact({ sensor, hour: OPEN - back, count: 4, block: 0 }))),
  );
  inMemory('a', 'b');
  const expected = ['a', 'b'].map((sensor) => [sensor, 2, 1]);
  expect(await questions(async () => expect(await look()).toEqual(expected))).toBe(2);
  inMemory('a', 'b');
  expect(await questions(async () => expect(await look()).toEqual(expected))).toBe(0);
  // Another question has readings of its own to be measured by; the look it shares. (A metric of one district has others read ahead.)
  expect(await questions(() => look(`${QUESTION}&kind=air`))).toBe(1);
  nowMs += OPEN_ROWS_AGE_MS_MAX + 1;
  expect(await questions(() => look())).toBe(1);
  nowMs += CADENCE_AGE_MS_MAX + 1;
  expect(await questions(() => look())).toBe(2);
});

it('what an open hour is measured by is the lower median of the week before, of three hours or more, on any page', async () => {
  const counts = { a: [9, 1, 5, 7], b: [8, 8], c: [8, 3, 3] };
  await insertFacts(
    database.client,
    Object.entries(counts).flatMap(([sensor, of]) =>
      of.map((count, at) => fact({ sensor, hour: OPEN - 1 - at, count, block: 0 })),
    ),
  );
  // A week and an hour before: of no account.
  await insertFacts(database.client, [fact({ sensor: 'b', hour: OPEN - 169, count: 8, block: 0 })]);
  inMemory('a', 'b', 'c');
  // 29:55 of the hour have passed.
  const expected = [
    ['a', 2, Math.floor((2 / ((5 * 1_795) / 3_600)) * 1e4) / 1e4],
    ['b', 2, null],
    ['c', 2, 1],
  ];
  expect(await look()).toEqual(expected);
  const { next } = await api.get(`${QUESTION}&limit=1`);
  expect(await look(`${QUESTION}&limit=2&cursor=${String(next)}`)).toEqual(expected.slice(1));
});

it('a block that is confirmed is seen at once', async () => {
  inMemory('a');
  expect(await look()).toEqual([['a', 2, null]]);
  // Inserted and not confirmed: its readings are still in memory.
  await insertFacts(database.client, [fact({ sensor: 'a', hour: OPEN, count: 2, block: 1 })]);
  expect(await look()).toEqual([['a', 2, null]]);
  // Confirmed: the memory has let go of them.
  inMemory('b');
  confirmed(2);
  expect(await look()).toEqual([
    ['a', 2, null],
    ['b', 2, null],
  ]);
  // The block after it, of one partition, adds to the same hour; the block came twice.
  const next = [fact({ sensor: 'a', hour: OPEN, count: 5, block: 2, partition: 1 })];
  await insertFacts(database.client, next);
  await insertFacts(database.client, next);
  expect(await look()).toEqual([
    ['a', 2, null],
    ['b', 2, null],
  ]);
  confirmed(3);
  expect(await look()).toEqual([
    ['a', 7, null],
    ['b', 2, null],
  ]);
});

it('rows that the table has are looked for once, and memory is added to them anew each time', async () => {
  inMemory('a');
  await insertFacts(database.client, [fact({ sensor: 'a', hour: OPEN, count: 5, block: 1 })]);
  confirmed(2);
  // Cities with open rows, the rows, and what the hour is measured by.
  expect(await questions(async () => expect(await look()).toEqual([['a', 7, null]]))).toBe(3);
  const whole = await api.get(QUESTION);
  for (let again = 0; again < 3; again++) {
    inMemory('a');
    expect(await questions(async () => expect(await api.get(QUESTION)).toEqual(whole))).toBe(0);
  }
  expect(await questions(() => look(`${QUESTION}&limit=1`))).toBe(1);
  // In the last part of its age it is read anew, and nobody waits for that.
  nowMs += OPEN_ROWS_AGE_MS_MAX - 1;
  const before = counted.queries.length;
  expect(await look()).toEqual([['a', 7, null]]);
  await until('it is read anew', 5_000, () => counted.queries.length === before + 2);
});

it('blocks of a stream before, of another city and of final hours', async () => {
  await insertFacts(database.client, [
    fact({ city: 'porto', hour: OPEN, count: 3, block: 9, incarnation: INCARNATION - 1 }),
    fact({ sensor: 'old', hour: OPEN - 1, count: 1, block: 0 }),
  ]);
  inMemory('a');
  expect(await look()).toEqual([['a', 2, null]]);
  expect(await look('/v1/hourly?city=porto')).toEqual([['s1', 3, null]]);
  // Without a city any row counts; a range that begins before the open hours is read from the table.
  expect(await look('/v1/hourly?from=2026-11-23T14:00:00Z')).toEqual([
    ['a', 2, null],
    ['s1', 3, null],
  ]);
  expect(await look('/v1/hourly?city=lisbon&district=alfama')).toEqual([
    ['a', 2, null],
    ['old', 1, null],
  ]);
});
