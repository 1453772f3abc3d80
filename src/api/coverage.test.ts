import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkedApi, depsOf, NOW, World, type CheckedApi } from '../../test/support/api.ts';
import { fact, insertFacts, startTestDatabase, type TestDatabase } from '../../test/support/clickhouse.ts';
import { KnownSensors } from './queries/known-sensors.ts';

let database: TestDatabase;
let world: World;
let api: CheckedApi;
beforeAll(async () => {
  database = await startTestDatabase();
}, 60_000);
afterAll(() => database.stop());
beforeEach(async () => {
  await database.empty();
  world = new World();
  api = await checkedApi(depsOf(world, database));
});

/** 14:00 of the tests' day: half over, the watermark 5 s behind the clock. */
const OPEN = Math.floor(NOW / 3_600_000);

const coverages = async (query: string): Promise<unknown[]> =>
  (await api.get(`/v1/hourly?${query}`)).data.map((row) => row['coverage']);

describe('an hour of a series', () => {
  it('is covered by as many readings as its hours of the week before had; unknown before three of them', async () => {
    const counts = [60, 60, 58, 60, 30, 61, 1, 60];
    await insertFacts(
      database.client,
      counts.map((count, at) => fact({ hour: OPEN - counts.length + at, count })),
    );
    expect(await coverages('')).toEqual([null, null, null, 1, 0.5, 1, 0.0166, 1]);
  });

  it('goes by its own series, blocks added up, however a page is cut', async () => {
    const series = [
      { sensor: 'a', count: 60 },
      { sensor: 'b', count: 4 },
      { sensor: 'b', count: 720, metric: 'zeta' },
    ];
    for (const [block, revised] of [
      [1, 0],
      [2, 1],
    ] as const)
      // prettier-ignore
      await insertFacts(
        database.client,
        series.flatMap((given) =>
          [5, 4, 3, 2, 1].map((back) =>
            fact({ ...given, hour: OPEN - back, count: given.count / (back === 1 ? 4 : 2), block, revised }),
          ),
        ),
      );
    const whole = await api.get('/v1/hourly');
    expect(whole.data.map((row) => row['coverage'])).toEqual([null, null, null, 1, 0.5, null, null, null, 1, 0.5, null, null, null, 1, 0.5]); // prettier-ignore
    const rows: Record<string, unknown>[] = [];
    for (let cursor = ''; ;) {
      const page = await api.get(`/v1/hourly?limit=2${cursor}`);
      rows.push(...page.data);
      if (page.next === null) break;
      cursor = `&cursor=${page.next}`;
    }
    expect(rows).toEqual(whole.data);
    expect(await coverages('sensor=b&metric=zeta&from=2026-11-23T13:00:00Z')).toEqual([0.5]);
  });

  it('older than a week says nothing', async () => {
    await insertFacts(
      database.client,
      [168 + 3, 168 + 2, 168 + 1, 1].map((back) => fact({ hour: OPEN - back, count: 60 })),
    );
    expect(await coverages('from=2026-11-23T13:00:00Z')).toEqual([null]);
    await insertFacts(database.client, [fact({ hour: OPEN - 100, count: 60 }), fact({ hour: OPEN - 99, count: 60 })]);
    expect(await coverages('from=2026-11-23T13:00:00Z')).toEqual([1]);
  });

  it('that is open is covered as far as the watermark has passed it, in the table or in memory', async () => {
    await insertFacts(
      database.client,
      [4, 3, 2, 1].map((back) => fact({ hour: OPEN - back, count: 120 })),
    );
    const open = { city: 'lisbon', district: 'alfama', kind: 'air', metric: 'temp', sensor: 's1', hour: OPEN };
    world.openRows = [{ ...open, count: 30, sumHi: 1, sumLo: 0, min: 1, max: 1, revisions: 0 }];
    const { data } = await api.get('/v1/hourly?from=2026-11-23T14:00:00Z');
    // 29:55 of the hour have passed: 30 of 59.83.
    expect(data).toMatchObject([{ count: 30, coverage: 0.5013, status: 'provisional' }]);
    world.openRows = [{ ...open, count: 60, sumHi: 1, sumLo: 0, min: 1, max: 1, revisions: 0 }];
    expect((await api.get('/v1/hourly?from=2026-11-23T14:00:00Z')).data).toMatchObject([
      { coverage: 1, status: 'provisional' },
    ]);
  });

  it('that is open says nothing before a reading is due', async () => {
    await insertFacts(
      database.client,
      [4, 3, 2, 1].map((back) => fact({ hour: OPEN - back, count: 1 })),
    );
    await insertFacts(database.client, [fact({ hour: OPEN, count: 1 })]);
    expect(await coverages('from=2026-11-23T14:00:00Z')).toEqual([null]);
  });
});

describe('an hour of a district', () => {
  it('is covered by the sensors that spoke, of those that are known; a sensor is known a week beyond its last word', async () => {
    await insertFacts(database.client, [
      fact({ sensor: 'early', hour: OPEN - 500 }),
      ...['a', 'b', 'c', 'd'].map((sensor) => fact({ sensor, hour: OPEN - 10 })),
      ...['a', 'b', 'c'].map((sensor) => fact({ sensor, hour: OPEN - 9 })),
      fact({ sensor: 'late', hour: OPEN - 8 }),
      fact({ sensor: 'a', hour: OPEN }),
    ]);
    const { data } = await api.get('/v1/districts/lisbon/alfama/temp/hourly?from=2026-11-20');
    expect(data.map((row) => [row['sensors'], row['coverage'], row['status']])).toEqual([
      [4, 1, 'final'],
      [3, 0.75, 'final'],
      [1, 0.2, 'final'],
      [1, null, 'provisional'],
    ]);
    const [day] = (await api.get('/v1/cities/lisbon/temp/daily?from=2026-11-23')).data;
    // From 04:00 on: 4, 4, and 12 hours with 5 known sensors; 8 of these sensors' hours have readings.
    expect(day).toMatchObject({ status: 'provisional', coverage: Math.floor((8 / (4 + 4 + 5 * 8)) * 1e4) / 1e4 });
  });
});

it('known sensors are added up over any hours', () => {
  const of = (kind: string, district: string | null = null) => ({ city: 'lisbon', district, kind });
  const known = new KnownSensors([
    { ...of('air'), hour: 10, change: 2 },
    { ...of('air'), hour: 12, change: 3 },
    { ...of('air'), hour: 20, change: -5 },
    { ...of('water'), hour: 11, change: 1 },
    { ...of('air', 'alfama'), hour: 11, change: 1 },
  ]);
  expect(known.sensorHours(of('air'), 0, 10)).toBe(0);
  expect(known.sensorHours(of('air'), 9, 11)).toBe(2);
  expect(known.sensorHours(of('air'), 11, 13)).toBe(2 + 5);
  expect(known.sensorHours(of('air'), 0, 100)).toBe(2 * 2 + 8 * 5);
  expect(known.sensorHours(of('air'), 30, 20)).toBe(0);
  expect(known.sensorHours(of('water'), 0, 15)).toBe(4);
  expect(known.sensorHours(of('noise'), 0, 15)).toBe(0);
  expect(known.sensorHours(of('air', 'alfama'), 0, 15)).toBe(4);
});
