import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkedApi, depsOf, World, type CheckedApi } from '../../test/support/api.ts';
import { fact, insertFacts, startTestDatabase, type TestDatabase } from '../../test/support/clickhouse.ts';
import { TestBroker } from '../../test/support/nats.ts';
import { readConfig } from '../model/config.ts';
import { systemClock } from '../model/clock.ts';
import { SHAPE_VERTICES_MAX } from '../model/limits.ts';
import { REGISTRY_BUCKET } from '../model/registry.ts';
import { connectNats } from '../runtime/connections.ts';
import { NatsRegistry } from '../runtime/registry/nats-registry.ts';
import { ensureTopology } from '../runtime/topology.ts';
import { Kvm } from '@nats-io/kv';

let database: TestDatabase;
let broker: TestBroker;
let nc: NatsConnection;
let registry: NatsRegistry;
let api: CheckedApi;
beforeAll(async () => {
  [database, broker] = await Promise.all([startTestDatabase(), TestBroker.start()]);
  nc = await connectNats(broker.url, 'test');
}, 60_000);
afterAll(async () => {
  await nc.close();
  await Promise.all([database.stop(), broker.stop()]);
});
beforeEach(async () => {
  await database.empty();
  await ensureTopology(nc, readConfig({}));
  registry = await NatsRegistry.open(nc, systemClock, { warn: () => undefined });
  api = await checkedApi({ ...depsOf(new World(), database), registry });
  return async () => {
    await registry.close();
    await new Kvm(nc).open(REGISTRY_BUCKET).then((kv) => kv.destroy());
  };
});

interface ProblemBody {
  status: number;
  detail: string;
  errors?: { path: string; message: string }[];
}

const SENSOR = `/v1/registry/sensor?city=lisbon&district=alfama&kind=air&sensor=${encodeURIComponent('urn:x/1 ü')}`;
const SQUARE = {
  type: 'Polygon',
  coordinates: [
    [
      [-9.2, 38.7],
      [-9.1, 38.7],
      [-9.1, 38.8],
      [-9.2, 38.8],
      [-9.2, 38.7],
    ],
  ],
};

function put(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return api.request(path, {
    method: 'PUT',
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json', ...headers },
  });
}

function send(type: string, body: string): Promise<Response> {
  return api.request('/v1/registry/import', { method: 'POST', body, headers: { 'Content-Type': type } });
}

async function problemOf(response: Promise<Response>): Promise<ProblemBody> {
  return (await (await response).json()) as ProblemBody;
}

describe('one entry', () => {
  it.each([
    ['/v1/registry/cities/lisbon', { name: 'Lisboa', time_zone: 'Europe/Lisbon' }, { city: 'lisbon' }],
    [
      '/v1/registry/cities/lisbon/districts/alfama',
      { name: 'Alfama', shape: SQUARE },
      { city: 'lisbon', district: 'alfama' },
    ],
    [
      SENSOR,
      {
        name: 'Castle',
        owner: 'City',
        location: { type: 'Point', coordinates: [-9.13, 38.71, 90] },
        units: { temp: '[degF]' },
      },
      { city: 'lisbon', district: 'alfama', kind: 'air', sensor: 'urn:x/1 ü' },
    ],
    ['/v1/registry/metrics/pm2.5', { name: 'Fine dust', unit: 'ug/m3' }, { metric: 'pm2.5' }],
  ])('%s is made, read, replaced and removed', async (path, body, names) => {
    expect((await api.request(path)).status).toBe(404);
    const made = await put(path, body);
    expect([made.status, await made.json()]).toEqual([201, { ...names, ...body }]);
    const read = await api.request(path);
    expect(read.headers.get('ETag')).toBe(made.headers.get('ETag'));
    expect(await read.json()).toEqual({ ...names, ...body });
    const replaced = await put(path, {});
    expect(replaced.status).toBe(200);
    expect(await replaced.json()).toMatchObject({ ...names, name: null });
    expect((await api.request(path, { method: 'DELETE' })).status).toBe(204);
    expect((await api.request(path, { method: 'DELETE' })).status).toBe(404);
    expect((await api.request(path)).status).toBe(404);
    expect((await put(path, body)).status).toBe(201);
  });

  it('is not replaced where somebody else was first', async () => {
    const path = '/v1/registry/cities/lisbon';
    expect((await put(path, {}, { 'If-Match': '*' })).status).toBe(412);
    const made = await put(path, {}, { 'If-None-Match': '*' });
    expect((await put(path, {}, { 'If-None-Match': '*' })).status).toBe(412);
    const tag = made.headers.get('ETag') ?? '';
    expect((await put(path, { name: 'One' }, { 'If-Match': tag })).status).toBe(200);
    expect((await put(path, { name: 'Two' }, { 'If-Match': tag })).status).toBe(412);
    expect((await api.request(path, { method: 'DELETE', headers: { 'If-Match': tag } })).status).toBe(412);
    expect(await api.get(path)).toMatchObject({ name: 'One' });
    const now = (await api.request(path)).headers.get('ETag') ?? '';
    expect((await api.request(path, { method: 'DELETE', headers: { 'If-Match': `W/${now}` } })).status).toBe(204);
    expect((await put(path, {}, { 'If-Match': 'yesterday' })).status).toBe(400);
  });

  it('a city without a time zone lives in UTC, and the zone is spelled as IANA does', async () => {
    expect(await (await put('/v1/registry/cities/lisbon', {})).json()).toMatchObject({ time_zone: 'UTC' });
    const zoned = await put('/v1/registry/cities/lisbon', { time_zone: 'australia/lord_howe' });
    expect(await zoned.json()).toMatchObject({ time_zone: 'Australia/Lord_Howe' });
    const alias = await put('/v1/registry/cities/lisbon', { time_zone: 'Asia/Kathmandu' });
    expect(await alias.json()).toMatchObject({ time_zone: 'Asia/Kathmandu' });
  });

  const ring = (positions: number[][]): object => ({ shape: { type: 'Polygon', coordinates: [positions] } });
  const [around = []] = SQUARE.coordinates;
  it.each([
    ['cities/lisbon', { time_zone: 'Mars/Olympus' }, 'time_zone'],
    ['cities/lisbon', { time_zone: '+01:00' }, 'time_zone'],
    ['cities/lisbon', { colour: 'red' }, 'colour'],
    ['cities/lisbon', { name: ' x' }, 'name'],
    ['cities/lisbon/districts/alfama', ring(around.slice(0, 4)), 'shape.coordinates'],
    ['cities/lisbon/districts/alfama', ring(around.slice(0, 3)), 'shape.coordinates.0'],
    ['cities/lisbon/districts/alfama', ring(around.map(([x = 0, y = 0]) => [y, x * 10])), 'shape.coordinates'],
    ['cities/lisbon/districts/alfama', ring([[1, 1], [2, 2], [3, 3], [1, 1]]), 'shape.coordinates'], // prettier-ignore
    ['cities/lisbon/districts/alfama', { shape: { type: 'Point', coordinates: [1, 2] } }, 'shape.type'],
    ['cities/lisbon/districts/alfama', { shape: { type: 'Polygon', coordinates: [] } }, 'shape.coordinates'],
    ['metrics/temp', { unit: '°C' }, 'unit'],
    [
      'sensor?city=a&district=b&kind=c&sensor=d',
      { location: { type: 'Point', coordinates: [181, 0] } },
      'location.coordinates',
    ],
    ['sensor?city=a&district=b&kind=c&sensor=d', { units: { temp: 'µg' } }, 'units.temp'],
  ])('%s: %j is refused, and what is wrong is named', async (path, body, where) => {
    const problem = await problemOf(put(`/v1/registry/${path}`, body));
    expect(problem.status).toBe(400);
    expect(problem.errors?.map((error) => error.path)).toContain(where);
    expect(registry.size).toBe(0);
  });

  it('the largest shape is taken, one position more is not', async () => {
    const circle = (positions: number): number[][] =>
      Array.from({ length: positions }, (_, at) => {
        const angle = (2 * Math.PI * (at % (positions - 1))) / (positions - 1);
        return [-9 - Math.cos(angle) / 3, 38 + Math.sin(angle) / 3];
      });
    const path = '/v1/registry/cities/lisbon/districts/alfama';
    expect((await put(path, ring(circle(SHAPE_VERTICES_MAX)))).status).toBe(201);
    expect((await problemOf(put(path, ring(circle(SHAPE_VERTICES_MAX + 1))))).errors?.[0]?.message).toContain(
      'simplify',
    );
    expect((await put(path, { name: 'x'.repeat(3_000_000) })).status).toBe(413);
  });
});

describe('lists', () => {
  it('cities and metrics in the order of names, paged', async () => {
    for (const city of ['porto', 'Lisbon', 'faro']) await put(`/v1/registry/cities/${city}`, {});
    const first = await api.get('/v1/registry/cities?limit=2');
    expect(first.data.map(({ city }) => city)).toEqual(['Lisbon', 'faro']);
    const second = await api.get(`/v1/registry/cities?limit=2&cursor=${String(first.next)}`);
    expect([second.data.map(({ city }) => city), second.next]).toEqual([['porto'], null]);
    await put('/v1/registry/metrics/no2', { unit: 'ug/m3' });
    expect((await api.get('/v1/registry/metrics')).data).toEqual([{ metric: 'no2', name: null, unit: 'ug/m3' }]);
  });

  it('sensors by filter, as JSON and CSV', async () => {
    for (const [district, sensor] of [
      ['alfama', 'b'],
      ['alfama', 'a'],
      ['baixa', 'a,"'],
    ])
      // prettier-ignore
      await put(
        `/v1/registry/sensor?city=lisbon&district=${String(district)}&kind=air&sensor=${encodeURIComponent(sensor ?? '')}`,
        {},
      );
    const first = await api.get('/v1/registry/sensors?city=lisbon&limit=1');
    expect(first.data.map(({ sensor }) => sensor)).toEqual(['a']);
    const second = await api.get(`/v1/registry/sensors?city=lisbon&cursor=${String(first.next)}`);
    expect(second.data.map(({ district, sensor }) => [district, sensor])).toEqual([
      ['alfama', 'b'],
      ['baixa', 'a,"'],
    ]);
    expect((await api.get('/v1/registry/sensors?district=alfama&kind=air')).data).toHaveLength(2);
    expect((await api.get('/v1/registry/sensors?kind=water')).data).toEqual([]);
    const csv = await api.request('/v1/registry/sensors?district=baixa', { headers: { Accept: 'text/csv' } });
    expect(await csv.text()).toBe(
      'city,district,kind,sensor,name,owner,location,units\nlisbon,baixa,air,"a,""",,,,{}\n',
    );
  });

  it('districts as GeoJSON: also those that only readings know, without a shape', async () => {
    await insertFacts(database.client, [fact({ district: 'baixa' }), fact({ district: 'alfama' })]);
    await put('/v1/registry/cities/lisbon/districts/alfama', { name: 'Alfama', shape: SQUARE });
    await put('/v1/registry/cities/lisbon/districts/zoo', { name: 'Zoo' });
    const response = await api.request('/v1/registry/cities/lisbon/districts');
    expect(response.headers.get('Content-Type')).toBe('application/geo+json');
    const feature = (district: string, name: string | null, geometry: object | null): object => ({
      type: 'Feature',
      geometry,
      properties: { city: 'lisbon', district, name },
    });
    expect(await response.json()).toEqual({
      type: 'FeatureCollection',
      features: [feature('alfama', 'Alfama', SQUARE), feature('baixa', null, null), feature('zoo', 'Zoo', null)],
    });
  });
});

describe('imports', () => {
  it('sensors from CSV, several units of one in several rows', async () => {
    const csv = [
      '\uFEFFcity,district,kind,sensor,name,owner,lon,lat,metric,unit',
      'lisbon,alfama,air,"s,1",Castle,City,-9.1335,38.7139,temp,[degF]',
      'lisbon,alfama,air,"s,1",Castle,City,-9.1335,38.7139,no2,ug/m3',
      'lisbon,baixa,air,s2,,,,,,',
      '',
    ].join('\r\n');
    const response = await send('text/csv; charset=utf-8', csv);
    expect([response.status, await response.json()]).toEqual([200, { districts: 0, sensors: 2 }]);
    expect((await api.get('/v1/registry/sensors')).data).toEqual([
      {
        city: 'lisbon',
        district: 'alfama',
        kind: 'air',
        sensor: 's,1',
        name: 'Castle',
        owner: 'City',
        location: { type: 'Point', coordinates: [-9.1335, 38.7139] },
        units: { temp: '[degF]', no2: 'ug/m3' },
      },
      {
        city: 'lisbon',
        district: 'baixa',
        kind: 'air',
        sensor: 's2',
        name: null,
        owner: null,
        location: null,
        units: {},
      },
    ]);
  });

  it('nothing is written where a row is bad, and every bad row is named', async () => {
    const csv = [
      'city,district,kind,sensor,name,lon,lat,metric,unit',
      'lisbon,alfama,air,good,,,,,',
      'lisbon,al fama,air,s1,,,,,',
      'lisbon,alfama,air,s2,,200,10,,',
      'lisbon,alfama,air,s3,,1,,,',
      'lisbon,alfama,air,s4,,1e1,2,,',
      'lisbon,alfama,air,s5,,,,temp,°C',
      'lisbon,alfama,air,good,Other,,,temp,Cel',
      'lisbon,alfama,air,s6,,,,,Cel',
    ].join('\n');
    const problem = await problemOf(send('text/csv', csv));
    expect(problem.status).toBe(400);
    expect(problem.errors?.map(({ path }) => path)).toEqual(
      [3, 4, 5, 6, 7, 8, 9].map((line) => `line ${String(line)}`),
    );
    expect(problem.detail).toContain('Nothing was written: 7');
    expect(registry.size).toBe(0);
  });

  it.each([
    ['text/csv', 'city,district,kind\nlisbon,alfama,air\n', 'line 1', 'sensor'],
    ['text/csv', 'city,district,kind,sensor,colour\n', 'line 1', 'colour'],
    ['text/csv', 'city,district,kind,sensor\nlisbon,alfama,air\n', 'line 2', '3 fields'],
    ['text/csv', 'city,district,kind,sensor\nlisbon,"alfama,air,s\n', 'line 2', ''],
    ['text/csv', '', 'line 1', 'city'],
    ['application/geo+json', '{', 'body', ''],
    ['application/geo+json', '{"type":"Feature"}', 'body', 'FeatureCollection'],
    ['application/geo+json', '{"type":"FeatureCollection","features":[7]}', 'feature 0', ''],
  ])('%s %j is refused: %s', async (type, body, path, message) => {
    const problem = await problemOf(send(type, body));
    expect(problem.status).toBe(400);
    expect(problem.errors?.[0]).toMatchObject({ path, message: expect.stringContaining(message) as string });
  });

  it('districts and sensors from GeoJSON; what the list of districts gives can be taken', async () => {
    const point = { type: 'Point', coordinates: [-9.13, 38.71] };
    const features = [
      {
        type: 'Feature',
        geometry: SQUARE,
        properties: { city: 'lisbon', district: 'alfama', name: 'Alfama', population: 5 },
      },
      {
        type: 'Feature',
        id: 3,
        geometry: point,
        properties: { city: 'lisbon', district: 'alfama', kind: 'air', sensor: 's1', units: { temp: 'K' } },
      },
    ];
    const body = JSON.stringify({ type: 'FeatureCollection', bbox: [0, 0, 1, 1], features });
    expect(await (await send('application/geo+json', body)).json()).toEqual({ districts: 1, sensors: 1 });
    expect(registry.district('lisbon', 'alfama')?.entry).toMatchObject({ name: 'Alfama', shape: SQUARE });
    expect((await api.get('/v1/registry/sensors')).data).toMatchObject([
      { sensor: 's1', location: point, units: { temp: 'K' } },
    ]);
    const list = await (await api.request('/v1/registry/cities/lisbon/districts')).text();
    expect(await (await send('application/geo+json', list)).json()).toEqual({ districts: 1, sensors: 0 });
  });

  it('every bad feature is named', async () => {
    const feature = (geometry: object | null, properties: object): object => ({
      type: 'Feature',
      geometry,
      properties,
    });
    const names = { city: 'lisbon', district: 'alfama' };
    const features = [
      feature(SQUARE, names),
      feature({ type: 'Point', coordinates: [1, 2] }, names),
      feature({ type: 'LineString', coordinates: [] }, names),
      feature({ ...SQUARE, coordinates: [[[1, 2]]] }, names),
      feature(SQUARE, { district: 'alfama' }),
      feature(null, names),
    ];
    const problem = await problemOf(
      send('application/geo+json', JSON.stringify({ type: 'FeatureCollection', features })),
    );
    const named = new Set(problem.errors?.map(({ path }) => path));
    expect([...named]).toEqual([1, 2, 3, 4, 5].map((at) => `feature ${String(at)}`));
    expect(registry.size).toBe(0);
  });

  it('other media types are refused, and bodies beyond the limit', async () => {
    expect((await send('application/json', '{}')).status).toBe(415);
    expect((await send('text/csv', 'x'.repeat(17 * 1024 * 1024))).status).toBe(413);
  });
});
