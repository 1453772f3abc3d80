/** A page of one series is read in a way of its own: it must be the page that the way of many series gives. */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkedApi, depsOf, NOW, World, type CheckedApi } from '../../test/support/api.ts';
import { fact, insertFacts, startTestDatabase, type Fact, type TestDatabase } from '../../test/support/clickhouse.ts';
import { type CountedClient, countedClient } from '../../test/support/counted-client.ts';
import { CADENCE_HOURS, CADENCE_HOURS_MIN } from '../model/limits.ts';
import { Random } from '../model/random.ts';
import { cadencesIn } from './queries/cadence.ts';

let database: TestDatabase;
let world: World;
let counted: CountedClient;
let api: CheckedApi;
beforeAll(async () => {
  database = await startTestDatabase();
}, 60_000);
afterAll(() => database.stop());
beforeEach(async () => {
  await database.empty();
  world = new World();
  counted = countedClient(database.client);
  api = await checkedApi(depsOf(world, { ...database, client: counted.client }));
});

/** 14:00 of the tests' day. */
const OPEN = Math.floor(NOW / 3_600_000);
const OTHERS = 'city=lisbon&district=alfama&metric=temp&sensor=s1';
const ONE = `${OTHERS}&kind=air`;

type Row = Record<string, unknown>;

/** Follows the cursor to the end. */
async function all(query: string, limit: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const next = cursor === '' ? '' : `&cursor=${cursor}`;
    const page: { data: Row[]; next: string | null } = await api.get(
      `/v1/hourly?${query}&limit=${String(limit)}${next}`,
    );
    rows.push(...page.data);
    cursor = page.next;
  }
  return rows;
}

/** 30 days with holes; some hours in two partitions, some corrected twice, with sums whose compensation counts. */
function history(): Fact[] {
  const random = new Random(3);
  const facts: Fact[] = [];
  for (let hour = OPEN - 720; hour < OPEN; hour++) {
    if (random.whole(0, 9) === 0) continue;
    const count = random.whole(1, 60);
    if (hour % 20 === 0)
      facts.push(fact({ hour, count, block: 2 * 10 ** 6, sum: Infinity, sumLo: NaN, min: 1, max: 2 }));
    if (hour % 40 === 0) continue;
    facts.push(fact({ hour, count, block: hour, sum: random.next() * 1e6, sumLo: random.next() * 1e-12 }));
    if (random.whole(0, 4) === 0)
      facts.push(fact({ hour, partition: 1, incarnation: 7, block: hour, count, sum: random.next() }));
    for (let late = random.whole(-8, 2); late > 0; late--)
      facts.push(fact({ hour, block: 10 ** 6 + hour * 3 + late, revised: 1, sum: random.next() - 1, min: -hour }));
  }
  const neighbours = ['s0', 's2'].flatMap((sensor) => [fact({ sensor, hour: OPEN - 3 }), fact({ sensor, hour: OPEN })]);
  return [...facts, ...neighbours, fact({ metric: 'temp', kind: 'water', sensor: 's2', hour: OPEN - 1 })];
}

/** One insert for each block, months apart as workers keep them. */
async function insertTwice(facts: readonly Fact[]): Promise<void> {
  for (const month of [9, 10]) {
    const of = facts.filter(({ hour }) => new Date(hour * 3_600_000).getUTCMonth() === month);
    for (const again of [of, of.filter((_, at) => at % 3 > 0)])
      if (again.length > 0) await insertFacts(database.client, again);
  }
}

describe('the hours of one series', () => {
  beforeEach(() => insertTwice(history()));

  it('are those of the general way, coverage included, and one question', async () => {
    const expected = await all(OTHERS, 10_000);
    expect(expected.length).toBeGreaterThan(600);
    expect(expected.some(({ revision }) => Number(revision) > 1)).toBe(true);
    const before = counted.queries.length;
    expect(await all(ONE, 10_000)).toEqual(expected);
    expect(counted.queries.length - before).toBe(1);
  });

  it('are the same where all that is asked for is final and on one page, over the end of a month', async () => {
    const range = '&from=2026-10-27T05:00:00Z&to=2026-11-23T10:00:00Z';
    const expected = await all(`${OTHERS}${range}`, 10_000);
    expect(expected.length).toBeGreaterThan(500);
    expect(expected.some(({ sum }) => sum === null)).toBe(true);
    const before = counted.queries.length;
    expect(await all(`${ONE}${range}`, 1_000)).toEqual(expected);
    expect(counted.queries.length - before).toBe(1);
  });

  it.each([5, 17, 100])('are the same in pages of %d', async (limit) => {
    const range = '&from=2026-11-05T03:00:00Z&to=2026-11-06T21:00:00Z';
    const expected = await all(`${OTHERS}${range}`, 10_000);
    expect(expected.length).toBeGreaterThan(30);
    expect(await all(`${ONE}${range}`, limit)).toEqual(expected);
  });

  it('are the same where memory holds some of their blocks', async () => {
    const { city, district, kind, metric, sensor } = fact({});
    world.finalThroughMs = (OPEN - 4) * 3_600_000;
    world.edges = [0, 1, 2, 3].map((partition) => ({ partition, nextBlock: OPEN - 1, unconfirmed: [OPEN - 3] }));
    world.openRows = [OPEN - 3, OPEN - 1, OPEN].map((hour) => ({
      city,
      district,
      kind,
      metric,
      sensor,
      hour,
      count: 4,
      sumHi: 0.1,
      sumLo: 0,
      min: -9,
      max: 9,
      revisions: 0,
    }));
    const expected = await all(`${OTHERS}&from=2026-11-23`, 10_000);
    expect(expected.filter(({ status }) => status === 'provisional').length).toBeGreaterThan(2);
    for (const limit of [1, 2, 5, 100]) expect(await all(`${ONE}&from=2026-11-23`, limit)).toEqual(expected);
  });

  it('are each its own where many ask at once, also for other hours of the same series', async () => {
    const days = '&from=2026-11-19&to=2026-11-23T12:00:00Z';
    const queries = [
      ONE,
      `${ONE}${days}`,
      `${ONE}&from=2026-11-07T05:00:00Z&to=2026-11-20`,
      ...['s0', 's2', 's9'].map((sensor) => `${ONE.replace('s1', sensor)}${days}`),
      `metric=temp&kind=water&city=lisbon&district=alfama&sensor=s2${days}`,
    ].flatMap((query) => [query, `${query}&limit=400`, `${query}&limit=2`]);
    const first = counted.queries.length;
    const expected: unknown[] = [];
    for (const query of queries) expected.push(await api.get(`/v1/hourly?${query}`));
    const alone = counted.queries.length;
    expect(await Promise.all(queries.map((query) => api.get(`/v1/hourly?${query}`)))).toEqual(expected);
    expect(counted.queries.length - alone).toBeLessThan(alone - first - 6);
  });

  it('are none where there are none: another sensor, an empty range, a time without readings', async () => {
    for (const query of [ONE.replace('s1', 's9'), `${ONE}&from=2026-11-20&to=2026-11-20`, `${ONE}&to=2026-01-01`])
      expect(await all(query, 100)).toEqual([]);
  });

  it('begin and end with the series, whatever key a cursor names', async () => {
    const cursorAfter = async (query: string): Promise<string> =>
      String((await api.get(`/v1/hourly?${query}&limit=1`)).next);
    const [s0, s2] = [await cursorAfter('sensor=s0'), await cursorAfter('sensor=s2&kind=air')];
    const expected = await all(OTHERS, 10_000);
    expect((await api.get(`/v1/hourly?${ONE}&limit=10000&cursor=${s0}`)).data).toEqual(expected);
    expect((await api.get(`/v1/hourly?${ONE}&cursor=${s2}`)).data).toEqual([]);
  });
});

it('an hour of more blocks than a question has rows is whole', async () => {
  const blocks = Array.from({ length: 500 }, (_, block) => fact({ hour: OPEN - 2, block, sum: block }));
  await insertFacts(database.client, [...blocks, fact({ hour: OPEN - 1, sum: 1 })]);
  expect(await all(ONE, 1)).toEqual(await all(OTHERS, 10));
  expect(await all(ONE, 1)).toMatchObject([{ count: 500, sum: (499 * 500) / 2 }, { count: 1 }]);
});

it('the cadence is the lower median of the week before', () => {
  const readings = { hours: [100, 101, 102, 103], counts: [9, 1, 5, 7] };
  const expected = [undefined, undefined, undefined, 5, 5, 5, 5, undefined];
  expect(cadencesIn(readings, [100, 101, 102, 103, 104, 268, 269, 270])).toEqual(expected);
});

it('the cadence is that of all hours of the week before, whichever come and go', () => {
  const gap = fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 90 }));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(gap, fc.nat(3)), { maxLength: 60 }),
      fc.array(gap, { maxLength: 60 }),
      (one, other) => {
        let at = 0;
        const readings = { hours: one.map(([later]) => (at += later)), counts: one.map(([, count]) => count) };
        at = 0;
        const hours = other.map((later) => (at += later));
        const expected = hours.map((hour) => {
          const isOfWeek = (_: number, of: number): boolean => {
            const then = readings.hours[of] ?? NaN;
            return then < hour && then >= hour - CADENCE_HOURS;
          };
          const week = readings.counts.filter(isOfWeek).sort((a, b) => a - b);
          return week.length < CADENCE_HOURS_MIN ? undefined : week[(week.length - 1) >> 1];
        });
        expect(cadencesIn(readings, hours)).toEqual(expected);
      },
    ),
  );
});
