/**
 * Hours and days that were compacted, days and months that are kept by month: the rows must be those that are read anew, whatever has
 * come meanwhile.
 */
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { checkedApi, depsOf, World, type CheckedApi } from '../../test/support/api.ts';
import {
  fact,
  type Fact,
  INCARNATION,
  insertFacts,
  startTestDatabase,
  type TestDatabase,
} from '../../test/support/clickhouse.ts';
import { type CountedClient, countedClient } from '../../test/support/counted-client.ts';
import { until } from '../../test/support/until.ts';
import { deleteBlocks } from '../runtime/clickhouse-schema.ts';
import { compactDays, readTableDays } from '../runtime/compaction.ts';
import { monthOfDay } from './kept-months.ts';
import {
  ANSWER_AGE_MS_MAX,
  COMPACTED_AHEAD_REST_MS,
  COMPACTED_DAYS_AGE_MS_MIN,
  DEAR_FIGURES_MS,
  SETTLED_AGE_MS,
} from '../model/limits.ts';

vi.setConfig({ testTimeout: 120_000 });

let database: TestDatabase;
let counted: CountedClient;
let world: World;
let fresh: CheckedApi;
let kept: CheckedApi;
let version = 0;
let steps = 0;
beforeAll(async () => {
  database = await startTestDatabase();
}, 60_000);
afterAll(() => database.stop());
beforeEach(async () => {
  await database.empty();
  world = new World();
  counted = countedClient(database.client);
  fresh = await checkedApi(depsOf(world, database));
  // No answer as a whole is kept: what is given again comes from the months.
  const deps = depsOf(world, { ...database, client: counted.client });
  // Nor is anything dear, however busy the machine is; a question comes some time after the one before.
  const clock = { ...deps.clock, monotonicMs: () => steps * COMPACTED_DAYS_AGE_MS_MIN };
  kept = await checkedApi({ ...deps, clock, dataVersion: () => version++ });
  for (const month of [8, 9, 10]) await insertFacts(database.client, factsOf(month));
});

const hourOf = (...time: [year: number, month: number, day: number, hour?: number]): number =>
  Date.UTC(...time) / 3_600_000;

/** Every 7th hour of a month of 2026 (from 0), of two kinds, districts and sensors. */
function factsOf(month: number): Fact[] {
  const facts: Fact[] = [];
  for (
    let hour = hourOf(2026, month, 1);
    hour < Math.min(hourOf(2026, month + 1, 1), hourOf(2026, 10, 23, 15));
    hour += 7
  )
    for (const at of [0, 1, 2, 3]) {
      const kind = at < 2 ? 'air' : 'noise';
      const [district, sensor] = [`d${String(at % 2)}`, `s${String((hour + at) % 5)}`];
      facts.push(fact({ hour, kind, district, sensor, sum: hour / 3 + at, block: hour }));
    }
  return facts;
}

/** Many places in one question: both districts, and the city. */
const FIELDS = 'kind count sum min max mean sensors revision coverage';
const GRAPHQL = `{ cities(first: 2) { nodes { city
  daily(metric: "temp", from: "2026-09-05", first: 100) { nodes { day ${FIELDS} } }
  districts(first: 2) { nodes { district
    daily(metric: "temp", from: "2026-10-01", first: 30) { nodes { day ${FIELDS} } }
    hourly(metric: "temp", from: "2026-10-28T05:00:00Z", to: "2026-11-30T00:00:00Z", first: 60) { nodes { hour ${FIELDS} } }
  } } } } }`;

const PATHS = [
  '/v1/cities/lisbon/temp/daily?limit=1000',
  '/v1/cities/lisbon/temp/daily?limit=1000&zone=Asia/Kathmandu&from=2026-09-17T11:00:01Z&to=2026-11-20T03:00:00Z',
  '/v1/districts/lisbon/d1/temp/daily?limit=1000&zone=America/St_Johns&kind=noise&from=2026-08-31',
  '/v1/cities/lisbon/temp/monthly?zone=Pacific/Auckland',
  '/v1/districts/lisbon/d0/temp/monthly?from=2026-09-01&to=2026-11-01',
  '/v1/cities/lisbon/none/daily',
  '/v1/cities/lisbon/temp/daily?from=2026-01-01&to=2026-06-01',
  '/v1/cities/lisbon/temp/hourly?limit=1000&from=2026-09-10T05:00:00Z&to=2026-11-30',
  '/v1/districts/lisbon/d1/temp/hourly?limit=1000&kind=noise&from=2026-10-20&to=2026-11-22T07:00:00Z',
  '/v1/cities/lisbon/temp/hourly?limit=1000&from=2026-09-10&to=2026-09-12',
  '/v1/cities/lisbon/temp/hourly?limit=1000',
  GRAPHQL,
];

async function rowsOf(api: CheckedApi, path: string): Promise<unknown[]> {
  steps++;
  if (path !== GRAPHQL) return (await api.get(path)).data;
  const response = await api.request('/graphql', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ query: GRAPHQL }),
  });
  const { data, errors } = (await response.json()) as { data: unknown; errors?: unknown };
  expect(errors).toBeUndefined();
  return [data];
}

/** Questions to the tables of blocks. */
const readings = (): number =>
  counted.queries.filter((query) => query.includes('FROM hourglass.district_facts')).length;
const compactedReadings = (): number => counted.queries.filter((query) => query.includes('AS first_hour')).length;
const compactedOfKind = (): number =>
  counted.queries.filter((query) => query.includes('AS first_hour') && query.includes('{kind:String}')).length;

it('all are what is read anew, before and after corrections, blocks that come again, and rows that go', async () => {
  const changes = [
    () => Promise.resolve(),
    () =>
      insertFacts(database.client, [
        fact({ district: 'd1', kind: 'noise', hour: hourOf(2026, 9, 3), sum: 4, block: 9e6, revised: 1 }),
      ]),
    () => insertFacts(database.client, factsOf(8)),
    () =>
      insertFacts(database.client, [
        fact({ district: 'd0', hour: hourOf(2026, 8, 30, 21), sum: 1e9, block: 9e6, revised: 1 }),
      ]),
    () => Promise.resolve(void (world.finalThroughMs += 3_600_000)),
    () => deleteBlocks(database.client, { incarnation: INCARNATION, partition: 0, fromBlock: 9e6, toBlock: 9e6 }),
  ];
  for (const change of changes) {
    await change();
    const expected = await Promise.all(PATHS.map((path) => rowsOf(fresh, path)));
    // What has changed is not compacted; then, of the last two weeks, all but every seventh day; then all.
    for (const isWanted of [() => false, (day: number) => day >= TODAY - 14 && day % 7 !== 0, () => true]) {
      await compact(isWanted);
      for (const _ of ['read', 'kept'])
        for (const [at, path] of PATHS.entries()) expect(await rowsOf(kept, path), path).toEqual(expected[at]);
    }
  }
});

const TODAY = Math.floor(hourOf(2026, 10, 23) / 24);

/** Days that are over and are not, or no more, compacted. */
async function compact(isWanted: (day: number) => boolean): Promise<void> {
  const ports = { client: database.client, stop: new AbortController().signal };
  const due = (await readTableDays(ports, [202609, 202610, 202611])).filter(
    ({ day, blocks, compacted }) => day < TODAY && blocks !== compacted && isWanted(day),
  );
  const months = new Map(
    due.map(({ day }) => [monthOfDay(day), due.filter((one) => monthOfDay(one.day) === monthOfDay(day))]),
  );
  for (const days of months.values()) expect(await compactDays(ports, days)).toHaveLength(days.length);
}

it('compacted hours are read once, and rows of blocks for days that were corrected or are not over', async () => {
  // Of one kind: hours of every kind are read ahead.
  const path = '/v1/districts/lisbon/d0/temp/hourly?limit=1000&kind=air&from=2026-09-05';
  await compact(() => true);
  const asked = async (query: string): Promise<number[]> => {
    const before = [readings(), compactedOfKind()];
    await rowsOf(kept, query);
    return [readings(), compactedOfKind()].map((now, at) => now - (before[at] ?? NaN));
  };
  expect(await asked(`${path}&to=2026-11-10`)).toEqual([0, 1]);
  // Whatever hour of these months the question begins and ends with.
  expect(await asked(`${path.replace('09-05', '09-09T03:00:00Z')}&to=2026-11-02`)).toEqual([0, 0]);
  const together = ['lisbon/d1', 'lisbon/d1'].map((of, at) =>
    path.replace('lisbon/d0', of).replace('09-05', `09-0${String(at + 1)}`),
  );
  const before = compactedOfKind();
  await Promise.all(together.map((one) => rowsOf(kept, `${one}&to=2026-11-02`)));
  expect(compactedOfKind() - before).toBe(1);
  // Today's hours.
  const [today] = await asked(path);
  expect(today).toBeGreaterThan(0);
  await insertFacts(database.client, [
    fact({ district: 'd0', hour: hourOf(2026, 8, 9), sum: 4, block: 9e6, revised: 1 }),
  ]);
  expect(await asked(`${path}&to=2026-11-10`)).toEqual([1, 1]);
  await compact(() => true);
  expect(await asked(`${path}&to=2026-11-10`)).toEqual([0, 1]);
});

it.each([
  // Three months, of districts and of the city.
  { step: 'hourly', questions: 3 * 2 },
  { step: 'daily', questions: 2 },
])('who asks for one place $step has all others read ahead, and again when they have changed', async (of) => {
  const places = ['districts/lisbon/d0', 'districts/lisbon/d1', 'cities/lisbon'];
  const pathOf = (place: string): string => `/v1/${place}/temp/${of.step}?limit=1000&from=2026-09-05&to=2026-11-20`;
  const [first, ...others] = places.map(pathOf);
  await compact(() => true);
  await rowsOf(kept, first!);
  await until('all is read ahead', 20_000, () => compactedReadings() === 1 + of.questions);
  // The city's, which came last, are asked for last.
  for (const path of others) expect(await rowsOf(kept, path)).toEqual(await rowsOf(fresh, path));
  expect(compactedReadings()).toBe(1 + of.questions);
  await insertFacts(database.client, [
    fact({ district: 'd1', hour: hourOf(2026, 8, 9), sum: 4, block: 9e6, revised: 1 }),
  ]);
  await compact(() => true);
  for (const path of others) expect(await rowsOf(kept, path)).toEqual(await rowsOf(fresh, path));
  const before = compactedReadings();
  steps += COMPACTED_AHEAD_REST_MS / COMPACTED_DAYS_AGE_MS_MIN;
  await rowsOf(kept, pathOf('districts/lisbon/d1'));
  // One month of them.
  await until('what has changed is read ahead', 20_000, () => compactedReadings() === before + 2);
  for (const path of [first!, ...others]) expect(await rowsOf(kept, path)).toEqual(await rowsOf(fresh, path));
  expect(compactedReadings()).toBe(before + 2);
});

it('compacted days are read once, whatever second of a day the question begins with', async () => {
  // Of one kind: days of every kind are read ahead.
  const path = '/v1/cities/lisbon/temp/daily?limit=1000&kind=air&to=2026-11-20';
  await compact(() => true);
  const before = [readings(), compactedOfKind()];
  for (const from of ['2026-09-05', '2026-09-04T23:59:59Z', '2026-09-04T00:00:01Z', '2026-10-17'])
    await rowsOf(kept, `${path}&from=${from}`);
  expect([readings(), compactedOfKind()]).toEqual([before[0], (before[1] ?? NaN) + 1]);
});

it('the list of days is used for a moment, whatever comes, but not after a flush', async () => {
  await compact(() => true);
  const path = '/v1/districts/lisbon/d0/temp/hourly?limit=1000&from=2026-09-05&to=2026-10-20';
  const deps = depsOf(world, { ...database, client: counted.client });
  let nowMs = 0;
  const api = await checkedApi({
    ...deps,
    clock: { ...deps.clock, monotonicMs: () => nowMs },
    dataVersion: () => version++,
  });
  const lists = (): number => counted.queries.filter((query) => query.includes('FROM hourglass.day_versions')).length;
  const asked = async (): Promise<number> => {
    await insertFacts(database.client, [
      fact({ district: 'd0', hour: hourOf(2026, 8, 9), sum: 4, block: 9e6 + version, revised: 1 }),
    ]);
    const before = lists();
    await rowsOf(api, path);
    return lists() - before;
  };
  expect(await asked()).toBe(1);
  expect(await asked()).toBe(0);
  nowMs += COMPACTED_DAYS_AGE_MS_MIN;
  expect(await asked()).toBe(1);
  expect(await asked()).toBe(0);
  await api.request('/v1/admin/flush', { method: 'POST' });
  expect(await asked()).toBe(1);
  expect(await rowsOf(api, path)).toEqual(await rowsOf(fresh, path));
});

it('which months have changed is looked for in good time, and nobody waits for it', async () => {
  await compact(() => true);
  let [nowMs, isHeld] = [1, false];
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const slow = countedClient(database.client, (query) =>
    isHeld && query.includes('system.parts') ? held : Promise.resolve(),
  );
  const deps = depsOf(world, { ...database, client: slow.client });
  const clock = { ...deps.clock, monotonicMs: () => nowMs };
  const api = await checkedApi({ ...deps, clock, dataVersion: () => 0 });
  /** Each time another question, whose answer as a whole is not kept. */
  const asked = async (hours: number): Promise<number> => {
    await rowsOf(api, `/v1/districts/lisbon/d0/temp/hourly?limit=${String(hours)}&from=2026-09-05&to=2026-10-20`);
    return slow.queries.filter((query) => query.includes('system.parts')).length;
  };
  expect(await asked(1)).toBe(1);
  isHeld = true;
  nowMs += 0.8 * ANSWER_AGE_MS_MAX;
  expect([await asked(2), await asked(3)]).toEqual([2, 2]);
  release();
  nowMs += 0.5 * ANSWER_AGE_MS_MAX;
  expect(await asked(4)).toBe(2);
  nowMs += ANSWER_AGE_MS_MAX;
  expect(await asked(5)).toBe(3);
});

it('of today nothing is compacted, and nothing is looked for', async () => {
  await compact(() => true);
  const before = counted.queries.filter((query) => query.includes('system.parts')).length;
  await rowsOf(kept, '/v1/districts/lisbon/d0/temp/hourly?from=2026-11-23');
  await rowsOf(kept, '/v1/cities/lisbon/temp/daily?from=2026-11-23&to=2026-11-25');
  expect(counted.queries.filter((query) => query.includes('system.parts')).length).toBe(before);
});

it('days that are exchanged after one has looked for them are read from the rows of blocks', async () => {
  await compact(() => true);
  const path = '/v1/districts/lisbon/d0/temp/hourly?limit=1000&kind=air&from=2026-09-05&to=2026-10-20';
  // The list of days is that of before: an hour of a day has other figures since, and they were compacted.
  const deps = depsOf(world, { ...database, client: counted.client });
  const still = await checkedApi({ ...deps, dataVersion: () => 0 });
  await rowsOf(still, path.replace('d0', 'd1'));
  await insertFacts(database.client, [
    fact({ district: 'd0', hour: hourOf(2026, 8, 9), sum: 4, block: 9e6, revised: 1 }),
  ]);
  await compact(() => true);
  const before = readings();
  expect(await rowsOf(still, path)).toEqual(await rowsOf(fresh, path));
  expect(readings()).toBeGreaterThan(before + 1);
});

it('a month of days of a zone is read once, and again when something came in it', async () => {
  const path = '/v1/cities/lisbon/temp/daily?limit=1000&zone=Europe/Lisbon';
  await rowsOf(kept, path);
  const first = readings();
  await rowsOf(kept, `${path}&from=2026-09-05T03:04:05Z`);
  expect(readings()).toBe(first);
  await insertFacts(database.client, [fact({ hour: hourOf(2026, 8, 9), sum: 4, block: 9e6, revised: 1 })]);
  await rowsOf(kept, path);
  // September, and the month before it, whose last days may reach into it.
  expect(readings()).toBe(first + 2);
});

it.each(['/v1/cities/lisbon/temp/daily?zone=UTC', '/v1/cities/lisbon/temp/hourly?from=2026-09-12&to=2026-11-20'])(
  'pages of %s follow one another',
  async (path) => {
    await compact((day) => day % 9 > 1 && day < TODAY - 10);
    const expected = await rowsOf(fresh, `${path}&limit=1000`);
    const rows: unknown[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const next = cursor === '' ? '' : `&cursor=${cursor}`;
      const page: { data: unknown[]; next: string | null } = await kept.get(`${path}&limit=50${next}`);
      rows.push(...page.data);
      cursor = page.next;
    }
    expect(rows).toEqual(expected);
  },
);

it('what took the database long is given again for a moment, but not for another final hour, nor after a flush', async () => {
  let nowMs = 0;
  const deps = depsOf(world, { ...database, client: counted.client });
  const clock = { ...deps.clock, monotonicMs: () => (nowMs += DEAR_FIGURES_MS) };
  const dear = await checkedApi({ ...deps, clock, dataVersion: () => version++ });
  for (const path of [
    '/v1/districts/lisbon/d0/temp/hourly',
    '/v1/districts/lisbon/d0/temp/daily?from=2026-11-20&to=2026-11-22',
  ]) {
    const asked = async (change: () => unknown): Promise<number> => {
      await change();
      const before = readings();
      await rowsOf(dear, path);
      return readings() - before;
    };
    expect(await asked(() => undefined)).toBeGreaterThan(0);
    expect(await asked(() => undefined)).toBe(0);
    expect(await asked(() => dear.request('/v1/admin/flush', { method: 'POST' }))).toBeGreaterThan(0);
    expect(await asked(() => (world.finalThroughMs += 3_600_000))).toBeGreaterThan(0);
    expect(await asked(() => (nowMs += ANSWER_AGE_MS_MAX))).toBeGreaterThan(0);
  }
});

it('figures are given again while no rows are on their way to the tables, and read anew when some have come', async () => {
  let nowMs = 0;
  let blocks = 0;
  let settled = true;
  const deps = depsOf(world, { ...database, client: counted.client });
  const api = await checkedApi({
    ...deps,
    // A step of a moment: no answer as a whole is kept for longer, and nothing is dear.
    clock: { ...deps.clock, monotonicMs: () => nowMs },
    dataVersion: () => blocks,
    tablesAreSettled: () => settled,
  });
  const path = '/v1/districts/lisbon/d0/temp/hourly?from=2026-11-20T00:00:00Z';
  const asked = async (): Promise<number> => {
    nowMs += ANSWER_AGE_MS_MAX + 1;
    const before = readings();
    const expected = await rowsOf(fresh, path);
    expect(await rowsOf(api, path)).toEqual(expected);
    return readings() - before;
  };
  expect(await asked()).toBeGreaterThan(0);
  expect(await asked()).toBe(0);
  // A block is sealed: what is read now may be of before and of after.
  [blocks, settled] = [1, false];
  expect(await asked()).toBeGreaterThan(0);
  await insertFacts(database.client, [fact({ district: 'd0', hour: hourOf(2026, 10, 22, 5), sum: 7, block: 9e6 })]);
  expect(await asked()).toBeGreaterThan(0);
  // It is confirmed.
  [blocks, settled] = [2, true];
  const all = await asked();
  expect(all).toBeGreaterThan(0);
  expect(await asked()).toBe(0);
  // In the last part of their age they are read anew while they are given again, and then last as long once more.
  const before = readings();
  nowMs += 0.8 * SETTLED_AGE_MS;
  await asked();
  await until('they are read anew', 5_000, () => readings() === before + all);
  nowMs += 0.5 * SETTLED_AGE_MS;
  expect(await asked()).toBe(0);
  nowMs += SETTLED_AGE_MS;
  expect(await asked()).toBeGreaterThan(0);
});
