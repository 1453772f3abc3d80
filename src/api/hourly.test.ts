import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkedApi, depsOf, NOW, World, type CheckedApi } from '../../test/support/api.ts';
import { fact, INCARNATION, insertFacts, startTestDatabase, type TestDatabase } from '../../test/support/clickhouse.ts';
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

/** 14:00 is the open hour, 13:00 the last final one. */
const OPEN = Math.floor(NOW / 3_600_000);
const FINAL = OPEN - 1;

function openRow(given: Partial<OpenRow>): OpenRow {
  const { city, district, kind, metric, sensor } = fact({});
  const sum = given.sumHi ?? 20;
  return {
    city,
    district,
    kind,
    metric,
    sensor,
    hour: OPEN,
    count: 1,
    sumHi: sum,
    sumLo: 0,
    min: sum,
    max: sum,
    revisions: 0,
    ...given,
  };
}

const edgeOf = (partition: number, nextBlock: number, unconfirmed: number[] = []): void => {
  world.edges[partition] = { partition, nextBlock, unconfirmed };
};

/** Follows the cursor to the end. */
async function pages(query: string, limit: number): Promise<Record<string, unknown>[][]> {
  const found: Record<string, unknown>[][] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const path = `/v1/hourly?limit=${String(limit)}${query}${cursor === '' ? '' : `&cursor=${cursor}`}`;
    const page: { data: Record<string, unknown>[]; next: string | null } = await api.get(path);
    found.push(page.data);
    cursor = page.next;
  }
  return found;
}

describe('final hours', () => {
  it('come from the table alone', async () => {
    await insertFacts(database.client, [fact({ hour: FINAL, count: 3, sum: 60.3, min: 19, max: 21 })]);
    world.onAsk = () => Promise.reject(new Error('the workers were asked'));
    const response = await api.request('/v1/hourly?to=2026-11-23T14:00:00Z');
    expect(await response.json()).toEqual({
      data: [
        {
          city: 'lisbon',
          district: 'alfama',
          kind: 'air',
          sensor: 's1',
          metric: 'temp',
          hour: '2026-11-23T13:00:00Z',
          count: 3,
          sum: 60.3,
          min: 19,
          max: 21,
          mean: 20.099999999999998,
          status: 'final',
          revision: 0,
          coverage: null,
        },
      ],
      next: null,
    });
    expect(response.headers.get('Hourglass-Final-Through')).toBe('2026-11-23T14:00:00.000Z');
    expect(response.headers.get('Hourglass-Watermark')).toBe('2026-11-23T14:29:55.000Z');
  });

  it('show corrections that wait for their confirmation', async () => {
    await insertFacts(database.client, [fact({ hour: FINAL, sum: 1 })]);
    await insertFacts(database.client, [fact({ hour: FINAL, sum: 2, block: 5, revised: 1 })]);
    edgeOf(0, 5);
    const { data } = await api.get('/v1/hourly');
    expect(data).toMatchObject([{ count: 2, sum: 3, status: 'final', revision: 1 }]);
  });
});

describe('the open hour', () => {
  it('adds what the table and the memory know, to the last bit', async () => {
    await insertFacts(database.client, [
      fact({ hour: OPEN, block: 1, count: 2, sum: 1e16, sumLo: 0.25, min: -1, max: 1e16 }),
    ]);
    world.openRows = [
      openRow({ count: 3, sumHi: -1e16, sumLo: 2 ** -40, min: -1e16, max: 4, revisions: 1 }),
      openRow({ sensor: 's0', sumHi: 5 }),
    ];
    const { data } = await api.get('/v1/hourly');
    expect(data).toMatchObject([
      { sensor: 's0', count: 1, sum: 5, status: 'provisional' },
      { sensor: 's1', count: 5, sum: 0.25 + 2 ** -40, min: -1e16, max: 1e16, status: 'provisional', revision: 1 },
    ]);
  });

  it('leaves out rows of blocks that the memory still has (invariant 8)', async () => {
    const rows = [1, 2, 3, 4].map((block) => fact({ hour: OPEN, block, sum: 10 ** block }));
    for (const row of rows) await insertFacts(database.client, [row, { ...row, partition: 1 }]);
    edgeOf(0, 4, [2]);
    edgeOf(1, 4, [2, 3]);
    // Blocks of another incarnation have nothing to do with these numbers.
    await insertFacts(database.client, [fact({ hour: OPEN, block: 9_999, sum: 0.5, incarnation: INCARNATION - 1 })]);
    const { data } = await api.get('/v1/hourly');
    expect(data).toMatchObject([{ count: 4, sum: 10 + 1_000 + 10 + 0.5 }]);
  });

  it('is read after the workers were asked: a block inserted meanwhile is not counted twice (invariant 8)', async () => {
    world.openRows = [openRow({ sumHi: 8 })];
    edgeOf(0, 3);
    world.onAsk = () => insertFacts(database.client, [fact({ hour: OPEN, block: 3, sum: 8 })]);
    const { data } = await api.get('/v1/hourly');
    expect(data).toMatchObject([{ count: 1, sum: 8 }]);
  });

  it('is asked of the workers with filter, range and limit, from the first hour that is not final', async () => {
    await api.get('/v1/hourly?city=lisbon&sensor=s%20%C3%BC&from=2026-11-22&to=2026-11-23T16:00:00%2B01:00&limit=10');
    expect(world.asked).toEqual([
      { city: 'lisbon', sensor: 's ü', fromHour: OPEN, toHour: OPEN + 1, limit: 10 + 1 + 4 },
    ]);
  });

  it('is never answered without the memory: 503 names the partitions and what can be read meanwhile', async () => {
    world.onAsk = () => Promise.reject(new WorkersUnavailable([2, 3]));
    const response = await api.request('/v1/hourly');
    expect(response.status).toBe(503);
    expect(response.headers.get('Retry-After')).toBe('2');
    const problem = (await response.json()) as { detail: string };
    expect(problem.detail).toContain('2, 3');
    expect(problem.detail).toContain('`to` at or before 2026-11-23T14:00:00Z');
    expect(await api.get('/v1/hourly?to=2026-11-23T14:00:00Z')).toEqual({ data: [], next: null });
  });

  it.each([
    ['lacks a partition', (): unknown => world.edges.pop()],
    ['has two owners of one', (): unknown => world.edges.push({ partition: 3, nextBlock: 1, unconfirmed: [] })],
  ])('is not answered either where the answer %s', async (_, spoil) => {
    spoil();
    const response = await api.request('/v1/hourly?from=2026-11-23T14:00:00Z');
    expect(response.status).toBe(503);
    expect(await response.text()).toContain('1 partition(s): 3');
  });
});

describe('filters', () => {
  it('take every name a sensor may have as it is', async () => {
    const names = ["o'brien", 'back\\slash', '{x:String}', '100%_ü"😀', '-- DROP'];
    await insertFacts(
      database.client,
      names.map((sensor) => fact({ sensor, hour: FINAL })),
    );
    for (const name of names) {
      const query = `/v1/hourly?to=2026-11-23T14:00:00Z&sensor=${encodeURIComponent(name)}`;
      expect((await api.get(query)).data.map((row) => row['sensor'])).toEqual([name]);
    }
    expect((await pages('&to=2026-11-23T14:00:00Z', 1)).flat()).toHaveLength(names.length);
  });

  it('and range narrow what is given: `from` inclusive, `to` exclusive, offsets and dates taken', async () => {
    await insertFacts(
      database.client,
      [0, 1, 2, 3].map((hour) => fact({ hour: FINAL - 3 + hour, sum: hour, metric: hour === 3 ? 'other' : 'temp' })),
    );
    const sums = async (query: string): Promise<unknown[]> =>
      (await api.get(`/v1/hourly?${query}`)).data.map((row) => row['sum']);
    expect(await sums('from=2026-11-23T11:00:00Z&to=2026-11-23T13:00:00Z')).toEqual([1, 2]);
    expect(await sums('from=2026-11-23T12:00:00%2B01:00&to=2026-11-23T14:00:00+01:00')).toEqual([1, 2]);
    expect(await sums('from=2026-11-23T10:30Z&to=2026-11-23T12:00:00.001Z')).toEqual([1, 2]);
    expect(await sums('from=2026-11-23&metric=other')).toEqual([3]);
    expect(await sums('to=2026-11-23&kind=air')).toEqual([]);
    expect(await sums('from=1500-01-01&to=9999-12-31')).toHaveLength(4);
    expect(await sums('district=baixa')).toEqual([]);
  });
});

describe('pages', () => {
  const sensors = Array.from({ length: 25 }, (_, at) => `s${String(at).padStart(2, '0')}`);
  /** Final hours in the table, open hours in the table, in memory of two partitions, or both. */
  async function fill(): Promise<void> {
    await insertFacts(database.client, [
      ...sensors.map((sensor) => fact({ sensor, hour: FINAL, sum: 1 })),
      ...sensors.filter((_, at) => at % 2 === 0).map((sensor) => fact({ sensor, hour: OPEN, sum: 2 })),
    ]);
    world.openRows = sensors
      .filter((_, at) => at % 3 === 0)
      .flatMap((sensor) => [openRow({ sensor, sumHi: 4 }), openRow({ sensor, sumHi: 8 })]);
  }
  const expected = sensors.flatMap((sensor, at) => {
    const sum = (at % 2 === 0 ? 2 : 0) + (at % 3 === 0 ? 12 : 0);
    const final = { sensor, hour: '2026-11-23T13:00:00Z', sum: 1, status: 'final' };
    return sum === 0 ? [final] : [final, { sensor, hour: '2026-11-23T14:00:00Z', sum, status: 'provisional' }];
  });

  it.each([1, 2, 3, 7, 1_000])(
    'of %i rows give every hour once, in order, across the border of final and open',
    async (limit) => {
      await fill();
      const found = await pages('', limit);
      expect(found.every((page) => page.length <= limit)).toBe(true);
      expect(found.flat()).toMatchObject(expected);
      expect(found.flat()).toHaveLength(expected.length);
    },
    60_000,
  );

  it('are ordered by bytes, beyond the Basic Multilingual Plane too', async () => {
    const names = ['a', 'é', '\uffee', '😀'];
    await insertFacts(
      database.client,
      [names[1], names[3]].map((sensor) => fact({ sensor: sensor ?? '', hour: OPEN })),
    );
    world.openRows = [names[2], names[0]].map((sensor) => openRow({ sensor: sensor ?? '' }));
    expect((await pages('', 1)).flat().map((row) => row['sensor'])).toEqual(names);
  });

  it('stream everything as CSV and NDJSON, the same rows as JSON', async () => {
    await fill();
    const all = (await pages('', 1_000)).flat();
    const ndjson = await api.request('/v1/hourly', { headers: { Accept: 'application/x-ndjson' } });
    expect(ndjson.headers.get('Vary')).toBe('Accept, Accept-Encoding');
    const lines = (await ndjson.text()).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(all);
    const csv = await api.request('/v1/hourly', { headers: { Accept: 'text/html;q=0.5, text/csv' } });
    const rows: Record<string, string>[] = parse(await csv.text(), { columns: true });
    expect(rows).toEqual(
      all.map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([key, value]) => [key, typeof value === 'number' ? String(value) : (value ?? '')]),
        ),
      ),
    );
    const some = await api.request('/v1/hourly?limit=3&from=2026-11-23T14:00:00Z', { headers: { Accept: 'text/csv' } });
    expect((await some.text()).trim().split('\n')).toHaveLength(1 + 3);
  });

  it('stream many pages, and an empty list has a CSV header', async () => {
    const many = Array.from({ length: 25_000 }, (_, at) =>
      fact({ sensor: String(at).padStart(6, '0'), hour: FINAL, sum: at }),
    );
    await insertFacts(database.client, many);
    const streamed = await api.request('/v1/hourly?to=2026-11-23T14:00:00Z', {
      headers: { Accept: 'application/x-ndjson' },
    });
    const sums = (await streamed.text())
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { sum: number }).sum);
    expect(sums).toEqual(many.map((row) => row.sum));
    const empty = await api.request('/v1/hourly?city=porto', { headers: { Accept: 'text/csv' } });
    expect(await empty.text()).toBe(
      'city,district,kind,sensor,metric,hour,count,sum,min,max,mean,status,revision,coverage\n',
    );
  });

  it('break off a stream whose workers stop answering, and never end it as whole', async () => {
    await insertFacts(
      database.client,
      Array.from({ length: 12_000 }, (_, at) => fact({ sensor: String(at).padStart(6, '0'), hour: OPEN })),
    );
    world.onAsk = () => (world.asked.length === 1 ? Promise.resolve() : Promise.reject(new WorkersUnavailable([1])));
    const response = await api.app.request('/v1/hourly', { headers: { Accept: 'text/csv' } });
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
    expect(world.errors).toHaveLength(1);
  });
});

describe('numbers', () => {
  it('come through exactly: denormals, extremes, and null for a sum that overflowed', async () => {
    const values = [5e-324, -Number.MAX_VALUE, 0.1 + 0.2, 123456789.12345679, -2.2250738585072014e-308];
    await insertFacts(database.client, [
      ...values.map((sum, at) => fact({ sensor: `s${String(at)}`, hour: FINAL, sum })),
      fact({ sensor: 'x', hour: FINAL, count: 2, sum: Infinity, sumLo: NaN, min: 1, max: 1.5e308 }),
    ]);
    const { data } = await api.get('/v1/hourly?to=2026-11-23T14:00:00Z');
    expect(data.map((row) => row['sum'])).toEqual([...values, null]);
    expect(data.at(-1)).toMatchObject({ count: 2, mean: null, min: 1, max: 1.5e308 });
  });
});
