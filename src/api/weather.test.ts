import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkedApi, depsOf, NOW, World, type CheckedApi } from '../../test/support/api.ts';
import { fact, insertFacts, startTestDatabase, type TestDatabase } from '../../test/support/clickhouse.ts';
import type { OpenRow } from '../model/cluster.ts';
import { WorkersUnavailable } from '../model/errors.ts';

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

/** 14:00: half over, the watermark 5 s behind the clock; hours before it are final. */
const OPEN = Math.floor(NOW / 3_600_000);
const openRow = (given: Partial<OpenRow>): OpenRow => ({
  city: 'lisbon',
  district: 'alfama',
  kind: 'weather',
  metric: 'temp',
  sensor: 's1',
  hour: OPEN,
  count: 1,
  sumHi: 20,
  sumLo: 0,
  min: 20,
  max: 20,
  revisions: 0,
  ...given,
});
interface Weather {
  city: string;
  name: string | null;
  time_zone: string;
  time: string;
  data: Record<string, unknown>[];
}

describe('now', () => {
  it('each metric has its newest hour: the open one from memory and table, else the newest final one', async () => {
    await world.registry.writeAll([
      { of: 'city', city: 'lisbon', name: 'Lisboa', timeZone: 'Europe/Lisbon' },
      { of: 'metric', metric: 'temp', name: 'Air temperature', unit: 'Cel' },
    ]);
    await insertFacts(database.client, [
      fact({ kind: 'weather', hour: OPEN - 1, sum: 1 }),
      fact({ kind: 'weather', hour: OPEN, sensor: 's0', sum: 10 }),
      ...['a', 'b'].map((sensor) =>
        fact({ kind: 'noise', metric: 'dba', sensor, hour: OPEN - 2, count: 2, sum: 100, min: 40, max: 60 }),
      ),
      fact({ kind: 'noise', metric: 'dba', hour: OPEN - 3, sum: 1 }),
      fact({ kind: 'water', metric: 'old', hour: OPEN - 49 }),
      fact({ city: 'porto', kind: 'weather', hour: OPEN - 1 }),
    ]);
    world.openRows = [
      openRow({ count: 2, sumHi: 50, min: 24, max: 26 }),
      openRow({ district: 'baixa', sumHi: 30, min: 30, max: 30 }),
      // A device whose clock is ahead.
      openRow({ hour: OPEN + 1, sumHi: 99 }),
      openRow({ city: 'porto' }),
    ];
    expect(await api.get<Weather>('/weather/lisbon')).toEqual({
      city: 'lisbon',
      name: 'Lisboa',
      time_zone: 'Europe/Lisbon',
      time: '2026-11-23T14:30:00.000Z',
      data: [
        {
          kind: 'noise',
          metric: 'dba',
          name: null,
          unit: null,
          value: 50,
          min: 40,
          max: 60,
          count: 4,
          sensors: 2,
          hour: '2026-11-23T12:00:00Z',
          status: 'final',
          age_seconds: 5_400,
        },
        {
          kind: 'weather',
          metric: 'temp',
          name: 'Air temperature',
          unit: 'Cel',
          value: 22.5,
          min: 10,
          max: 30,
          count: 4,
          sensors: 3,
          hour: '2026-11-23T14:00:00Z',
          status: 'provisional',
          age_seconds: 5,
        },
      ],
    });
    const narrowed = await api.get<Weather>('/weather/lisbon?kind=weather&district=baixa');
    expect(narrowed.data).toMatchObject([{ metric: 'temp', value: 30, sensors: 1 }]);
  });

  it('of a city that only the registry knows is empty, of an unknown one a 404, without workers a 503', async () => {
    expect((await api.request('/weather/atlantis')).status).toBe(404);
    await world.registry.write({ of: 'city', city: 'atlantis', name: null, timeZone: 'UTC' });
    expect(await api.get<Weather>('/weather/atlantis')).toMatchObject({ data: [] });
    world.onAsk = () => Promise.reject(new WorkersUnavailable([1]));
    expect((await api.request('/weather/atlantis')).status).toBe(503);
  });

  it('carries watermark and final edge', async () => {
    await insertFacts(database.client, [fact({ hour: OPEN - 1 })]);
    const response = await api.request('/weather/lisbon');
    expect(response.headers.get('Hourglass-Watermark')).toBe('2026-11-23T14:29:55.000Z');
    expect(response.headers.get('Hourglass-Final-Through')).toBe('2026-11-23T14:00:00.000Z');
  });
});

describe('before', () => {
  it('a metric by hour, day and month in the time zone of the city', async () => {
    await world.registry.writeAll([
      { of: 'city', city: 'lisbon', name: null, timeZone: 'Asia/Kathmandu' },
      { of: 'metric', metric: 'temp', name: null, unit: 'Cel' },
    ]);
    const hour = Date.UTC(2026, 9, 31, 18) / 3_600_000;
    await insertFacts(database.client, [fact({ hour, sum: 1 })]);
    await insertFacts(database.client, [fact({ hour: hour + 6, sum: 3 })]);
    const row = { city: 'lisbon', kind: 'air', metric: 'temp', unit: 'Cel', zone: 'Asia/Kathmandu' };
    expect((await api.get('/historical/lisbon?metric=temp')).data).toMatchObject([
      { ...row, period: '2026-10-31T18:00:00Z', begins: '2026-10-31T18:00:00Z', ends: '2026-10-31T19:00:00Z', mean: 1 },
      { ...row, period: '2026-11-01T00:00:00Z', mean: 3, status: 'final' },
    ]);
    expect((await api.get('/historical/lisbon?metric=temp&step=day')).data).toMatchObject([
      // Midnight is at 18:15 UTC: the hour that begins at 18:00 belongs to the day before.
      { ...row, period: '2026-10-31', begins: '2026-10-30T19:00:00Z', ends: '2026-10-31T19:00:00Z', mean: 1 },
      { ...row, period: '2026-11-01', mean: 3 },
    ]);
    expect((await api.get('/historical/lisbon?metric=temp&step=month')).data).toMatchObject([
      { ...row, period: '2026-10', mean: 1 },
      { ...row, period: '2026-11', begins: '2026-10-31T19:00:00Z', ends: '2026-11-30T19:00:00Z', mean: 3 },
    ]);
    // A date is the city's: the 1st begins at 18:15 UTC.
    const hours = await api.get('/historical/lisbon?metric=temp&from=2026-11-01&to=2026-11-02');
    expect(hours.data).toMatchObject([{ period: '2026-11-01T00:00:00Z' }]);
    const first = await api.get('/historical/lisbon?metric=temp&limit=1');
    const second = await api.get(`/historical/lisbon?metric=temp&limit=1&cursor=${String(first.next)}`);
    expect([second.data[0]?.['mean'], second.next]).toEqual([3, null]);
  });

  it.each([
    '',
    'metric=temp&step=week',
    'metric=temp&zone=UTC',
    'metric=te~mp',
    'metric=temp&from=2026-11-02&to=2026-11-01',
  ])('refuses ?%s', async (query) => expect((await api.request(`/historical/lisbon?${query}`)).status).toBe(400));
});

it('sensors in the list have name, place and unit from the registry; a unit of their own first', async () => {
  const location = { type: 'Point' as const, coordinates: [-9.13, 38.71] };
  const sensor = { of: 'sensor' as const, city: 'lisbon', district: 'alfama', kind: 'air', owner: null, location };
  await world.registry.writeAll([
    { of: 'metric', metric: 'temp', name: null, unit: 'Cel' },
    { ...sensor, sensor: 's1', name: 'Castle', units: { temp: '[degF]' } },
  ]);
  await insertFacts(database.client, [fact({}), fact({ sensor: 's2' }), fact({ metric: 'other' })]);
  const { data } = await api.get('/v1/sensors?city=lisbon');
  expect(
    data.map(({ sensor: name, metric, name: called, location: at, unit }) => [name, metric, called, at, unit]),
  ).toEqual([
    ['s1', 'other', 'Castle', location, null],
    ['s1', 'temp', 'Castle', location, '[degF]'],
    ['s2', 'temp', null, null, 'Cel'],
  ]);
});
