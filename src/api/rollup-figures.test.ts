/** Hours of rollups are added up in the API: the same figures, to the last bit, as the views that dashboards read. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkedApi, depsOf, World, type CheckedApi } from '../../test/support/api.ts';
import {
  fact,
  type Fact,
  insertFacts,
  select,
  startTestDatabase,
  type TestDatabase,
} from '../../test/support/clickhouse.ts';
import { systemClock } from '../model/clock.ts';
import { COVERAGE_AGE_MS_MAX } from '../model/limits.ts';
import { Random } from '../model/random.ts';
import { until } from '../../test/support/until.ts';

let database: TestDatabase;
let api: CheckedApi;
beforeAll(async () => {
  database = await startTestDatabase();
}, 60_000);
afterAll(() => database.stop());
beforeEach(async () => {
  await database.empty();
  api = await checkedApi(depsOf(new World(), database));
});

const FIRST = Math.floor(Date.UTC(2026, 10, 20) / 3_600_000);
const HOURS = 30;

/** Sums of every size, two parts each; blocks of several partitions and a stream before; corrections; one sum that overflowed. */
function cityFacts(): Fact[] {
  const random = new Random(5);
  const facts: Fact[] = [];
  for (let hour = FIRST; hour < FIRST + HOURS; hour++)
    for (let sensor = 0; sensor < 6; sensor++)
      for (const late of [0, 1]) {
        if (random.whole(0, 3) === 0) continue;
        const sum = (random.next() - 0.5) * 10 ** random.whole(-300, 300);
        const where = { district: `d${String(sensor % 2)}`, kind: sensor < 4 ? 'air' : 'noise' };
        const block = late * 10_000 + hour - FIRST;
        // Two sensors speak through two gateways, in two partitions.
        const partition = sensor % 3 === 0 ? late : sensor;
        const known = { sensor: `s${String(sensor)}`, hour, partition, block, revised: late as 0 | 1 };
        facts.push(fact({ ...where, ...known, count: random.whole(1, 9), sum, sumLo: sum * 2 ** -54 }));
      }
  const overflowed = fact({
    district: 'd0',
    sensor: 's0',
    hour: FIRST + 3,
    sum: Infinity,
    block: 77,
    partition: 3,
    min: 0,
    max: 1,
  });
  return [...facts, overflowed];
}

type Row = Record<string, unknown>;

describe.each([
  ['/v1/cities/lisbon/temp/hourly', "city_hourly WHERE city = 'lisbon'"],
  ['/v1/districts/lisbon/d0/temp/hourly', "district_hourly WHERE city = 'lisbon' AND district = 'd0'"],
])('%s', (path, view) => {
  it('has the figures of the view, with corrections and blocks that came twice', async () => {
    const facts = cityFacts();
    await insertFacts(database.client, facts);
    await insertFacts(database.client, facts);
    const { data } = await api.get(path);
    const expected = await select<Row>(
      database.client,
      `SELECT kind, formatDateTime(hour, '%FT%TZ') AS hour, count, sum, min, max, mean, sensors, revision
       FROM hourglass.${view} AND metric = 'temp' ORDER BY kind, view.hour`.replace(/(\w+) WHERE/, '$1 AS view WHERE'),
    );
    expect(expected.length).toBeGreaterThan(HOURS);
    expect(expected.some(({ sum }) => sum === null)).toBe(true);
    expect(expected.some(({ revision }) => Number(revision) > 0)).toBe(true);
    expect(data).toMatchObject(expected);
    expect(data).toHaveLength(expected.length);
  });

  it('is empty where nothing is', async () => {
    expect((await api.get(path)).data).toEqual([]);
  });
});

it('sensors known are kept for some seconds, the figures of an hour are not', async () => {
  let nowMs = 1_000;
  let version = 0;
  const deps = depsOf(new World(), database);
  const clock = { ...systemClock, ...deps.clock, monotonicMs: () => nowMs };
  api = await checkedApi({ ...deps, clock, dataVersion: () => version });
  const look = async (): Promise<unknown[]> => {
    const { data } = await api.get('/v1/districts/lisbon/alfama/temp/hourly');
    return data.map(({ sensors, coverage }) => [sensors, coverage]);
  };
  await insertFacts(database.client, [fact({ sensor: 'a', hour: FIRST, block: 1 })]);
  expect(await look()).toEqual([[1, 1]]);
  await insertFacts(database.client, [
    fact({ sensor: 'b', hour: FIRST - 1, block: 2, revised: 1 }),
    fact({ sensor: 'c', hour: FIRST - 1, block: 2, revised: 1 }),
  ]);
  version++;
  // The hour before is new; of sensors, one is known still.
  expect(await look()).toEqual([
    [2, null],
    [1, 1],
  ]);
  version++;
  nowMs += COVERAGE_AGE_MS_MAX + 1;
  expect(await look()).toEqual([
    [2, 1],
    [1, 0.3333],
  ]);
});

it('sensors known are read anew before they are too old, and nobody waits for it', async () => {
  let nowMs = 1_000;
  let version = 0;
  const deps = depsOf(new World(), database);
  const clock = { ...systemClock, ...deps.clock, monotonicMs: () => nowMs };
  api = await checkedApi({ ...deps, clock, dataVersion: () => version++ });
  const coverage = async (): Promise<unknown> =>
    (await api.get('/v1/districts/lisbon/alfama/temp/hourly')).data.at(-1)?.['coverage'];
  await insertFacts(database.client, [fact({ sensor: 'a', hour: FIRST, block: 1 })]);
  expect(await coverage()).toBe(1);
  await insertFacts(database.client, [fact({ sensor: 'b', hour: FIRST - 1, block: 2, revised: 1 })]);
  expect(await coverage()).toBe(1);
  nowMs += COVERAGE_AGE_MS_MAX - 10;
  expect(await coverage()).toBe(1);
  await until('the other sensor is known', 10_000, async () => (await coverage()) === 0.5);
});
