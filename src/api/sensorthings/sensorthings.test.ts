/** Requirements of OGC 18-088 that docs/SENSORTHINGS.md lists, each by its name there. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkedApi, depsOf, NOW, World, type CheckedApi } from '../../../test/support/api.ts';
import { fact, insertFacts, startTestDatabase, type TestDatabase } from '../../../test/support/clickhouse.ts';
import { countedClient } from '../../../test/support/counted-client.ts';
import { WorkersUnavailable } from '../../model/errors.ts';

const ROOT = '/sensorthings/v1.1';
const OPEN = Math.floor(NOW / 3_600_000);
const HOURS = 30;
const SENSORS = ['s1', "o'hara", 'urn:dev:01/2 ü'];

/** Many questions to a real database, also on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

let database: TestDatabase;
let world: World;
let api: CheckedApi;
let questions: string[];

beforeAll(async () => {
  database = await startTestDatabase();
  const facts = ['lisbon', 'porto'].flatMap((city, c) =>
    ['d0', 'd1'].flatMap((district, d) =>
      SENSORS.flatMap((sensor, s) =>
        ['temp', 'pm2.5'].flatMap((metric, m) =>
          Array.from({ length: HOURS }, (_, h) =>
            fact({
              city,
              district,
              sensor,
              metric,
              hour: OPEN - h,
              count: 1 + ((h + s) % 3),
              sum: c * 1_000 + d * 100 + s * 10 + m + h / 7,
            }),
          ),
        ),
      ),
    ),
  );
  await insertFacts(database.client, facts);
  await insertFacts(database.client, [
    fact({ city: 'lisbon', district: 'd0', hour: OPEN - 2, block: 7, revised: 1, sum: 0.1 }),
    fact({ city: 'lisbon', district: 'd0', hour: OPEN - 3, block: 8, sum: Infinity, min: 1, max: 2 }),
  ]);
}, 60_000);
afterAll(() => database.stop());
beforeEach(async () => {
  world = new World();
  const { kind } = fact({});
  world.openRows = SENSORS.map((sensor) => ({
    city: 'lisbon',
    district: 'd0',
    kind,
    metric: 'temp',
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

type Entity = Record<string, unknown> & { '@iot.id': string; '@iot.selfLink': string };
interface Collection {
  value: Entity[];
  '@iot.count'?: number;
  '@iot.nextLink'?: string;
}

/** @param url a path behind the root, or a link from an answer. */
async function get<Body = Collection>(url: string): Promise<Body> {
  const path = url.startsWith('http') ? url.slice(new URL(url).origin.length) : `${ROOT}/${url}`;
  return api.get<Body>(path);
}

async function statusOf(path: string, init?: RequestInit): Promise<number> {
  return (await api.request(`${ROOT}/${path}`, init)).status;
}

async function problemOf(path: string): Promise<{ status: number; detail: string }> {
  const response = await api.request(`${ROOT}/${path}`);
  expect(response.headers.get('Content-Type')).toBe('application/problem+json');
  return (await response.json()) as { status: number; detail: string };
}

/** Follows the links to the end. */
async function all(path: string): Promise<Entity[]> {
  const found: Entity[] = [];
  for (let url: string | undefined = path; url !== undefined;) {
    const page: Collection = await get(url);
    found.push(...page.value);
    url = page['@iot.nextLink'];
  }
  return found;
}

const filter = (text: string): string => `$filter=${encodeURIComponent(text)}`;

interface HourlyRow {
  city: string;
  district: string;
  kind: string;
  sensor: string;
  metric: string;
  hour: string;
  count: number;
  mean: number | null;
  revision: number;
}

/** Every hour that /v1/hourly knows. */
async function hourly(): Promise<(HourlyRow & Record<string, unknown>)[]> {
  const { data } = await api.get<{ data: (HourlyRow & Record<string, unknown>)[] }>('/v1/hourly?limit=10000');
  return data;
}

describe('the root', () => {
  it('lists the entity sets and the requirements that are met', async () => {
    const root = await api.get<{ value: { name: string; url: string }[]; serverSettings: { conformance: string[] } }>(
      ROOT,
    );
    expect(root.value.map(({ name }) => name).sort()).toEqual(
      [
        'Datastreams',
        'FeaturesOfInterest',
        'HistoricalLocations',
        'Locations',
        'ObservedProperties',
        'Observations',
        'Sensors',
        'Things',
      ].sort(),
    );
    for (const { url } of root.value) expect((await get(url)).value).toBeInstanceOf(Array);
    expect(root.serverSettings.conformance).toContain('http://www.opengis.net/spec/iot_sensing/1.1/req/datamodel');
  });

  it('takes GET and HEAD alone', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const response = await api.request(`${ROOT}/Things`, { method });
      expect([response.status, response.headers.get('Allow')]).toEqual([405, 'GET, HEAD']);
    }
    expect(await statusOf('Things', { method: 'HEAD' })).toBe(200);
  });
});

describe('datamodel', () => {
  it('common control information: ids, self links that lead back, navigation links that lead on', async () => {
    for (const set of [
      'Things',
      'Sensors',
      'Datastreams',
      'ObservedProperties',
      'Observations',
      'FeaturesOfInterest',
    ]) {
      const { value } = await get(`${set}?$top=2`);
      expect(value.length, set).toBeGreaterThan(0);
      for (const entity of value) {
        expect(await get<Entity>(entity['@iot.selfLink']), set).toEqual(entity);
        expect(entity['@iot.selfLink']).toContain(`/${set}('${entity['@iot.id']}')`);
        for (const [name, link] of Object.entries(entity)) {
          if (name.endsWith('@iot.navigationLink')) expect(await get<object>(String(link))).toBeInstanceOf(Object);
        }
      }
    }
  });

  it('thing: a sensor, with name, description and properties', async () => {
    const things = await all('Things');
    expect(things).toHaveLength(12);
    expect(things[0]).toMatchObject({
      '@iot.id': 'lisbon:d0:air:o~27hara',
      name: "o'hara",
      description: 'air sensor in d0, lisbon',
      properties: { city: 'lisbon', district: 'd0', kind: 'air', sensor: "o'hara" },
    });
  });

  it('datastream: a series, with unit, observation type and time', async () => {
    expect(await get("Datastreams('lisbon:d0:air:s1:temp')")).toMatchObject({
      name: 'temp',
      description: 'Hourly means of temp: air sensor in d0, lisbon',
      unitOfMeasurement: { name: null, symbol: null, definition: null },
      observationType: 'http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement',
      phenomenonTime: '2026-11-22T09:00:01.000Z/2026-11-23T14:59:59.000Z',
      properties: { aggregate: 'mean', period: 'PT1H' },
    });
  });

  it('sensor, observed property and feature of interest have what the standard demands', async () => {
    expect(await get("Sensors('lisbon:d0:air:s1')")).toMatchObject({
      name: 's1',
      encodingType: 'application/json',
      metadata: {},
    });
    expect(await get("ObservedProperties('pm2.5')")).toMatchObject({
      name: 'pm2.5',
      definition: `http://localhost${ROOT}/ObservedProperties('pm2.5')`,
      description: 'pm2.5',
    });
    expect(await get("FeaturesOfInterest('lisbon:d0:air:s1')")).toMatchObject({
      encodingType: 'application/geo+json',
      feature: { type: 'Feature', geometry: null },
    });
  });

  it('observation: an hour, with the figures of /v1/hourly, the open hour included', async () => {
    const rows = await hourly();
    const observations = await all('Observations?$top=500');
    expect(observations).toHaveLength(rows.length);
    expect(
      observations.map(({ phenomenonTime, result, parameters }) => ({ phenomenonTime, result, parameters })),
    ).toEqual(
      rows.map(({ hour, mean, count, sum, min, max, status, revision }) => ({
        phenomenonTime: `${hour}/${new Date(Date.parse(hour) + 3_600_000).toISOString().slice(0, 19)}Z`,
        result: mean,
        parameters: { count, sum, min, max, status, revision },
      })),
    );
    expect(rows.some(({ status }) => status === 'provisional')).toBe(true);
    expect(rows.some(({ mean }) => mean === null)).toBe(true);
  });
});

describe('what the registry knows', () => {
  const place = { type: 'Point' as const, coordinates: [-9.13, 38.71] };
  beforeEach(async () => {
    const sensor = { of: 'sensor', city: 'lisbon', district: 'd0', kind: 'air' } as const;
    await world.registry.writeAll([
      { ...sensor, sensor: 's1', name: 'Rua da Prata', owner: 'city', location: place, units: { temp: 'Cel' } },
      {
        ...sensor,
        sensor: "o'hara",
        name: null,
        owner: null,
        location: { ...place, coordinates: [-9, 38] },
        units: {},
      },
      { ...sensor, sensor: 'nobody', name: null, owner: null, location: null, units: {} },
      { of: 'metric', metric: 'pm2.5', name: 'Fine dust', unit: 'ug/m3' },
    ]);
  });

  it('location: the place of a sensor, found from its thing and leading back', async () => {
    const { value } = await get('Locations?$count=true');
    expect(value.map((one) => one['@iot.id'])).toEqual(['lisbon:d0:air:o~27hara', 'lisbon:d0:air:s1']);
    expect(value[1]).toMatchObject({ name: 's1', encodingType: 'application/geo+json', location: place });
    expect((await get("Things('lisbon:d0:air:s1')/Locations")).value).toEqual([value[1]]);
    expect((await get("Locations('lisbon:d0:air:s1')/Things")).value).toMatchObject([{ description: 'Rua da Prata' }]);
    expect(await statusOf("Locations('lisbon:d0:air:nobody')")).toBe(404);
    expect((await get("Things('lisbon:d1:air:s1')/Locations")).value).toEqual([]);
    const { value: things } = await get(
      `Things?${filter("properties/district eq 'd0'")}&$expand=Locations($select=location)`,
    );
    expect(things.map((one) => one['Locations'])).toEqual([
      [{ location: { ...place, coordinates: [-9, 38] } }],
      [{ location: place }],
      [],
      [],
      [],
      [],
    ]);
    const found = await get(
      `Locations?${filter("startswith(name, 's')")}&$orderby=name desc&$top=1&$skip=0&$count=true`,
    );
    expect(found).toMatchObject({ '@iot.count': 1, value: [{ name: 's1' }] });
    expect((await get('Locations?$orderby=name desc&$top=1')).value).toMatchObject([{ name: 's1' }]);
    expect((await get('HistoricalLocations')).value).toEqual([]);
  });

  it('units, titles, owners and places stand in things, datastreams, observed properties and features', async () => {
    expect(await get("Things('lisbon:d0:air:s1')")).toMatchObject({
      description: 'Rua da Prata',
      properties: { owner: 'city' },
    });
    expect(await get("Datastreams('lisbon:d0:air:s1:temp')")).toMatchObject({
      unitOfMeasurement: { name: 'Cel', symbol: 'Cel', definition: 'ucum:Cel' },
      observedArea: place,
    });
    expect(await get("Datastreams('porto:d1:air:s1:pm2.5')/unitOfMeasurement/symbol")).toEqual({ symbol: 'ug/m3' });
    expect(await get("ObservedProperties('pm2.5')")).toMatchObject({ description: 'Fine dust' });
    expect(await get("FeaturesOfInterest('lisbon:d0:air:s1')/feature")).toMatchObject({ feature: { geometry: place } });
  });
});

describe('resource-path-to-entities', () => {
  it('a set, an entity, a property, its value, what leads on, references', async () => {
    const stream = "Datastreams('lisbon:d0:air:s1:temp')";
    expect(await get(`${stream}/name`)).toEqual({ name: 'temp' });
    expect(await get(`${stream}/unitOfMeasurement`)).toEqual({
      unitOfMeasurement: { name: null, symbol: null, definition: null },
    });
    expect(await get("Things('lisbon:d0:air:s1')/properties/city")).toEqual({ city: 'lisbon' });
    expect(await (await api.request(`${ROOT}/${stream}/name/$value`)).text()).toBe('temp');
    expect(await statusOf(`${stream}/unitOfMeasurement/name`)).toBe(204);
    expect(await get(`${stream}/Thing`)).toMatchObject({ '@iot.id': 'lisbon:d0:air:s1' });
    expect(await get(`${stream}/ObservedProperty`)).toMatchObject({ '@iot.id': 'temp' });
    expect((await get(`${stream}/Observations`)).value).toHaveLength(HOURS);
    const hour = "Observations('lisbon:d0:air:s1:temp:2026-11-23T13')";
    expect(await get(`${stream}/${hour}/FeatureOfInterest/name`)).toEqual({ name: 's1' });
    expect(await get(`${hour}/Datastream/Thing`)).toMatchObject({ '@iot.id': 'lisbon:d0:air:s1' });
    expect(await (await api.request(`${ROOT}/${hour}/result/$value`)).text()).toMatch(/^\d+\.\d+$/);
    expect((await get("Things('lisbon:d0:air:s1')/Datastreams")).value).toHaveLength(2);
    expect((await get("ObservedProperties('temp')/Datastreams")).value).toHaveLength(12);
    expect((await get("FeaturesOfInterest('lisbon:d0:air:s1')/Observations")).value).toHaveLength(2 * HOURS);
    expect((await get("Things('lisbon:d0:air:s1')/Datastreams/$ref")).value).toEqual([
      { '@iot.selfLink': `http://localhost${ROOT}/Datastreams('lisbon:d0:air:s1:pm2.5')` },
      { '@iot.selfLink': `http://localhost${ROOT}/Datastreams('lisbon:d0:air:s1:temp')` },
    ]);
  });

  it('any name of a sensor is found by its id, also percent-encoded', async () => {
    for (const { '@iot.id': id, name } of await all('Things')) {
      expect(await get(`Things('${id}')/name`)).toEqual({ name });
      expect(await get(`Things(${encodeURIComponent(`'${id}'`)})/name`)).toEqual({ name });
    }
  });

  it('status-code: 404 for what is not there, or does not belong to the one before', async () => {
    for (const path of [
      'Nothing',
      'things',
      'Things(1)',
      "Things('lisbon:d0:air:nobody')",
      "Things('lisbon:d0:air:nobody')/Datastreams",
      "Things('lisbon:d0:air:s1')/Observations",
      "Things('lisbon:d0:air:s1')/Datastreams('porto:d0:air:s1:temp')",
      "Things('lisbon:d0:air:s1')/nothing",
      "Things('lisbon:d0:air:s1')/__proto__",
      "Things('lisbon:d0:air:s1')/properties/constructor",
      "Observations('lisbon:d0:air:s1:temp:2020-01-01T00')",
      'Things/Datastreams',
      'Things/$value',
    ])
      expect(await problemOf(path), path).toMatchObject({ status: 404 });
  });
});

describe('request-data', () => {
  it('top, skip, pagination: every entity once, in order', async () => {
    const whole = await get('Observations?$top=1000');
    const pages = await all('Observations?$top=97&$orderby=phenomenonTime desc');
    expect(pages).toHaveLength(whole.value.length);
    expect(new Set(pages.map((one) => one['@iot.id']))).toEqual(new Set(whole.value.map((one) => one['@iot.id'])));
    const times = pages.map((one) => String(one['phenomenonTime']));
    expect(times).toEqual(times.toSorted().toReversed());
    expect((await get('Things?$top=2&$skip=3')).value).toEqual((await get('Things')).value.slice(3, 5));
    expect(await get('Things?$top=0')).toEqual({ value: [] });
    expect((await get('Things?$top=12'))['@iot.nextLink']).toBeUndefined();
    expect((await get('Things?$top=999999')).value).toHaveLength(12);
  });

  it('count: all that match, whatever the page', async () => {
    expect(await get('Datastreams?$count=true&$top=1')).toMatchObject({ '@iot.count': 24 });
    const rows = await hourly();
    const wanted = rows.filter(({ city, mean }) => city === 'lisbon' && mean !== null && mean > 50).length;
    const path = `Observations?$count=true&$top=2&${filter("Datastream/Thing/properties/city eq 'lisbon' and result gt 50")}`;
    expect(await get(path)).toMatchObject({ '@iot.count': wanted });
    expect(wanted).toBeGreaterThan(2);
  });

  it('orderby: several properties, both directions, nulls last, also over open hours', async () => {
    const rows = await hourly();
    const { value } = await get('Observations?$top=1000&$orderby=result desc,phenomenonTime');
    const results = value.map(({ result }) => result as number | null);
    const known = results.filter((one) => one !== null);
    expect(results).toEqual([...known.toSorted((a, b) => b - a), ...results.filter((one) => one === null)]);
    expect(value).toHaveLength(rows.length);
    const names = (await get('Things?$orderby=name desc,properties/city asc')).value.map(({ name }) => String(name));
    expect(names).toEqual(names.toSorted().toReversed());
  });

  it('select: what is asked for, in entities and in expanded ones', async () => {
    expect(await get("Things('lisbon:d0:air:s1')?$select=id,name")).toEqual({
      '@iot.id': 'lisbon:d0:air:s1',
      name: 's1',
    });
    const { value } = await get('Observations?$top=1&$select=result,Datastream&$expand=Datastream($select=name)');
    expect(Object.keys(value[0] ?? {}).sort()).toEqual(['Datastream', 'result']);
    expect(value[0]?.['Datastream']).toEqual({ name: 'pm2.5' });
    expect(await problemOf('Things?$select=password')).toMatchObject({ status: 400 });
  });

  it('expand: over all levels, with options inside, in one question each', async () => {
    questions.length = 0;
    const { value } = await get(
      'Things?$top=12&$expand=Datastreams($select=name;$orderby=name desc;$expand=ObservedProperty($select=name),Observations($top=2;$orderby=phenomenonTime desc;$select=result,phenomenonTime)),Locations',
    );
    expect(questions).toHaveLength(5);
    expect(world.asked).toHaveLength(1);
    const rows = await hourly();
    for (const thing of value) {
      const { city, district, sensor } = thing['properties'] as HourlyRow;
      const streams = thing['Datastreams'] as Entity[];
      expect(streams.map(({ name }) => name)).toEqual(['temp', 'pm2.5']);
      expect(thing['Locations']).toEqual([]);
      for (const stream of streams) {
        expect(stream['ObservedProperty']).toEqual({ name: stream['name'] });
        const own = rows.filter(
          (row) =>
            row.city === city && row.district === district && row.sensor === sensor && row.metric === stream['name'],
        );
        expect((stream['Observations'] as Entity[]).map(({ result }) => result)).toEqual(
          own
            .toReversed()
            .slice(0, 2)
            .map(({ mean }) => mean),
        );
        const next = await get(String(stream['Observations@iot.nextLink']));
        expect(next.value.map(({ result }) => result)).toEqual(
          own
            .toReversed()
            .slice(2, 4)
            .map(({ mean }) => mean),
        );
      }
    }
  });

  it('expand: by path, and on one entity', async () => {
    const observation = await get<Entity>(
      "Observations('lisbon:d0:air:s1:temp:2026-11-23T13')?$expand=Datastream/Thing,Datastream/Sensor,FeatureOfInterest",
    );
    expect(observation).toMatchObject({
      Datastream: { '@iot.id': 'lisbon:d0:air:s1:temp', Thing: { name: 's1' }, Sensor: { name: 's1' } },
      FeatureOfInterest: { '@iot.id': 'lisbon:d0:air:s1' },
    });
  });

  it('query-status-code: 400 for an option that is unknown, wrong, double or out of place; 501 for what is not there yet', async () => {
    for (const [path, status] of [
      ['Things?$foo=1', 400],
      ['Things?top=1', 400],
      ['Things?$top=-1', 400],
      ['Things?$top=x', 400],
      ['Things?$top=1&$top=2', 400],
      ['Things?$skip=100000000', 400],
      ['Things?$count=yes', 400],
      ['Things?$expand=Observations', 400],
      ['Things?$expand=Datastreams(', 400],
      ['Things?$expand=Datastreams($top)', 400],
      ['Things?$orderby=', 400],
      ["Things('lisbon:d0:air:s1')?$top=1", 400],
      ["Things('lisbon:d0:air:s1')/name?$select=name", 400],
      ['Observations?$resultFormat=dataArray', 501],
      ['Things?$orderby=description', 501],
      ['FeaturesOfInterest?$expand=Observations', 501],
      ['Things?$expand=Datastreams($count=true)', 501],
      [`Things?${filter("st_within(location, geography'POINT (1 1)')")}`, 400],
      [`Things?${filter("Datastreams/name eq 'temp'")}`, 501],
      [`Things?${filter("substring(name, 1) eq 'x'")}`, 501],
      [`Observations?${filter('phenomenonTime gt 2026-11-23T00:00:00Z/2026-11-24T00:00:00Z')}`, 501],
      [`Observations?${filter("result gt 'warm'")}`, 400],
      [`Observations?${filter('result')}`, 400],
      [`Observations?${filter('result gt')}`, 400],
      [`Observations?${filter('phenomenonTime gt 5')}`, 400],
      [`Observations?${filter('result gt 1 or')}`, 400],
    ] as const)
      expect(await problemOf(path), path).toMatchObject({ status });
  });
});

describe('filter', () => {
  const isAt = (row: HourlyRow, from: string, to: string): boolean => row.hour >= from && row.hour < to;
  const cases: [string, (row: HourlyRow) => boolean][] = [
    ['result eq null', (row) => row.mean === null],
    ['result gt 20 and result le 1000.5', (row) => row.mean !== null && row.mean > 20 && row.mean <= 1000.5],
    ['not (result gt 20)', (row) => row.mean !== null && !(row.mean > 20)],
    ['10 lt result', (row) => row.mean !== null && row.mean > 10],
    ['parameters/count eq 2 or parameters/revision ge 1', (row) => row.count === 2 || row.revision >= 1],
    ['result add 5 mul 2 lt 30', (row) => row.mean !== null && row.mean + 10 < 30],
    ['floor(result) mod 2 eq 0', (row) => row.mean !== null && Math.floor(row.mean) % 2 === 0],
    [
      'round(result) eq ceiling(result)',
      (row) => (row.mean !== null && row.mean % 1 !== 0 ? (row.mean ?? 0) % 1 >= 0.5 : row.mean !== null),
    ],
    [
      'phenomenonTime ge 2026-11-23T00:00:00Z and phenomenonTime lt 2026-11-23T06:00:00Z',
      (row) => isAt(row, '2026-11-23T00', '2026-11-23T06'),
    ],
    ['phenomenonTime eq 2026-11-23T14:20:00+00:00', (row) => row.hour === '2026-11-23T14:00:00Z'],
    ['phenomenonTime gt 2026-11-23T12:00:00Z', (row) => row.hour >= '2026-11-23T13'],
    ['phenomenonTime ne 2026-11-23T12:30:00+01:00', (row) => row.hour !== '2026-11-23T11:00:00Z'],
    ['resultTime ge 2026-11-23T14:00:00Z', (row) => row.hour >= '2026-11-23T13'],
    ['resultTime eq 2026-11-23T14:00:00Z', (row) => row.hour === '2026-11-23T13:00:00Z'],
    ['resultTime eq 2026-11-23T14:00:01Z', () => false],
    ['hour(phenomenonTime) ge 13 and day(phenomenonTime) eq 23', (row) => row.hour >= '2026-11-23T13'],
    ['phenomenonTime lt now()', (row) => row.hour < '2026-11-23T14'],
    ["Datastream/Thing/name eq 'o''hara'", (row) => row.sensor === "o'hara"],
    [
      "Datastream/ObservedProperty/name eq 'temp' and Datastream/properties/city eq 'porto'",
      (row) => row.metric === 'temp' && row.city === 'porto',
    ],
    [
      "startswith(Datastream/Thing/name, 'urn:') and endswith(Datastream/Thing/name, 'ü')",
      (row) => row.sensor.startsWith('urn:'),
    ],
    ["substringof('hara', Datastream/Thing/name)", (row) => row.sensor.includes('hara')],
    ["contains(Datastream/Thing/name, '/') eq true", (row) => row.sensor.includes('/')],
    [
      "length(Datastream/Thing/name) eq 14 and indexof(Datastream/Thing/name, 'ü') eq 13",
      (row) => row.sensor.endsWith('ü'),
    ],
    ["toupper(Datastream/Thing/name) eq 'S1'", (row) => row.sensor === 's1'],
    [
      "concat(Datastream/name, Datastream/Thing/name) eq 'temps1'",
      (row) => row.metric === 'temp' && row.sensor === 's1',
    ],
    [
      "Datastream/@iot.id eq 'lisbon:d0:air:s1:temp'",
      (row) => row.city === 'lisbon' && row.district === 'd0' && row.sensor === 's1' && row.metric === 'temp',
    ],
    [
      "@iot.id eq 'lisbon:d0:air:s1:temp:2026-11-23T14'",
      (row) =>
        row.city === 'lisbon' &&
        row.district === 'd0' &&
        row.sensor === 's1' &&
        row.metric === 'temp' &&
        row.hour === '2026-11-23T14:00:00Z',
    ],
    [
      "Datastream/Thing/id ne 'lisbon:d0:air:s1'",
      (row) => !(row.city === 'lisbon' && row.district === 'd0' && row.sensor === 's1'),
    ],
    ["id eq 'nonsense'", () => false],
    ["Datastream/Thing/properties/city eq 'lisbon' and Datastream/Thing/properties/city eq 'porto'", () => false],
  ];
  it.each(cases)('%s', async (text, wants) => {
    const rows = await hourly();
    const found = await all(`Observations?$top=1000&${filter(text)}`);
    expect(found.map((one) => [one['result'], one['phenomenonTime']])).toEqual(
      rows.filter(wants).map((row) => [row.mean, expect.stringMatching(`^${row.hour}/`)]),
    );
  });

  it('works on things, datastreams and observed properties', async () => {
    expect(await all(`Things?${filter("properties/city eq 'lisbon' and not startswith(name, 's')")}`)).toHaveLength(4);
    expect(await all(`Datastreams?${filter("Thing/name eq 's1' and ObservedProperty/id eq 'temp'")}`)).toHaveLength(4);
    expect(await all(`ObservedProperties?${filter("name ne 'temp'")}`)).toMatchObject([{ name: 'pm2.5' }]);
    expect(await all(`Things('lisbon:d0:air:s1')/Datastreams?${filter("substringof('pm', name)")}`)).toHaveLength(1);
    expect(
      (await get(`Things?$top=1&$expand=Datastreams(${filter("name eq 'temp'")})`)).value[0]?.['Datastreams'],
    ).toHaveLength(1);
  });

  it('asks the workers only for what it is about, and not at all for final hours', async () => {
    await get(`Observations?${filter('phenomenonTime lt 2026-11-23T14:00:00Z')}`);
    expect(world.asked).toEqual([]);
    await get(
      `Observations?${filter("Datastream/Thing/properties/city eq 'lisbon' and phenomenonTime gt 2026-11-20")}`,
    );
    expect(world.asked).toMatchObject([{ city: 'lisbon', fromHour: OPEN }]);
  });
});

describe('hostile input', () => {
  it('never becomes SQL: it is found as a value, or refused', async () => {
    for (const text of [
      "' OR 1=1 --",
      "') UNION ALL SELECT name FROM system.tables --",
      '{p0:String}',
      '\\',
      "\\' OR 1=1 --",
      '%00',
      '\t\n',
    ]) {
      const quoted = `'${text.replaceAll("'", "''")}'`;
      for (const path of [
        `Things?${filter(`name eq ${quoted}`)}`,
        `Things?${filter(`startswith(properties/city, ${quoted})`)}`,
        `Things?${filter(`@iot.id eq ${quoted}`)}`,
        `Observations?${filter(`Datastream/name eq ${quoted}`)}`,
      ])
        expect(await get(path), path).toEqual({ value: [] });
      for (const path of [
        `Things?$orderby=${encodeURIComponent(text)}`,
        `Things?${filter(text)}`,
        `Things?${filter(`name eq ${text}`)}`,
      ])
        expect([400, 501], path).toContain(await statusOf(path));
    }
    expect(world.errors).toEqual([]);
    expect((await get('Things')).value).toHaveLength(12);
  });

  it('that is deep, long or wide is refused before anything is read', async () => {
    questions.length = 0;
    for (const path of [
      `Things?${filter(`${'('.repeat(40)}name eq 'a'${')'.repeat(40)}`)}`,
      `Things?${filter(Array.from({ length: 40 }, () => 'not').join(' '))}`,
      `Things?${filter(Array.from({ length: 200 }, () => "name eq 'a'").join(' or '))}`,
      `Things?${filter(`name eq '${'a'.repeat(9_000)}'`)}`,
      'Things?$expand=Datastreams/Thing/Datastreams/Thing/Datastreams',
      "Datastreams('lisbon:d0:air:s1:temp')/Thing/Datastreams/x/x/x/x/x/x",
    ])
      expect(await problemOf(path), path.slice(0, 80)).toMatchObject({ status: 400 });
    expect(questions).toEqual([]);
    expect(await problemOf('Datastreams?$expand=Observations($top=1000)')).toMatchObject({
      status: 400,
      detail: expect.stringContaining('20000 entities') as string,
    });
  });

  it('of workers that do not answer is a 503 that says what can be read', async () => {
    world.onAsk = () => Promise.reject(new WorkersUnavailable([1]));
    expect(await problemOf('Observations')).toMatchObject({ status: 503 });
    expect(await statusOf(`Observations?${filter('phenomenonTime lt 2026-11-23T14:00:00Z')}`)).toBe(200);
  });

  it('meets errors that leak nothing', async () => {
    world.onAsk = () => Promise.reject(new Error('secret password of the database'));
    const problem = await problemOf('Observations');
    expect(problem).toMatchObject({
      status: 500,
      detail: expect.stringContaining('its log has the details as') as string,
    });
  });
});
