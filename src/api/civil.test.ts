import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkedApi, depsOf, World, type CheckedApi } from '../../test/support/api.ts';
import { fact, insertFacts, select, startTestDatabase, type TestDatabase } from '../../test/support/clickhouse.ts';
import { readDayStarts } from './queries/civil.ts';

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
  // All of the tests' hours are over.
  world.finalThroughMs = Date.UTC(2026, 10, 23, 14);
  api = await checkedApi(depsOf(world, database));
});

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const hourOf = (iso: string): number => Date.parse(iso) / HOUR_MS;
const hoursBetween = (from: string, to: string): number[] =>
  Array.from({ length: hourOf(to) - hourOf(from) }, (_, at) => hourOf(from) + at);
const DAILY = '/v1/districts/lisbon/alfama/temp/daily';
const MONTHLY = '/v1/cities/lisbon/temp/monthly';

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** One reading an hour, of the value 1. */
async function fill(from: string, to: string): Promise<void> {
  for (const month of groupBy(hoursBetween(from, to), (hour) =>
    new Date(hour * HOUR_MS).toISOString().slice(0, 7),
  ).values())
    await insertFacts(
      database.client,
      month.map((hour) => fact({ hour, sum: 1 })),
    );
}

/** The civil date of an instant, by the tables of this machine's Node. */
function civilDate(ms: number, zone: string): string {
  const parts = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' });
  return parts.format(ms);
}

const ZONES = ['Australia/Lord_Howe', 'Asia/Kathmandu', 'America/New_York', 'Europe/Copenhagen'];

describe('civil days', () => {
  it.each([
    ['Europe/Copenhagen', '2025-03-30', 23],
    ['Europe/Copenhagen', '2025-10-26', 25],
    ['Europe/Copenhagen', '2026-03-29', 23],
    ['Europe/Copenhagen', '2026-10-25', 25],
    ['America/New_York', '2025-03-09', 23],
    ['America/New_York', '2025-11-02', 25],
    ['America/New_York', '2026-03-08', 23],
    ['America/New_York', '2026-11-01', 25],
    // Half an hour of summer time: midnight lies on the half hour in winter (UTC+10:30), on the hour in summer (UTC+11).
    ['Australia/Lord_Howe', '2025-04-06', 25],
    ['Australia/Lord_Howe', '2025-10-05', 23],
    ['Australia/Lord_Howe', '2026-04-05', 25],
    ['Australia/Lord_Howe', '2026-10-04', 23],
    ['Australia/Lord_Howe', '2026-07-01', 24],
    ['Asia/Kathmandu', '2026-03-29', 24],
  ])('%s: %s has the UTC hours that begin in it', async (zone, day, hoursOfClock) => {
    const dayMs = Date.parse(day);
    await fill(new Date(dayMs - 2 * DAY_MS).toISOString(), new Date(dayMs + 3 * DAY_MS).toISOString());
    const around = await api.get(`${DAILY}?zone=${zone}`);
    const expected = groupBy(
      hoursBetween(new Date(dayMs - 2 * DAY_MS).toISOString(), new Date(dayMs + 3 * DAY_MS).toISOString()),
      (hour) => civilDate(hour * HOUR_MS, zone),
    );
    expect(around.data.map((row) => [row['day'], row['count'], row['sum']])).toEqual(
      Array.from(expected, ([date, hours]) => [date, hours.length, hours.length]),
    );
    const found = around.data.find((row) => row['day'] === day);
    // Whole hours that begin in it: of Lord Howe's 24.5 and 23.5 hours these are the nearest whole ones.
    expect([found?.['hours'], found?.['count'], found?.['zone']]).toEqual([
      expected.get(day)?.length,
      expected.get(day)?.length,
      zone,
    ]);
    expect(Math.abs(Number(found?.['hours']) - hoursOfClock)).toBeLessThanOrEqual(
      zone === 'Australia/Lord_Howe' ? 1 : 0,
    );
    // A date as the range names the civil day itself.
    const next = new Date(dayMs + DAY_MS).toISOString().slice(0, 10);
    const named = await api.get(`${DAILY}?zone=${zone}&from=${day}&to=${next}`);
    expect(named.data).toEqual([found]);
  });

  it('database and Node agree on every day of two years', async () => {
    for (const zone of [...ZONES, 'Africa/Cairo', 'America/Santiago', 'Asia/Kolkata', 'Pacific/Chatham', 'UTC']) {
      const first = Date.UTC(2025, 0, 1) / DAY_MS;
      const days = Array.from({ length: 730 }, (_, at) => first + at);
      const starts = await readDayStarts(database.client, days, zone);
      for (const [at, day] of days.entries()) {
        const startMs = (starts[at] ?? NaN) * 1_000;
        const date = new Date(day * DAY_MS).toISOString().slice(0, 10);
        expect([civilDate(startMs, zone), civilDate(startMs - 1, zone) < date]).toEqual([date, true]);
      }
    }
  }, 60_000);

  it('of UTC are those of the view that dashboards query, whatever the sums', async () => {
    const hour = hourOf('2026-05-05T22:00:00Z');
    await insertFacts(database.client, [
      fact({ hour, sum: 1e300, sensor: 'a' }),
      fact({ hour, sum: 1, sumLo: 2 ** -60, sensor: 'b', count: 3 }),
      fact({ hour: hour + 1, sum: -1e300, sensor: 'a', district: 'baixa' }),
      fact({ hour: hour + 2, sum: 0.1, sensor: 'a' }),
      fact({ hour: hour + 3, sum: 0.2, sensor: 'b', revised: 1 }),
      fact({ hour: hour + 3, sum: Infinity, sumLo: NaN, min: 1, max: 1e308, count: 2, sensor: 'x', kind: 'water' }),
    ]);
    await insertFacts(database.client, [fact({ hour: hour + 2, sum: 0.3, sensor: 'a', block: 2, revised: 1 })]);
    const { data } = await api.get('/v1/cities/lisbon/temp/daily');
    const view = await select<Record<string, unknown>>(
      database.client,
      'SELECT * FROM hourglass.city_daily ORDER BY kind, day',
    );
    expect(data).toEqual(view.map((row): unknown => expect.objectContaining(row)));
    // The same readings, cut elsewhere: 22:00 UTC is midnight in Copenhagen's summer.
    const civil = await api.get('/v1/cities/lisbon/temp/daily?zone=Europe/Copenhagen&kind=air');
    expect(civil.data).toMatchObject([
      { day: '2026-05-06', count: 8, sum: 1 + 0.1 + 0.3 + 0.2, sensors: 3, revision: 2 },
    ]);
  });

  it('are paged by kind and day, final when their last hour is, and in the zone of the registry', async () => {
    await fill('2026-11-21T00:00:00Z', '2026-11-23T14:00:00Z');
    await world.registry.write({ of: 'city', city: 'lisbon', name: null, timeZone: 'Asia/Kathmandu' });
    const rows: Record<string, unknown>[] = [];
    for (let cursor = ''; ;) {
      const page = await api.get(`${DAILY}?zone=city&limit=1${cursor}`);
      rows.push(...page.data);
      if (page.next === null) break;
      cursor = `&cursor=${page.next}`;
    }
    // 05:45 ahead: the first hour of a day is the one that begins at 19:00 UTC, a quarter past its midnight.
    expect(rows).toMatchObject([
      { day: '2026-11-21', count: 19, hours: 24, status: 'final', zone: 'Asia/Kathmandu' },
      { day: '2026-11-22', count: 24, hours: 24, status: 'final' },
      { day: '2026-11-23', count: 19, hours: 24, status: 'provisional' },
    ]);
    world.finalThroughMs = Date.UTC(2026, 10, 23, 19);
    expect((await api.get(`${DAILY}?zone=city&from=2026-11-23`)).data).toMatchObject([{ status: 'final' }]);
    expect((await api.get(`/v1/cities/porto/temp/daily?zone=city`)).data).toEqual([]);
  });

  it('ranges take instants too, and what cannot be read is refused', async () => {
    await fill('2026-05-01T00:00:00Z', '2026-05-04T00:00:00Z');
    const days = async (query: string): Promise<unknown[]> =>
      (await api.get(`${DAILY}?${query}`)).data.map((row) => row['day']);
    expect(await days('zone=Europe/Copenhagen')).toEqual(['2026-05-01', '2026-05-02', '2026-05-03', '2026-05-04']);
    expect(await days('zone=Europe/Copenhagen&from=2026-05-01T22:00:00Z&to=2026-05-02T22:00:00Z')).toEqual([
      '2026-05-02',
    ]);
    expect(await days('zone=Europe/Copenhagen&from=2026-05-01T22:00:01Z')).toEqual(['2026-05-03', '2026-05-04']);
    expect(await days('zone=America/New_York&from=0001-01-01&to=9999-12-31')).toHaveLength(4);
    for (const query of [
      'zone=Mars/Olympus',
      'zone=%2B01:00',
      'from=2026-05-02&to=2026-05-01',
      'from=May',
      'zone=city&zone=UTC',
    ])
      expect((await api.request(`${DAILY}?${query}`)).status).toBe(400);
    expect((await api.get(`${DAILY}?zone=europe/copenhagen&to=2026-05-02`)).data).toMatchObject([
      { day: '2026-05-01', zone: 'Europe/Copenhagen' },
    ]);
    // A zone that Node knows and the database does not.
    await expect(readDayStarts(database.client, [20_000], 'Mars/Olympus')).rejects.toMatchObject({ status: 400 });
  });
});

describe('civil months', () => {
  it('have the hours of their days, and the same sums', async () => {
    await fill('2026-02-27T00:00:00Z', '2026-04-02T00:00:00Z');
    expect((await api.get(`${MONTHLY}?zone=Europe/Copenhagen`)).data).toMatchObject([
      { month: '2026-02', hours: 672, count: 47 },
      // March has the hour less of summer time.
      { month: '2026-03', hours: 743, count: 743, sum: 743, sensors: 1, status: 'final', zone: 'Europe/Copenhagen' },
      { month: '2026-04', hours: 720, count: 26 },
    ]);
    expect((await api.get(MONTHLY)).data).toMatchObject([
      { month: '2026-02', count: 48 },
      { month: '2026-03', hours: 744, count: 744 },
      { month: '2026-04', count: 24 },
    ]);
    expect((await api.get(`${MONTHLY}?from=2026-03-01&to=2026-04-01&kind=air`)).data).toHaveLength(1);
    expect((await api.get(`${MONTHLY}?from=2026-03-02`)).data).toMatchObject([{ month: '2026-04' }]);
  });
});
