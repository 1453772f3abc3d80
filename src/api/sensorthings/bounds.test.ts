/** What an answer of SensorThings reads of a table of millions of hours, and what caches may do with it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkedApi, depsOf, NOW, World, type CheckedApi } from '../../../test/support/api.ts';
import { startTestDatabase, type TestDatabase } from '../../../test/support/clickhouse.ts';
import { type CountedClient, countedClient } from '../../../test/support/counted-client.ts';

const ROOT = '/sensorthings/v1.1';
const SENSORS = 1_600;
const HOURS = 2_000;
/** Three million, of three months. */
const ROWS = SENSORS * HOURS;
/** A page reads some index granules of each part of the table. */
const PAGE_READS_MAX = ROWS / 10;
const LAST = Math.floor(NOW / 3_600_000);
const STREAM = "Datastreams('lisbon:d1:air:s0001:m1')";

vi.setConfig({ testTimeout: 120_000 });

let database: TestDatabase;
let counted: CountedClient;
let world: World;
let api: CheckedApi;
beforeAll(async () => {
  database = await startTestDatabase();
  // Nothing here asks for rollups, and they take longer than all else.
  await database.client.command({ query: 'DROP VIEW hourglass.district_facts_mv' });
  await database.client.command({
    query: `INSERT INTO hourglass.hourly_facts
      SELECT 'lisbon', concat('d', toString(i % 8)), 'air', concat('m', toString(i % 2)), concat('s', leftPad(toString(i), 4, '0')),
        toDateTime((${String(LAST - HOURS)} + intDiv(number, ${String(SENSORS)})) * 3600, 'UTC') AS hour, 0, toUnixTimestamp(hour), 1, 0,
        1, v, 0, v, v, 0, 0
      FROM (SELECT number, number % ${String(SENSORS)} AS i, toFloat64(cityHash64(number) % 1000) AS v FROM numbers(${String(ROWS)}))`,
  });
}, 120_000);
afterAll(() => database.stop());
beforeEach(async () => {
  world = new World();
  counted = countedClient(database.client);
  api = await checkedApi(depsOf(world, { ...database, client: counted.client }));
});

interface Collection {
  value: { '@iot.id': string }[];
  '@iot.count'?: number;
  '@iot.nextLink'?: string;
}
const get = (path: string): Promise<Collection> => api.get<Collection>(`${ROOT}/${path}`);
const where = (text: string): string => `$filter=${encodeURIComponent(text)}`;

async function rowsReadFor(ask: () => Promise<unknown>): Promise<number> {
  const before = counted.rowsRead();
  await ask();
  return counted.rowsRead() - before;
}

describe('a page of Observations in their own order', () => {
  it('touches what it needs, and so does every page after it', async () => {
    const ids: string[] = [];
    let path: string | undefined = 'Observations?$top=500';
    for (let page = 0; page < 4 && path !== undefined; page++) {
      const asked: string = path;
      let found: Collection | undefined;
      expect(await rowsReadFor(async () => (found = await get(asked)))).toBeLessThan(PAGE_READS_MAX);
      ids.push(...(found?.value ?? []).map((one) => one['@iot.id']));
      const next: string | undefined = found?.['@iot.nextLink'];
      expect(next).toContain('$skiptoken=');
      path = next?.slice(next.indexOf(ROOT) + ROOT.length + 1);
    }
    expect(ids).toHaveLength(2_000);
    // The first sensor of the first district and metric, hour after hour.
    expect(ids[0]).toContain('lisbon:d0:air:s0000:m0:');
    expect(ids).toEqual(ids.toSorted());
    expect((await get('Observations?$top=500&$skip=1000')).value.map((one) => one['@iot.id'])).toEqual(
      ids.slice(1_000, 1_500),
    );
  });

  it.each([
    where("Datastream/Thing/name eq 's0777'"),
    where("Datastream/ObservedProperty/name eq 'm1' and phenomenonTime ge 2026-11-20T00:00:00Z"),
    where("Datastream/ObservedProperty/name eq 'nothing'"),
    where("Datastream/Thing/name eq 's0777' and result ge 500"),
    `${where("Datastream/Thing/name eq 's0777'")}&$count=true`,
  ])('of names in a filter, too: %s', async (query) => {
    expect(await rowsReadFor(() => get(`Observations?${query}`))).toBeLessThan(PAGE_READS_MAX);
  });

  it('of a Datastream in any order and under any condition', async () => {
    for (const query of ['$orderby=phenomenonTime desc&$top=1', '$orderby=result&$count=true', where('result gt 500')])
      expect(await rowsReadFor(() => get(`${STREAM}/Observations?${query}`))).toBeLessThan(PAGE_READS_MAX);
    const [newest] = (await get(`${STREAM}/Observations?$orderby=phenomenonTime desc&$top=1`)).value;
    expect(newest?.['@iot.id']).toMatch(/:2026-11-23T13$/);
  });

  it.each(['$orderby=phenomenonTime desc', '$orderby=result', where('result gt 998'), '$count=true'])(
    'of all of them, what the order of the table is of no use for is refused with advice: %s',
    async (query) => {
      const response = await api.request(`${ROOT}/Observations?${query}`);
      const { detail } = (await response.json()) as { detail: string };
      expect([response.status, detail]).toEqual([
        400,
        expect.stringContaining('one Datastream, or bound `phenomenonTime`'),
      ]);
      expect(counted.rowsRead()).toBeLessThan(PAGE_READS_MAX);
      expect(world.errors).toEqual([]);
    },
  );

  it('goes on after a token only where the token came from', async () => {
    const token = new URL(String((await get('Observations?$top=1'))['@iot.nextLink'])).searchParams.get('$skiptoken');
    for (const path of [
      `Observations?$skiptoken=${String(token)}&$skip=1`,
      `Observations?$skiptoken=${String(token)}&$orderby=result`,
      `Things?$skiptoken=${String(token)}`,
      `${STREAM}?$skiptoken=${String(token)}`,
      'Observations?$skiptoken=abc',
    ])
      expect((await api.request(`${ROOT}/${path}`)).status).toBe(400);
  });
});

describe('caches', () => {
  const FINAL = `${STREAM}/Observations?$top=3&${where('phenomenonTime lt 2026-11-23T00:00:00Z')}`;
  const cachingOf = async (path: string): Promise<[number, string | null]> => {
    const response = await api.request(`${ROOT}/${path}`);
    return [response.status, response.headers.get('Cache-Control')];
  };

  it('ask again whether final hours have been corrected, and keep everything else for seconds', async () => {
    expect(await cachingOf(FINAL)).toEqual([200, 'public, no-cache']);
    for (const path of [
      '',
      'Things?$top=1',
      'Observations?$top=1',
      STREAM,
      `${STREAM}/Observations?$top=1`,
      `${FINAL}&$expand=Datastream`,
      `${STREAM}/Observations?$top=1&${where('phenomenonTime lt 2026-11-23T00:00:00Z and phenomenonTime lt now()')}`,
    ])
      expect(await cachingOf(path)).toEqual([200, 'public, max-age=2']);
    expect(await cachingOf('Things?$top=x')).toEqual([400, 'no-store']);
  });

  it.each([
    '',
    FINAL,
    'Things?$top=1',
    `${STREAM}/name`,
    `${STREAM}/name/$value`,
    `${STREAM}/Observations/$ref?$top=1`,
  ])('are answered with 304 where they have it: %s', async (path) => {
    const first = await api.request(`${ROOT}/${path}`);
    const tag = first.headers.get('ETag') ?? '';
    expect(tag).toMatch(/^"[\w-]{22}"$/);
    const again = await api.request(`${ROOT}/${path}`, { headers: { 'If-None-Match': tag } });
    expect([again.status, await again.text(), again.headers.get('ETag')]).toEqual([304, '', tag]);
    const other = await api.request(`${ROOT}/${path}`, { headers: { 'If-None-Match': '"another"' } });
    expect([other.status, await other.text()]).toEqual([200, await first.text()]);
  });

  it('a text is text, a property without a value has no content', async () => {
    const value = await api.request(`${ROOT}/${STREAM}/name/$value`);
    expect([value.headers.get('Content-Type'), await value.text()]).toEqual(['text/plain; charset=utf-8', 'm1']);
    expect((await api.request(`${ROOT}/${STREAM}/unitOfMeasurement/name`)).status).toBe(204);
  });

  it('final hours are read once while nothing changes, and links name the host that was asked', async () => {
    api = await checkedApi({ ...depsOf(world, { ...database, client: counted.client }), dataVersion: () => 1 });
    const first = await get(FINAL);
    const before = counted.queries.length;
    expect(await get(FINAL)).toEqual(first);
    expect(counted.queries.length).toBe(before);
    const elsewhere = await api.app.request(`http://other.example${ROOT}/${FINAL}`);
    expect(await elsewhere.text()).toContain('http://other.example/sensorthings');
  });
});
