import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkedApi, depsOf, NOW, World, type CheckedApi } from '../../../test/support/api.ts';
import { fact, insertFacts, startTestDatabase, type TestDatabase } from '../../../test/support/clickhouse.ts';
import { countedClient } from '../../../test/support/counted-client.ts';
import { WorkersUnavailable } from '../../model/errors.ts';
import { GRAPHQL_COST_MAX, GRAPHQL_QUESTIONS_MAX, GRAPHQL_REQUEST_BYTES_MAX } from '../../model/limits.ts';

const OPEN = Math.floor(NOW / 3_600_000);
const CITIES = ['lisbon', 'porto', 'faro'];
const HOURS_KEPT = 6;

/** Many questions to a real database, also on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

let database: TestDatabase;
let world: World;
let api: CheckedApi;
let questions: string[];

beforeAll(async () => {
  database = await startTestDatabase();
  const facts = CITIES.flatMap((city, c) =>
    Array.from({ length: 120 }, (_, s) =>
      Array.from({ length: HOURS_KEPT }, (__, h) =>
        fact({
          city,
          district: `d${String(s % 4)}`,
          kind: s % 2 === 0 ? 'air' : 'noise',
          sensor: `s${String(s).padStart(3, '0')}`,
          hour: OPEN - h,
          sum: c * 1_000 + s + h / 10,
          count: 1 + (s % 3),
        }),
      ),
    ).flat(),
  );
  await insertFacts(database.client, facts);
  await insertFacts(database.client, [
    fact({ sensor: 's000', district: 'd0', hour: OPEN - 2, block: 7, revised: 1, sum: 0.1 }),
  ]);
}, 60_000);
afterAll(() => database.stop());
beforeEach(async () => {
  world = new World();
  const { city, district, kind, metric } = fact({ district: 'd0' });
  world.openRows = ['s000', 's004'].map((sensor) => ({
    city,
    district,
    kind,
    metric,
    sensor,
    hour: OPEN,
    count: 2,
    sumHi: 50,
    sumLo: 0,
    min: 24,
    max: 26,
    revisions: 0,
  }));
  const { client, queries } = countedClient(database.client);
  questions = queries;
  api = await checkedApi(depsOf(world, { ...database, client }));
});

interface Answer {
  data?: Record<string, unknown> | null;
  errors?: { message: string; path?: unknown[]; extensions?: Record<string, unknown> }[];
}

async function ask(query: string, variables?: Record<string, unknown>): Promise<Answer> {
  const response = await api.request('/graphql', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as Answer;
}

async function dataOf<Data>(query: string, variables?: Record<string, unknown>): Promise<Data> {
  const { data, errors } = await ask(query, variables);
  expect(errors).toBeUndefined();
  return data as Data;
}

interface Connection<Node> {
  nodes: Node[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

describe('figures', () => {
  const FIELDS = 'city district kind sensor metric hour count sum min max mean status revision coverage';

  it('of hourly are those of /v1/hourly, the open hour and corrections included', async () => {
    const rows = (await api.get('/v1/hourly?city=lisbon&district=d0&limit=500')).data;
    expect(rows.some(({ status }) => status === 'provisional')).toBe(true);
    expect(rows.some(({ revision }) => revision === 1)).toBe(true);
    expect(rows.some(({ coverage }) => coverage !== null)).toBe(true);
    const { hourly } = await dataOf<{ hourly: Connection<Record<string, unknown>> }>(
      `{ hourly(city: "lisbon", district: "d0", first: 500) { nodes { ${FIELDS} } } }`,
    );
    expect(hourly.nodes.map((node) => ({ ...node, status: String(node['status']).toLowerCase() }))).toEqual(rows);
  });

  it('of the hours of many sensors are those of /v1/hourly, in both orders', async () => {
    const rows = (await api.get('/v1/hourly?city=lisbon&limit=5000')).data;
    for (const order of ['OLDEST_FIRST', 'NEWEST_FIRST']) {
      const { sensors } = await dataOf<{ sensors: Connection<{ sensor: string; hourly: Connection<object> }> }>(
        `query ($order: HourOrder!) {
          sensors(city: "lisbon", first: 200) { nodes { sensor hourly(order: $order, first: 4) { nodes { ${FIELDS} } } } }
        }`,
        { order },
      );
      expect(sensors.nodes).toHaveLength(120);
      for (const { sensor, hourly } of sensors.nodes) {
        const own = rows.filter((row) => row['sensor'] === sensor);
        const expected = (order === 'OLDEST_FIRST' ? own : own.toReversed()).slice(0, 4);
        expect(hourly.nodes).toEqual(expected.map((row) => ({ ...row, status: String(row['status']).toUpperCase() })));
      }
    }
  });

  it('of cities, districts, rollups and ledger are those of the REST API', async () => {
    const answer = await dataOf<{
      city: Record<string, { nodes: object[] }>;
      districts: { nodes: { hourly: { nodes: object[] } }[] };
      ledger: { balanced: boolean; partitions: object[] };
    }>(`{
      city(city: "lisbon") {
        sensorCount districtCount
        hourly(metric: "temp") { nodes { city district kind metric hour day count sum min max mean sensors status revision coverage } }
        daily(metric: "temp", kind: "air") { nodes { city kind metric day count sum sensors status } }
      }
      districts(city: "lisbon") { nodes { district kinds metrics sensorCount hourly(metric: "temp") { nodes { hour count sum revision } } } }
      ledger { balanced partitions { partition owner balanced problems messages { taken } } }
      nobody: city(city: "atlantis") { city }
    }`);
    const of = async (path: string): Promise<object[]> => (await api.get(path)).data;
    const upper = (row: object): object => ({
      ...row,
      status: String((row as { status: unknown }).status).toUpperCase(),
    });
    expect(answer).toMatchObject({ nobody: null, city: { sensorCount: 120, districtCount: 4 } });
    const hours = await of('/v1/cities/lisbon/temp/hourly');
    expect(answer.city['hourly']?.nodes).toEqual(hours.map((row) => ({ ...upper(row), district: null, day: null })));
    expect(answer.city['daily']?.nodes).toMatchObject(
      (await of('/v1/cities/lisbon/temp/daily?kind=air')).map((row) => {
        const { city, kind, metric, day, count, sum, sensors, status } = upper(row) as Record<string, unknown>;
        return { city, kind, metric, day, count, sum, sensors, status };
      }),
    );
    const d0 = (await of('/v1/districts/lisbon/d0/temp/hourly')) as Record<string, unknown>[];
    expect(answer.districts.nodes[0]?.hourly.nodes).toEqual(
      d0.map(({ hour, count, sum, revision }) => ({ hour, count, sum, revision })),
    );
    expect(answer.districts.nodes).toMatchObject([
      { district: 'd0', kinds: ['air'], metrics: ['temp'], sensorCount: 30 },
      {},
      {},
      {},
    ]);
    expect(answer.ledger).toMatchObject({ balanced: false, partitions: [{ partition: 0, owner: null }, {}, {}, {}] });
  });
});

describe('the registry', () => {
  it('says names, places and units, where it knows them', async () => {
    const { kind } = fact({});
    await world.registry.writeAll([
      { of: 'city', city: 'lisbon', name: 'Lisboa', timeZone: 'Europe/Lisbon' },
      { of: 'metric', metric: 'temp', name: null, unit: 'Cel' },
      {
        of: 'sensor',
        city: 'lisbon',
        district: 'd0',
        kind,
        sensor: 's000',
        name: 'Rua da Prata',
        owner: null,
        location: { type: 'Point', coordinates: [-9.13, 38.71] },
        units: { temp: 'K' },
      },
    ]);
    expect(
      await dataOf(`{
        city(city: "lisbon") { name timeZone }
        porto: city(city: "porto") { name timeZone districts(first: 1) { nodes { name } } }
        sensors(city: "lisbon", district: "d0", first: 2) { nodes { name owner unit location { longitude latitude altitude } } }
      }`),
    ).toEqual({
      city: { name: 'Lisboa', timeZone: 'Europe/Lisbon' },
      porto: { name: null, timeZone: null, districts: { nodes: [{ name: null }] } },
      sensors: {
        nodes: [
          {
            name: 'Rua da Prata',
            owner: null,
            unit: 'K',
            location: { longitude: -9.13, latitude: 38.71, altitude: null },
          },
          { name: null, owner: null, unit: 'Cel', location: null },
        ],
      },
    });
  });
});

describe('pages', () => {
  it('give every row once, and their cursors are those of the REST API', async () => {
    const found: unknown[] = [];
    let after: string | null = null;
    do {
      const { sensors }: { sensors: Connection<object> } = await dataOf(
        `query ($after: String) {
          sensors(kind: "air", first: 37, after: $after) { nodes { city sensor } pageInfo { hasNextPage endCursor } }
        }`,
        { after },
      );
      found.push(...sensors.nodes);
      after = sensors.pageInfo.hasNextPage ? sensors.pageInfo.endCursor : null;
    } while (after !== null);
    const { data } = await api.get('/v1/sensors?kind=air');
    expect(found).toEqual(data.map(({ city, sensor }) => ({ city, sensor })));

    const first = await api.get('/v1/hourly?limit=3');
    const { hourly } = await dataOf<{ hourly: Connection<object> }>(
      `query ($after: String) { hourly(first: 2, after: $after) { nodes { sensor hour } } }`,
      { after: first.next },
    );
    const rest = await api.get(`/v1/hourly?limit=2&cursor=${String(first.next)}`);
    expect(hourly.nodes).toEqual(rest.data.map(({ sensor, hour }) => ({ sensor, hour })));
  });

  it('of one sensor’s hours go on after a cursor, in both orders', async () => {
    for (const order of ['OLDEST_FIRST', 'NEWEST_FIRST']) {
      const hours: string[] = [];
      let after: string | null = null;
      do {
        const page: { sensors: Connection<{ hourly: Connection<{ hour: string }> }> } = await dataOf(
          `query ($after: String, $order: HourOrder!) {
            sensors(city: "faro", first: 1) {
              nodes { hourly(first: 4, after: $after, order: $order) { nodes { hour } pageInfo { hasNextPage endCursor } } }
            }
          }`,
          { after, order },
        );
        const hourly: Connection<{ hour: string }> = page.sensors.nodes[0]!.hourly;
        hours.push(...hourly.nodes.map(({ hour }) => hour));
        after = hourly.pageInfo.hasNextPage ? hourly.pageInfo.endCursor : null;
      } while (after !== null);
      expect(hours).toHaveLength(HOURS_KEPT);
      expect(hours).toEqual(order === 'OLDEST_FIRST' ? hours.toSorted() : hours.toSorted().toReversed());
      expect(new Set(hours).size).toBe(HOURS_KEPT);
    }
  });

  it('refuse a cursor of another list, and of another parent', async () => {
    const { next } = await api.get('/v1/cities?limit=1');
    const foreign = await ask('query ($c: String) { hourly(after: $c) { nodes { hour } } }', { c: next });
    expect(foreign.errors?.[0]).toMatchObject({ extensions: { code: 'BAD_REQUEST', errors: [{ path: 'cursor' }] } });
    const { sensors } = await dataOf<{ sensors: Connection<{ hourly: Connection<object> }> }>(
      '{ sensors(first: 1) { nodes { hourly(first: 1) { pageInfo { endCursor } } } } }',
    );
    const other = await ask(
      'query ($c: String) { sensors(first: 2) { nodes { hourly(first: 1, after: $c) { nodes { hour } } } } }',
      { c: sensors.nodes[0]?.hourly.pageInfo.endCursor },
    );
    expect(other.errors?.[0]?.message).toContain('another parent');
  });
});

describe('batches', () => {
  it('read the hours of 100 sensors with the same few questions as those of one', async () => {
    const query = 'query ($n: Int!) { sensors(city: "lisbon", first: $n) { nodes { hourly { nodes { mean } } } } }';
    await dataOf(query, { n: 1 });
    const asked = questions.length;
    expect([asked, world.asked.length]).toEqual([3, 1]);
    await dataOf(query, { n: 100 });
    expect([questions.length, world.asked.length]).toEqual([2 * asked, 2]);
    // Coverage is one question more, for all of them, and none where it is not asked for.
    await dataOf(query.replace('mean', 'mean coverage'), { n: 100 });
    expect(questions.length).toBe(3 * asked + 1);
  });

  it('read four levels with one question each', async () => {
    const { cities } = await dataOf<{ cities: Connection<{ districts: Connection<{ sensors: Connection<object> }> }> }>(
      `{
      cities { nodes { city hourly(metric: "temp", first: 2) { nodes { sum } }
        districts(first: 4) { nodes { district daily(metric: "temp", first: 2) { nodes { sum } }
          sensors(first: 3) { nodes { sensor hourly(first: 2) { nodes { hour mean } } } } } } } }
    }`.replace('cities {', 'cities(first: 10) {'),
    );
    expect(cities.nodes).toHaveLength(3);
    expect(cities.nodes.flatMap((city) => city.districts.nodes.flatMap((one) => one.sensors.nodes))).toHaveLength(36);
    expect(questions.length).toBe(7);
    expect(world.asked.length).toBe(1);
  });
});

describe('abuse', () => {
  it('is refused before anything is read: depth, rows, tokens, bytes', async () => {
    const deep = `{ cities(first: 1) { edges { node { districts(first: 1) { edges { node { sensors(first: 1) { edges { node {
      hourly(first: 1) { edges { node { hour } } } } } } } } } } } } }`;
    const wide = '{ sensors(first: 1000) { nodes { hourly(first: 1000) { nodes { mean } } } } }';
    const hidden = `query { ...f } fragment f on Query { sensors(first: 150) { edges { node { ...g } } } }
      fragment g on Series { hourly(first: 150) { nodes { mean } } }`;
    const long = `{ ${Array.from({ length: 1_000 }, (_, i) => `a${String(i)}: progress { watermark }`).join(' ')} }`;
    for (const [query, message] of [
      [deep, /depth limit of 12 exceeded/],
      [wide, new RegExp(`may ask for ${String(GRAPHQL_COST_MAX)}`)],
      [hidden, new RegExp(`may ask for ${String(GRAPHQL_COST_MAX)}`)],
      [long, /2000 tokens/],
    ] as const) {
      const { data, errors } = await ask(query);
      expect(data ?? null).toBeNull();
      expect(errors?.[0]?.message).toMatch(message);
    }
    const response = await api.request('/graphql', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ query: `{ progress { watermark } } #${'x'.repeat(GRAPHQL_REQUEST_BYTES_MAX)}` }),
    });
    expect(response.status).toBe(413);
    expect(questions).toEqual([]);
    expect(world.asked).toEqual([]);
  });

  it('by aliases ends at the bound of questions', async () => {
    const aliases = Array.from({ length: 100 }, (_, i) => `a${String(i)}: cities(first: 1) { nodes { city } }`);
    const { data, errors } = await ask(`{ ${aliases.join(' ')} }`);
    expect(data).toBeNull();
    expect(errors?.[0]?.message).toContain(`more than ${String(GRAPHQL_QUESTIONS_MAX)} questions`);
    expect(questions.length).toBeLessThanOrEqual(GRAPHQL_QUESTIONS_MAX);
  });

  it('by batches of operations is refused', async () => {
    const body = JSON.stringify([{ query: '{ progress { watermark } }' }, { query: '{ progress { watermark } }' }]);
    const headers = { 'Content-Type': 'application/json' };
    expect((await api.request('/graphql', { method: 'POST', headers, body })).status).toBe(400);
  });

  it('by circular fragments and unused variables is a validation error', async () => {
    const { errors } = await ask('query ($x: Int) { ...a } fragment a on Query { ...b } fragment b on Query { ...a }');
    expect(errors?.map(({ message }) => message).join()).toContain('Cannot spread fragment');
  });

  it('by SQL in arguments reads nothing and breaks nothing', async () => {
    const attempts = [
      "lisbon' OR '1'='1",
      "'; DROP TABLE hourglass.hourly_facts; --",
      "lisbon\\' UNION SELECT * FROM system.users --",
      '{after0:String}',
      "') IN (SELECT name FROM system.tables) --",
      'a\u0000b',
    ];
    for (const text of attempts) {
      for (const query of [
        'query ($x: String!) { city(city: $x) { city } }',
        'query ($x: String!) { hourly(city: $x) { nodes { hour } } }',
        'query ($x: String!) { sensors(metric: $x) { nodes { sensor } } }',
        'query ($x: String!) { cities { nodes { hourly(metric: $x) { nodes { sum } } } } }',
      ]) {
        const { data, errors } = await ask(query, { x: text });
        expect(data?.['city'] ?? null).toBeNull();
        expect(errors?.[0]).toMatchObject({ extensions: { code: 'BAD_REQUEST', status: 400 } });
      }
      // A sensor may be called nearly anything: it is found or not, as a value.
      const answer = await ask('query ($x: String!) { hourly(sensor: $x) { nodes { hour } } }', { x: text });
      expect(answer.errors === undefined ? answer.data : 'refused').toEqual(
        text.includes('\u0000') ? 'refused' : { hourly: { nodes: [] } },
      );
    }
    expect((await api.get('/v1/cities')).data).toHaveLength(CITIES.length);
    expect(world.errors).toEqual([]);
  });
});

describe('errors', () => {
  it('say what is wrong with an argument, in the words of the REST API', async () => {
    const { errors } = await ask('{ hourly(from: "yesterday", first: 0) { nodes { hour } } }');
    expect(errors?.[0]).toMatchObject({
      path: ['hourly'],
      extensions: { code: 'BAD_REQUEST', status: 400, errors: [{ path: 'first' }, { path: 'from' }] },
    });
    const order = await ask('{ hourly(from: "2026-11-24", to: "2026-11-23") { nodes { hour } } }');
    expect(order.errors?.[0]?.message).toBe('`from` is after `to`.');
    expect(world.errors).toEqual([]);
  });

  it('of the workers are told as the REST API tells them', async () => {
    world.onAsk = () => Promise.reject(new WorkersUnavailable([3]));
    const { data, errors } = await ask('{ hourly { nodes { hour } } }');
    expect(data).toBeNull();
    expect(errors?.[0]).toMatchObject({ extensions: { code: 'UNAVAILABLE', status: 503 } });
  });

  it('of our own are masked, and told to the log', async () => {
    world.onAsk = () => Promise.reject(new Error('secret password of the database'));
    const { errors } = await ask('{ hourly { nodes { hour } } }');
    expect(errors?.[0]).toMatchObject({
      message: expect.stringContaining('its log has the details as') as string,
      extensions: { code: 'INTERNAL_SERVER_ERROR', status: 500 },
    });
    expect(JSON.stringify(errors)).not.toContain('secret');
    expect(world.errors).toHaveLength(1);
  });
});

describe('the endpoint', () => {
  it('takes GET and POST, and GET refuses what is no query', async () => {
    const query = encodeURIComponent('{ progress { watermark finalThrough } }');
    const response = await api.request(`/graphql?query=${query}`, { headers: { Accept: 'application/json' } });
    expect(await response.json()).toEqual({
      data: { progress: { watermark: '2026-11-23T14:29:55.000Z', finalThrough: '2026-11-23T14:00:00.000Z' } },
    });
    expect((await api.request('/graphql', { method: 'DELETE' })).status).toBe(405);
    const empty = await api.request('/graphql', { headers: { Accept: 'application/graphql-response+json' } });
    expect([empty.status, await empty.json()]).toMatchObject([400, { errors: [{}] }]);
    const xml = await api.request('/graphql', {
      method: 'POST',
      headers: { 'Content-Type': 'text/xml' },
      body: '<a/>',
    });
    expect([xml.status, await xml.json()]).toMatchObject([415, { title: 'Unsupported media type' }]);
  });

  it('answers introspection', async () => {
    const { __schema: schema } = await dataOf<{ __schema: { types: { name: string }[] } }>(
      '{ __schema { types { name fields { name type { name ofType { name ofType { name ofType { name } } } } } } } }',
    );
    expect(schema.types.map(({ name }) => name)).toContain('HourConnection');
  });

  it('has GraphiQL only where its page is handed in, and that page loads nothing from elsewhere', async () => {
    const headers = { Accept: 'text/html' };
    expect(await (await api.request('/graphql', { headers })).text()).not.toContain('<html');
    const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
    const deps = { ...depsOf(world, database), renderGraphiql: (options: object) => renderGraphiQL(options) };
    const page = await (await checkedApi(deps)).request('/graphql', { headers });
    const html = await page.text();
    expect(page.status).toBe(200);
    expect(html).toContain('Hourglass');
    expect(html).not.toMatch(/<(?:script|link)[^>]*(?:src|href)="https?:/);
  });
});
