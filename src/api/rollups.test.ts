/** Long ranges of rollups are read in slices: the same rows as in one piece, whatever the page. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkedApi, depsOf, World, type CheckedApi } from '../../test/support/api.ts';
import { startTestDatabase, type TestDatabase } from '../../test/support/clickhouse.ts';
import { type CountedClient, countedClient } from '../../test/support/counted-client.ts';
import { ROLLUP_SLICE_HOURS } from '../model/limits.ts';
import { slicesOf } from './queries/slices.ts';

/** 3,000 hours of two kinds: three slices of each. */
const HOURS = 3 * ROLLUP_SLICE_HOURS;
const FIRST = Date.UTC(2026, 6, 1) / 3_600_000;
const iso = (hour: number): string => new Date(hour * 3_600_000).toISOString();

vi.setConfig({ testTimeout: 120_000 });

let database: TestDatabase;
let counted: CountedClient;
let api: CheckedApi;
beforeAll(async () => {
  database = await startTestDatabase();
  await database.client.command({
    query: `INSERT INTO hourglass.hourly_facts
      SELECT 'lisbon', concat('d', toString(number % 2)), if(number % 4 < 2, 'air', 'noise'), 'temp', concat('s', toString(number % 8)),
        toDateTime((${String(FIRST)} + intDiv(number, 8)) * 3600, 'UTC') AS hour, number % 2, toUnixTimestamp(hour), 1, 0,
        1, v, 0, v, v, 0, 0
      FROM (SELECT number, toFloat64(cityHash64(number) % 1000) / 7 AS v FROM numbers(${String(8 * HOURS)}))
      WHERE cityHash64(number, 1) % 10 != 0`,
  });
}, 60_000);
afterAll(() => database.stop());
beforeEach(async () => {
  counted = countedClient(database.client);
  api = await checkedApi(depsOf(new World(), { ...database, client: counted.client }));
});

type Row = Record<string, unknown>;
async function allOf(path: string, limit: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: { data: Row[]; next: string | null } = await api.get(
      `${path}${path.includes('?') ? '&' : '?'}limit=${String(limit)}${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    rows.push(...page.data);
    cursor = page.next;
  }
  return rows;
}

describe.each(['/v1/cities/lisbon/temp', '/v1/districts/lisbon/d1/temp'])('%s', (path) => {
  it('hourly: pages of any size have the rows of short ranges', async () => {
    const pieces: Row[] = [];
    for (const kind of ['air', 'noise'])
      for (let from = FIRST; from < FIRST + HOURS; from += 500) {
        const range = `from=${iso(from)}&to=${iso(from + 500)}&kind=${kind}`;
        pieces.push(...(await api.get(`${path}/hourly?${range}&limit=1000`)).data);
      }
    const before = counted.queries.length;
    const whole = (await api.get(`${path}/hourly?limit=10000`)).data;
    // The hours that there are, three slices of each kind, and the known sensors.
    expect(counted.queries.length - before).toBe(1 + 2 * Math.ceil(whole.length / 2 / ROLLUP_SLICE_HOURS) + 1);
    expect(whole.length).toBeGreaterThan(1.9 * HOURS);
    expect(whole).toEqual(pieces);
    expect(await allOf(`${path}/hourly`, 1_700)).toEqual(whole);
  });

  it.each(['daily?zone=Europe/Lisbon', 'monthly?zone=Asia/Kathmandu', 'monthly'])(
    '%s: pages of any size have the rows of short ranges',
    async (question) => {
      const whole = (await api.get(`${path}/${question}&limit=10000`.replace('monthly&', 'monthly?'))).data;
      const kinds = whole.map(({ kind }) => String(kind));
      expect(kinds).toEqual(kinds.toSorted());
      const counts = whole.reduce((sum, { count }) => sum + Number(count), 0);
      expect(counts).toBe(
        (await api.get(`${path}/hourly?limit=10000`)).data.reduce((sum, { count }) => sum + Number(count), 0),
      );
      expect(await allOf(`${path}/${question}`, 3)).toEqual(whole);
      const [some] = whole.slice(2);
      const name = question.startsWith('daily') ? String(some?.['day']) : `${String(some?.['month'])}-01`;
      const to = new Date(Date.parse(name) + 86_400_000).toISOString().slice(0, 10);
      const join = question.includes('?') ? '&' : '?';
      const { data } = await api.get(`${path}/${question}${join}from=${name}&to=${to}&kind=air`);
      expect(data).toEqual([some]);
    },
  );
});

it('slices are of one kind and so many hours, and of one period at least', () => {
  const periods = ['air', 'noise'].flatMap((kind) =>
    Array.from({ length: 90 }, (_, at) => ({ kind, begins: at * 10 })),
  );
  expect(slicesOf(periods, 24)).toEqual(
    ['air', 'noise'].flatMap((kind) => [
      { kind, first: 0, last: 400, periods: 41 },
      { kind, first: 410, last: 810, periods: 41 },
      { kind, first: 820, last: 890, periods: 8 },
    ]),
  );
  expect(slicesOf(periods.slice(0, 2), 10_000)).toHaveLength(2);
  expect(slicesOf([], 1)).toEqual([]);
});
