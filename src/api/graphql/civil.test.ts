/** Civil days and months, coverage, the books of a time, and what caches may keep, asked in GraphQL: as the REST API has them. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkedApi, depsOf, World, type CheckedApi } from '../../../test/support/api.ts';
import { fact, insertFacts, startTestDatabase, type TestDatabase } from '../../../test/support/clickhouse.ts';
import { countedClient } from '../../../test/support/counted-client.ts';
import { GRAPHQL_COST_MAX, GRAPHQL_QUESTIONS_MAX } from '../../model/limits.ts';

/** Many questions to a real database, also on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

const FIRST = Date.UTC(2026, 9, 20) / 3_600_000;
const HOURS = 20 * 24;
const ZONES = { lisbon: 'Europe/Lisbon', porto: 'Europe/Lisbon', kathmandu: 'Asia/Kathmandu', sydney: null };
const CITIES = Object.keys(ZONES);
const FIELDS = 'city kind metric count sum min max mean sensors status revision zone hours coverage';

let database: TestDatabase;
let world: World;
let api: CheckedApi;
let questions: string[];

beforeAll(async () => {
  database = await startTestDatabase();
  const facts = CITIES.flatMap((city, c) =>
    ['d0', 'd1'].flatMap((district, d) =>
      Array.from({ length: HOURS }, (_, h) =>
        fact({
          city,
          district,
          kind: h % 3 === 0 ? 'noise' : 'air',
          hour: FIRST + h,
          sum: c * 1_000 + d * 100 + h / 10,
        }),
      ),
    ),
  );
  // One insert lies in one month.
  const november = Date.UTC(2026, 10, 1) / 3_600_000;
  await insertFacts(
    database.client,
    facts.filter(({ hour }) => hour < november),
  );
  await insertFacts(
    database.client,
    facts.filter(({ hour }) => hour >= november),
  );
}, 60_000);
afterAll(() => database.stop());
beforeEach(async () => {
  world = new World();
  for (const [city, timeZone] of Object.entries(ZONES))
    if (timeZone !== null) await world.registry.writeAll([{ of: 'city', city, name: null, timeZone }]);
  const counted = countedClient(database.client);
  questions = counted.queries;
  api = await checkedApi(depsOf(world, { ...database, client: counted.client }));
});

interface Answer {
  data?: Record<string, unknown> | null;
  errors?: { message: string; extensions?: Record<string, unknown> }[];
}
async function ask(query: string, variables?: Record<string, unknown>): Promise<Answer> {
  const headers = { 'Content-Type': 'application/json' };
  const body = JSON.stringify({ query, variables });
  return (await (await api.request('/graphql', { method: 'POST', headers, body })).json()) as Answer;
}
async function dataOf<Data>(query: string, variables?: Record<string, unknown>): Promise<Data> {
  const { data, errors } = await ask(query, variables);
  expect(errors).toBeUndefined();
  return data as Data;
}
interface Page {
  nodes: Record<string, unknown>[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}
const shown = (rows: readonly object[]): object[] =>
  rows.map((row) => ({ ...row, status: String((row as { status: unknown }).status).toUpperCase() }));

describe('days and months', () => {
  it.each(['UTC', 'city', 'Asia/Kathmandu', 'Australia/Lord_Howe'])('in %s are those of the REST API', async (zone) => {
    const range = 'from: "2026-10-24", to: "2026-11-03"';
    const { cities } = await dataOf<{
      cities: { nodes: { city: string; daily: Page; monthly: Page; districts: { nodes: { daily: Page }[] } }[] };
    }>(
      `query ($zone: String!) { cities(first: 10) { nodes {
        city
        daily(metric: "temp", zone: $zone, ${range}) { nodes { day ${FIELDS} } }
        monthly(metric: "temp", zone: $zone, kind: "air") { nodes { month ${FIELDS} } }
        districts(first: 1) { nodes { daily(metric: "temp", zone: $zone, ${range}) { nodes { district day ${FIELDS} } } } }
      } } }`,
      { zone },
    );
    expect(cities.nodes.map(({ city }) => city)).toEqual(CITIES.toSorted());
    for (const { city, daily, monthly, districts } of cities.nodes) {
      const of = async (path: string): Promise<object[]> => shown((await api.get(path)).data);
      const days = `daily?zone=${zone}&from=2026-10-24&to=2026-11-03`;
      expect(daily.nodes).toEqual(await of(`/v1/cities/${city}/temp/${days}`));
      expect(daily.nodes).toHaveLength(20);
      expect(monthly.nodes).toEqual(await of(`/v1/cities/${city}/temp/monthly?zone=${zone}&kind=air`));
      expect(monthly.nodes.map(({ month }) => month)).toContain('2026-11');
      expect(districts.nodes[0]?.daily.nodes).toEqual(await of(`/v1/districts/${city}/d0/temp/${days}`));
    }
    const clocks = cities.nodes.find(({ city }) => city === 'lisbon')?.daily.nodes.map(({ hours }) => hours);
    // The clocks of Lisbon go back on the 25th.
    expect(clocks?.includes(25)).toBe(zone === 'city');
  });

  it('of many cities are one question for each zone, and their coverage one more', async () => {
    const range = 'from: "2026-10-24T00:00:00Z", to: "2026-11-03T00:00:00Z"';
    const query = `query ($z: String!) { cities(first: 10) { nodes { daily(metric: "temp", zone: $z, ${range}) { nodes { sum } } } } }`;
    await dataOf(query, { z: 'Europe/Lisbon' });
    expect(questions).toHaveLength(2);
    await dataOf(query, { z: 'city' });
    // The cities, and the days of three zones.
    expect(questions).toHaveLength(2 + 4);
    await dataOf(query.replace('sum', 'sum coverage'), { z: 'Europe/Lisbon' });
    expect(questions).toHaveLength(2 + 4 + 3);
  });

  it('go on after a cursor, which is the REST API’s', async () => {
    const days: unknown[] = [];
    let after: string | null = null;
    do {
      const { city }: { city: { daily: Page } } = await dataOf(
        `query ($after: String) { city(city: "kathmandu") {
          daily(metric: "temp", zone: "city", first: 7, after: $after) { nodes { kind day } pageInfo { hasNextPage endCursor } }
        } }`,
        { after },
      );
      days.push(...city.daily.nodes);
      after = city.daily.pageInfo.hasNextPage ? city.daily.pageInfo.endCursor : null;
    } while (after !== null);
    const path = '/v1/cities/kathmandu/temp/daily?zone=city';
    const { data } = await api.get(path);
    expect(days).toEqual(data.map(({ kind, day }) => ({ kind, day })));
    const { next } = await api.get(`${path}&limit=3`);
    const rest =
      'query ($c: String) { city(city: "kathmandu") { daily(metric: "temp", zone: "city", first: 2, after: $c) { nodes { day } } } }';
    const { city } = await dataOf<{ city: { daily: Page } }>(rest, { c: next });
    expect(city.daily.nodes).toEqual(data.slice(3, 5).map(({ day }) => ({ day })));
    // A cursor of another zone's days.
    const foreign = await ask(rest.replace('"city", first', '"UTC", first'), { c: next });
    expect(foreign.errors?.[0]).toMatchObject({ extensions: { code: 'BAD_REQUEST' } });
  });

  it('say what is wrong with a zone or a range, and are bounded like every list', async () => {
    const days = (args: string): string => `{ cities { nodes { daily(metric: "temp", ${args}) { nodes { day } } } } }`;
    for (const [args, path] of [
      ['zone: "Middle/Earth"', 'zone'],
      ['from: "yesterday"', 'from'],
      ['from: "2026-11-02", to: "2026-11-01"', 'from'],
    ] as const) {
      const { errors } = await ask(days(args));
      expect(errors?.[0]).toMatchObject({ extensions: { code: 'BAD_REQUEST', errors: [{ path }] } });
    }
    const wide = await ask(
      '{ cities(first: 100) { nodes { monthly(metric: "temp", first: 300) { nodes { sum } } } } }',
    );
    expect(wide.errors?.[0]?.message).toContain(`may ask for ${String(GRAPHQL_COST_MAX)}`);
    const aliases = Array.from(
      { length: 60 },
      (_, i) => `a${String(i)}: daily(metric: "temp", first: ${String(i + 1)}) { nodes { coverage } }`,
    );
    const many = await ask(`{ city(city: "lisbon") { ${aliases.join(' ')} } }`);
    expect(many.errors?.[0]?.message).toContain(`more than ${String(GRAPHQL_QUESTIONS_MAX)} questions`);
    expect(world.errors).toEqual([]);
  });
});

describe('the endpoint', () => {
  it('keeps nothing in caches, whichever way it is asked', async () => {
    const query = '{ city(city: "lisbon") { hourly(metric: "temp", first: 1) { nodes { sum } } } }';
    for (const [path, init] of [
      [`/graphql?query=${encodeURIComponent(query)}`, {}],
      [
        '/graphql',
        { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ query }) },
      ],
    ] as const) {
      const response = await api.request(path, init);
      expect([response.status, response.headers.get('Cache-Control'), response.headers.get('ETag')]).toEqual([
        200,
        'no-store',
        null,
      ]);
    }
    // Nothing is stored here under a hash: a query that is not sent along is not known.
    const extensions = JSON.stringify({ persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } });
    const persisted = await api.request(`/graphql?extensions=${encodeURIComponent(extensions)}`);
    expect(await persisted.json()).toMatchObject({ errors: [{ message: expect.stringContaining('query') as string }] });
  });
});
