import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkedApi, depsOf, NOW, World, type CheckedApi } from '../../test/support/api.ts';
import { fact, INCARNATION, insertFacts, startTestDatabase, type TestDatabase } from '../../test/support/clickhouse.ts';
import type { PartitionStatus } from '../model/cluster.ts';
import { WorkersUnavailable } from '../model/errors.ts';
import { emptyLedger } from '../model/ledger.ts';
import { MESSAGE_BYTES_MAX } from '../model/limits.ts';

interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  errors?: { path: string; message: string }[];
  reasons?: { reason: string; detail: string; count: number; indexes: number[] }[];
}

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

const OPEN = Math.floor(NOW / 3_600_000);
const DAY = Math.floor(OPEN / 24) * 24;

async function problemOf(path: string, init?: RequestInit): Promise<ProblemBody> {
  const response = await api.request(path, init);
  expect(response.headers.get('Content-Type')).toBe('application/problem+json');
  const body = (await response.json()) as ProblemBody;
  expect(body.status).toBe(response.status);
  expect(body.instance).toBe(new URL(path, 'http://api').pathname);
  return body;
}

describe('requests that cannot be answered', () => {
  it.each([
    ['/v1/hourly?colour=red&from=2026-11-23', 'colour', 'unknown query parameter'],
    ['/v1/cities?limits=3', 'limits', 'unknown query parameter'],
    ['/healthz?x=1', 'x', 'unknown query parameter'],
    ['/v1/ledger?since=2026-11-23', 'since', 'unknown query parameter'],
    ['/v1/ledger?from=2026-11-24&to=2026-11-23', 'from', 'after `to`'],
    ['/v1/hourly?from=yesterday', 'from', 'ISO 8601'],
    ['/v1/hourly?from=2026-02-30', 'from', 'ISO 8601'],
    ['/v1/hourly?from=2026-11-23T25:00:00Z', 'from', 'ISO 8601'],
    ['/v1/hourly?to=2026-11-23T10:00:00', 'to', 'ISO 8601'],
    ['/v1/hourly?from=2026-11-24&to=2026-11-23', 'from', 'after `to`'],
    ['/v1/hourly?limit=0', 'limit', '1'],
    ['/v1/hourly?limit=10001', 'limit', '10000'],
    ['/v1/hourly?limit=ten', 'limit', 'whole number'],
    ['/v1/hourly?city=a.b', 'city', 'characters'],
    ['/v1/hourly?city=a&city=b', 'city', ''],
    ['/v1/hourly?sensor=%20x', 'sensor', 'spaces'],
    ['/v1/hourly?cursor=abc', 'cursor', 'not a cursor'],
    [`/v1/hourly?cursor=${Buffer.from('[1,"cities","lisbon"]').toString('base64url')}`, 'cursor', 'not a cursor'],
    [`/v1/cities?cursor=${Buffer.from('[2,"cities","lisbon"]').toString('base64url')}`, 'cursor', 'not a cursor'],
    ['/v1/cities/a%2Fb/districts', 'city', 'characters'],
    ['/v1/districts/lisbon/alfama/te~mp/hourly', 'metric', 'characters'],
  ])('%s is a 400 that names %s', async (path, name, message) => {
    const problem = await problemOf(path);
    expect(problem).toMatchObject({ type: 'about:blank', title: 'Bad request', status: 400 });
    expect(problem.errors?.map((error) => error.path)).toContain(name);
    expect(problem.errors?.find((error) => error.path === name)?.message).toContain(message);
  });

  it('an unknown path is a 404, and a known one with another method a 405 that says which it takes', async () => {
    expect(await problemOf('/v2/hourly')).toMatchObject({ status: 404 });
    expect(await problemOf('/v1/hourly', { method: 'POST' })).toMatchObject({ status: 405 });
    const response = await api.request('/v1/admin/flush');
    expect([response.status, response.headers.get('Allow')]).toEqual([405, 'POST, OPTIONS']);
    const options = await api.request('/v1/cities/lisbon/districts', { method: 'OPTIONS' });
    expect([options.status, options.headers.get('Allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
    const head = await api.request('/v1/cities', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it('a media type that lists do not have is a 406, and the best of those they have is given', async () => {
    expect(await problemOf('/v1/cities', { headers: { Accept: 'text/html' } })).toMatchObject({ status: 406 });
    expect(await problemOf('/v1/cities', { headers: { Accept: 'application/json;q=0' } })).toMatchObject({
      status: 406,
    });
    for (const [accept, type] of [
      ['*/*', 'application/json'],
      ['text/*', 'text/csv; charset=utf-8'],
      ['application/json;q=0.5, application/x-ndjson', 'application/x-ndjson; charset=utf-8'],
      ['text/html, application/json;q=0.1', 'application/json'],
    ]) {
      const response = await api.request('/v1/cities', { headers: { Accept: accept ?? '' } });
      expect(response.headers.get('Content-Type')).toBe(type);
    }
  });

  it('errors of the program say nothing of its insides', async () => {
    world.flush = () => Promise.reject(new Error('secret password'));
    const problem = await problemOf('/v1/admin/flush', { method: 'POST' });
    expect(problem.status).toBe(500);
    expect(JSON.stringify(problem)).not.toContain('secret');
    expect(world.errors).toHaveLength(1);
  });

  it('a database that is gone is a 503, not a 500', async () => {
    const gone = createClient({ url: 'http://127.0.0.1:9', log: { level: ClickHouseLogLevel.OFF } });
    const away = await checkedApi({ ...depsOf(world, database), clickhouse: gone });
    const response = await away.request('/v1/cities');
    expect([response.status, response.headers.get('Retry-After')]).toEqual([503, '2']);
    expect(await response.text()).toContain('The database does not answer');
    await gone.close();
  });
});

describe('what there is', () => {
  beforeEach(() =>
    insertFacts(database.client, [
      fact({ sensor: 'a' }),
      fact({ sensor: 'b', kind: 'noise', metric: 'level' }),
      fact({ sensor: 'a', district: 'baixa' }),
      fact({ sensor: 'ü', city: 'porto', district: 'foz' }),
    ]),
  );

  it('cities, districts and sensors, paged', async () => {
    expect(await api.get('/v1/cities')).toEqual({
      data: [
        { city: 'lisbon', districts: 2, sensors: 3 },
        { city: 'porto', districts: 1, sensors: 1 },
      ],
      next: null,
    });
    const first = await api.get('/v1/cities/lisbon/districts?limit=1');
    expect(first.data).toEqual([
      { city: 'lisbon', district: 'alfama', kinds: ['air', 'noise'], metrics: ['level', 'temp'], sensors: 2 },
    ]);
    const second = await api.get(`/v1/cities/lisbon/districts?limit=1&cursor=${String(first.next)}`);
    expect(second).toMatchObject({ data: [{ district: 'baixa' }], next: null });
    expect(await api.get('/v1/cities/atlantis/districts')).toEqual({ data: [], next: null });
  });

  it('sensors with filters and times', async () => {
    const { data } = await api.get('/v1/sensors?city=lisbon&kind=noise');
    expect(data).toEqual([
      {
        city: 'lisbon',
        district: 'alfama',
        kind: 'noise',
        sensor: 'b',
        metric: 'level',
        first_seen: '2026-11-23T14:00:01.000Z',
        last_seen: '2026-11-23T14:59:59.000Z',
        name: null,
        location: null,
        unit: null,
      },
    ]);
    const names: unknown[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: { data: Record<string, unknown>[]; next: string | null } = await api.get(
        `/v1/sensors?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      names.push(...page.data.map((row) => `${String(row['district'])}/${String(row['sensor'])}`));
      cursor = page.next;
    }
    expect(names).toEqual(['alfama/a', 'alfama/b', 'baixa/a', 'foz/ü']);
    const csv = await api.request('/v1/cities/lisbon/districts', { headers: { Accept: 'text/csv' } });
    expect(await csv.text()).toContain('lisbon,baixa,"[""air""]","[""temp""]",1\n');
  });
});

describe('rollups', () => {
  beforeEach(async () => {
    await insertFacts(database.client, [
      fact({ sensor: 'a', hour: DAY - 1, sum: 1 }),
      fact({ sensor: 'a', hour: DAY, sum: 2 }),
      fact({ sensor: 'b', hour: OPEN, sum: 3 }),
      fact({ sensor: 'b', hour: OPEN, sum: 4, kind: 'water' }),
      fact({ sensor: 'b', hour: OPEN, sum: 8, district: 'baixa' }),
      fact({ sensor: 'b', hour: OPEN, sum: 100, metric: 'other' }),
    ]);
    await insertFacts(database.client, [fact({ sensor: 'a', hour: DAY, sum: 16, block: 2, revised: 1 })]);
  });

  it('of a district by hour, with status and revision', async () => {
    expect(await api.get('/v1/districts/lisbon/alfama/temp/hourly?from=2026-11-23')).toEqual({
      data: [
        {
          city: 'lisbon',
          district: 'alfama',
          kind: 'air',
          metric: 'temp',
          hour: '2026-11-23T00:00:00Z',
          count: 2,
          sum: 18,
          min: 2,
          max: 16,
          mean: 9,
          sensors: 1,
          status: 'final',
          revision: 1,
          coverage: 1,
        },
        {
          city: 'lisbon',
          district: 'alfama',
          kind: 'air',
          metric: 'temp',
          hour: '2026-11-23T14:00:00Z',
          count: 1,
          sum: 3,
          min: 3,
          max: 3,
          mean: 3,
          sensors: 1,
          status: 'provisional',
          revision: 0,
          coverage: null,
        },
        {
          city: 'lisbon',
          district: 'alfama',
          kind: 'water',
          metric: 'temp',
          hour: '2026-11-23T14:00:00Z',
          count: 1,
          sum: 4,
          min: 4,
          max: 4,
          mean: 4,
          sensors: 1,
          status: 'provisional',
          revision: 0,
          coverage: null,
        },
      ],
      next: null,
    });
  });

  it('of a city by day: final when its last hour is, and paged', async () => {
    const first = await api.get('/v1/cities/lisbon/temp/daily?limit=1');
    expect(first.data).toEqual([
      {
        city: 'lisbon',
        kind: 'air',
        metric: 'temp',
        day: '2026-11-22',
        count: 1,
        sum: 1,
        min: 1,
        max: 1,
        mean: 1,
        sensors: 1,
        status: 'final',
        revision: 0,
        coverage: 1,
        zone: 'UTC',
        hours: 24,
      },
    ]);
    const second = await api.get(`/v1/cities/lisbon/temp/daily?limit=1&cursor=${String(first.next)}`);
    expect(second.data).toMatchObject([
      { day: '2026-11-23', kind: 'air', count: 4, sum: 29, sensors: 3, status: 'provisional', revision: 1 },
    ]);
    const third = await api.get(`/v1/cities/lisbon/temp/daily?limit=1&cursor=${String(second.next)}`);
    expect(third).toMatchObject({ data: [{ kind: 'water', sum: 4 }], next: null });
    world.finalThroughMs = (DAY + 24) * 3_600_000;
    expect((await api.get('/v1/cities/lisbon/temp/daily?from=2026-11-23&kind=air')).data).toMatchObject([
      { status: 'final' },
    ]);
  });

  it('by city hour and district day, `to` exclusive', async () => {
    expect((await api.get('/v1/cities/lisbon/temp/hourly?kind=air&to=2026-11-23T14:00:00Z')).data).toMatchObject([
      { hour: '2026-11-22T23:00:00Z', sum: 1 },
      { hour: '2026-11-23T00:00:00Z', sum: 18 },
    ]);
    const { data } = await api.get('/v1/districts/lisbon/alfama/temp/daily?to=2026-11-23');
    expect(data).toMatchObject([{ day: '2026-11-22', district: 'alfama', sum: 1 }]);
    const response = await api.request('/v1/districts/lisbon/alfama/temp/daily', { headers: { Accept: 'text/csv' } });
    expect((await response.text()).split('\n')[0]).toBe(
      'city,district,kind,metric,day,count,sum,min,max,mean,sensors,status,revision,coverage,zone,hours',
    );
    expect(response.headers.get('Hourglass-Final-Through')).toBe('2026-11-23T14:00:00.000Z');
  });
});

describe('POST /v1/readings', () => {
  const PATH = '/v1/readings/lisbon/alfama/air/gateway-7';
  const post = (body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> =>
    api.request(PATH, { method: 'POST', body, headers });
  const pack = Uint8Array.from(
    Buffer.from(
      JSON.stringify([
        { n: 'temp', v: 20.5, t: NOW / 1000 },
        { n: 'temp', vs: 'warm' },
        { n: 'temp', v: 1, t: NOW / 1000 + 3_600 },
        { n: 'temp', v: 1, t: 500_000_000 },
      ]),
    ),
  );

  it('publishes the bytes as they came and says which readings cannot be used', async () => {
    const response = await post(pack, {
      'Content-Type': 'Application/SenML+JSON; charset=utf-8',
      'Nats-Msg-Id': 'lisbon.alfama.gateway-7.1',
      'Hourglass-Seq': 'boot:9007199254740991',
    });
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({
      sequence: 7,
      duplicate: false,
      accepted: 1,
      rejected: [
        { reason: 'not-numeric', count: 1, indexes: [1] },
        { reason: 'future', count: 1, indexes: [2], detail: "the reading's time is 2026-11-23T15:30:00.000Z" },
        { reason: 'too-old', count: 1, indexes: [3] },
      ],
    });
    expect(world.published).toEqual([
      {
        subject: 'sensors.lisbon.alfama.air.gateway-7',
        payload: pack,
        headers: {
          'Content-Type': 'application/senml+json',
          'Nats-Msg-Id': 'lisbon.alfama.gateway-7.1',
          'Hourglass-Seq': 'boot:9007199254740991',
        },
      },
    ]);
  });

  it('is 422 with reasons where no reading can be used, and publishes nothing', async () => {
    for (const [body, reason] of [
      ['[{"n":"temp","vs":"warm"}]', 'not-numeric'],
      ['[{"n":"temp","v":1,"t":500000000}]', 'too-old'],
      ['[{"n":', 'malformed'],
      ['', 'malformed'],
    ]) {
      const problem = await problemOf(PATH, { method: 'POST', body: Uint8Array.from(Buffer.from(body ?? '')) });
      expect(problem.status).toBe(422);
      expect(problem.reasons).toMatchObject([{ reason }]);
    }
    expect(await problemOf(PATH, { method: 'POST', body: Uint8Array.from(Buffer.from('[{"bn":"x"}]')) })).toMatchObject(
      {
        status: 422,
        detail: 'The message holds no reading.',
        reasons: [],
      },
    );
    expect(world.published).toEqual([]);
  });

  it('is 415 for a type or an encoding it does not know, 413 for a body that is too large, 400 for a bad header', async () => {
    expect((await post(pack, { 'Content-Type': 'text/xml' })).status).toBe(415);
    expect((await post(pack, { 'Content-Encoding': 'gzip' })).status).toBe(415);
    const large = await post(pack, { 'Content-Length': String(MESSAGE_BYTES_MAX + 1) });
    expect([large.status, large.headers.get('Content-Type')]).toEqual([413, 'application/problem+json']);
    const chunk = new Uint8Array(1024 * 1024).fill(0x20);
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
    const streamed = await api.request(PATH, { method: 'POST', body: endless, duplex: 'half' });
    expect(streamed.status).toBe(413);
    for (const sequence of ['boot', 'boot:', 'boot:-1', 'boot:9007199254740992', 'bo ot:1', ':1']) {
      const problem = await problemOf(PATH, { method: 'POST', body: pack, headers: { 'Hourglass-Seq': sequence } });
      expect(problem).toMatchObject({ status: 400, errors: [{ path: 'hourglass-seq' }] });
    }
    expect(world.published).toEqual([]);
  });

  it.each([
    [Object.assign(new Error('maximum bytes exceeded'), { code: 10_077 }), 503, 'is full'],
    [Object.assign(new Error('no responders'), { name: 'NoRespondersError' }), 503, 'No stream takes messages'],
    [Object.assign(new Error('timeout'), { name: 'TimeoutError' }), 503, 'it may be stored'],
    [new Error('the connection was lost before the acknowledgement'), 503, 'it may be stored'],
    [new Error("'max_payload' exceeded: payload size"), 413, 'larger than the broker takes'],
    [new Error('connection draining at 10.0.0.7'), 503, 'did not take the message'],
  ])('says what the broker refused: %s', async (error, code, detail) => {
    world.publish = () => Promise.reject(error);
    const problem = await problemOf(PATH, { method: 'POST', body: pack });
    expect(problem.status).toBe(code);
    expect(problem.detail).toContain(detail);
    expect(problem.detail).not.toContain('10.0.0.7');
  });
});

function status(given: Partial<PartitionStatus> & { partition: number }): PartitionStatus {
  return {
    owner: 'node-1/2',
    epoch: 3,
    position: 42,
    backlog: 0,
    watermarkMs: NOW - 5_000,
    finalThroughMs: NOW - 1_800_000,
    lastCheckpointMs: NOW - 100,
    outboxBlocks: 0,
    outboxBytes: 0,
    oldestBlockMs: 0,
    isHeldBack: false,
    restarts: 0,
    series: 1,
    openReadings: 0,
    nextBlock: 10,
    totals: emptyLedger(),
    ...given,
  };
}

describe('operators', () => {
  it('see every partition, those without an owner too', async () => {
    world.statuses = [status({ partition: 1, backlog: 9, lastCheckpointMs: 0 })];
    const { data } = await api.get('/v1/admin/partitions');
    expect(data).toHaveLength(4);
    expect(data[0]).toMatchObject({ partition: 0, owner: null, epoch: null, watermark: null });
    expect(data[1]).toMatchObject({
      partition: 1,
      owner: 'node-1/2',
      epoch: 3,
      backlog: 9,
      watermark: '2026-11-23T14:29:55.000Z',
      last_checkpoint: null,
    });
  });

  it('flush, and are told which partitions did not', async () => {
    const done = await api.request('/v1/admin/flush', { method: 'POST' });
    expect(await done.json()).toEqual({ rows: 12 });
    world.flush = () => Promise.reject(new WorkersUnavailable([3]));
    expect(await problemOf('/v1/admin/flush', { method: 'POST' })).toMatchObject({ status: 503 });
  });

  it('see the pool and change it: all nodes or one', async () => {
    world.nodes = [
      { node: 'a', workers: 2, auto: null },
      { node: 'b', workers: 1, auto: null },
    ];
    expect(await (await api.request('/v1/admin/pool')).json()).toEqual({ workers: 3, nodes: world.nodes });
    const put = (body: object): Promise<Response> =>
      api.request('/v1/admin/pool', {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    expect(await (await put({ workers: 8 })).json()).toMatchObject({ workers: 16 });
    expect(await (await put({ workers: 1, node: 'b' })).json()).toEqual({
      workers: 1,
      nodes: [{ node: 'b', workers: 1, auto: null }],
    });
    expect(await (await put({ auto: { min: 2, max: 4 } })).json()).toMatchObject({
      nodes: [{ node: 'a', auto: { min: 2, max: 4 } }, { node: 'b' }],
    });
    expect((await put({ workers: 1, node: 'c' })).status).toBe(404);
    const bounds = (min: number, max: number): object => ({ auto: { min, max } });
    const both = { workers: 2, ...bounds(1, 2) };
    const tooMany = [{ workers: 1_000 }, bounds(1, 1_000), bounds(3, 2), bounds(0, 2)];
    for (const bad of [{}, { workers: 0 }, { workers: 1.5 }, { workers: 2, min: 1 }, both, ...tooMany])
      expect((await put(bad)).status, JSON.stringify(bad)).toBe(400);
  });

  it('see readiness by part: broker, database, partitions, a stream that is full (invariant 12)', async () => {
    expect(await api.get('/healthz')).toEqual({ status: 'ok' });
    expect(await api.get<object>('/readyz')).toMatchObject({ status: 'ready' });
    world.ready = { broker: false, database: true, owned: 3, full: true };
    const response = await api.request('/readyz');
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      status: 'not-ready',
      checks: {
        broker: { ok: false, detail: 'the broker does not answer' },
        database: { ok: true },
        partitions: { ok: false, detail: '3 of 4 partitions have an owner' },
        stream: { ok: false, detail: 'the stream READINGS is full and refuses publishers' },
      },
      details: { durability: null, lag: null },
    });
    const metrics = await api.request('/metrics');
    expect([metrics.headers.get('Content-Type'), await metrics.text()]).toEqual([
      'text/plain; version=0.0.4; charset=utf-8',
      '# TYPE hourglass_up gauge\nhourglass_up 1\n',
    ]);
  });
});

describe('the ledger', () => {
  const totals = {
    ...emptyLedger(),
    messages: 5,
    messagesUsed: 3,
    messagesDuplicate: 1,
    messagesRejected: 1,
    readingsCounted: 9,
    readingsSealed: 7,
  };
  const quiet = [1, 2, 3].map((partition) => status({ partition }));
  const books = (): Promise<{ data: { balanced: boolean; table: object; settled: boolean }[]; balanced: boolean }> =>
    api.get('/v1/ledger');

  it('balances where table, rollups and memory have every reading (invariant 14)', async () => {
    await insertFacts(database.client, [fact({ count: 4 }), fact({ sensor: 's2', count: 3 })]);
    await insertFacts(database.client, [fact({ count: 4 }), fact({ sensor: 's2', count: 3 })]);
    // Sealed after the worker answered, and of another stream: neither is in its totals.
    await insertFacts(database.client, [
      fact({ count: 100, block: 10 }),
      fact({ count: 100, incarnation: INCARNATION - 1 }),
    ]);
    world.statuses = [status({ partition: 0, totals, openReadings: 2 }), ...quiet];
    const { data, balanced } = await books();
    expect(balanced).toBe(true);
    expect(data[0]).toEqual({
      partition: 0,
      owner: 'node-1/2',
      messages: { taken: 5, used: 3, duplicate: 1, rejected: 1 },
      readings: { counted: 9, late: 0, rejected: 0, sealed: 7, open: 2 },
      table: { hourly: 7, districts: 7 },
      gaps: 0,
      settled: true,
      problems: [],
      balanced: true,
    });
  });

  it('does not balance where a reading is missing, is there twice, or a partition is silent', async () => {
    await insertFacts(database.client, [fact({ count: 6 })]);
    world.statuses = [status({ partition: 0, totals, openReadings: 2 }), ...quiet];
    expect(await books()).toMatchObject({ balanced: false, data: [{ balanced: false }, { balanced: true }, {}, {}] });
    expect((await books()).data[0]).toMatchObject({
      problems: ['hourly_facts has 6 readings of 7 in blocks', 'district_facts has 6 readings of 7 in blocks'],
    });
    world.statuses = [status({ partition: 0, totals, openReadings: 2, outboxBlocks: 1, oldestBlockMs: NOW }), ...quiet];
    expect(await books()).toMatchObject({ balanced: true, data: [{ settled: false }, {}, {}, {}] });
    await insertFacts(database.client, [fact({ count: 2, block: 2 })]);
    expect(await books()).toMatchObject({ balanced: false });
    world.statuses = quiet;
    expect(await books()).toMatchObject({ balanced: false, data: [{ owner: null, balanced: false }, {}, {}, {}] });
  });
});

describe('/openapi.json', () => {
  it('is OpenAPI 3.1 and has every route of the contract', () => {
    expect(api.document.openapi).toBe('3.1.0');
    expect(
      Object.entries(api.document.paths)
        .map(([path, item]) => `${Object.keys(item).join(' ')} ${path}`)
        .sort(),
    ).toEqual([
      'get /healthz',
      'get /historical/{city}',
      'get /metrics',
      'get /openapi.json',
      'get /readyz',
      'get /sensorthings/v1.1',
      'get /v1/admin/partitions',
      'get /v1/cities',
      'get /v1/cities/{city}/districts',
      'get /v1/cities/{city}/{metric}/daily',
      'get /v1/cities/{city}/{metric}/hourly',
      'get /v1/cities/{city}/{metric}/monthly',
      'get /v1/districts/{city}/{district}/{metric}/daily',
      'get /v1/districts/{city}/{district}/{metric}/hourly',
      'get /v1/districts/{city}/{district}/{metric}/monthly',
      'get /v1/hourly',
      'get /v1/ledger',
      'get /v1/live',
      'get /v1/registry/cities',
      'get /v1/registry/cities/{city}/districts',
      'get /v1/registry/metrics',
      'get /v1/registry/sensors',
      'get /v1/sensors',
      'get /weather/{city}',
      'get post /graphql',
      'get put /v1/admin/pool',
      'get put delete /v1/registry/cities/{city}',
      'get put delete /v1/registry/cities/{city}/districts/{district}',
      'get put delete /v1/registry/metrics/{metric}',
      'get put delete /v1/registry/sensor',
      'post /v1/admin/flush',
      'post /v1/readings/{city}/{district}/{kind}/{source}',
      'post /v1/registry/import',
    ]);
  });

  it('is what answers are held against here: one that differs is caught', async () => {
    world.flush = () => Promise.resolve({ rows: 0.5 });
    await expect(api.request('/v1/admin/flush', { method: 'POST' })).rejects.toThrow(/rows/);
  });

  it('documents parameters, all problems and their schema, and every reference leads somewhere', () => {
    const text = JSON.stringify(api.document);
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      expect(api.document.components.schemas).toHaveProperty(String(name));
    }
    for (const [path, item] of Object.entries(api.document.paths)) {
      for (const operation of Object.values(item)) {
        const { parameters = [], responses } = operation as {
          parameters?: { name: string; in: string }[];
          responses: object;
        };
        const inPath = parameters
          .filter((parameter) => parameter.in === 'path')
          .map((parameter) => `{${parameter.name}}`);
        expect(inPath.sort()).toEqual((path.match(/\{\w+\}/g) ?? []).sort());
        expect(Object.keys(responses)).toContain('400');
      }
    }
    const hourly = api.document.paths['/v1/hourly']?.['get'] as unknown as {
      parameters: { name: string; required?: boolean }[];
    };
    expect(hourly.parameters.map((parameter) => parameter.name)).toEqual([
      'city',
      'district',
      'kind',
      'sensor',
      'metric',
      'from',
      'to',
      'limit',
      'cursor',
      'revision',
    ]);
    expect(hourly.parameters.some((parameter) => parameter.required === true)).toBe(false);
  });
});
