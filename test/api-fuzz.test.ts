/**
 * Requests made from /openapi.json, good and hostile ones, over a real database: no answer is a 5xx, every answer is as the
 * document says, nothing of our insides shows, and the tables stay as they were.
 *
 * A failure prints the seed and the request that fast-check shrank it to.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newKey, parseKeys, findKey } from '../src/api/doors/api-keys.ts';
import { OPEN_DOORS } from '../src/api/doors/doors.ts';
import { SCOPES } from '../src/model/scopes.ts';
import { checkedApi, depsOf, FINAL_THROUGH, World, type CheckedApi } from './support/api.ts';
import { fact, insertFacts, startTestDatabase, type TestDatabase } from './support/clickhouse.ts';
import { behind } from './support/doors.ts';

const RUNS_PER_OPERATION = 40;
const FINAL_HOUR = FINAL_THROUGH / 3_600_000 - 1;

interface Schema {
  type?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  enum?: unknown[];
  example?: unknown;
}
interface Operation {
  method: string;
  path: string;
  parameters: { name: string; in: string; required?: boolean; schema: Schema }[];
  bodyTypes: string[];
  answerTypes: string[];
}

const operations = await readOperations();
const { key, line } = newKey('fuzz', SCOPES, null);
const keys = parseKeys(line).keys;

let database: TestDatabase;
let api: CheckedApi;
let world: World;
beforeAll(async () => {
  database = await startTestDatabase();
  await insertFacts(database.client, [
    fact({ hour: FINAL_HOUR }),
    fact({ hour: FINAL_HOUR, sensor: INJECTIONS[0] ?? '' }),
    fact({ hour: FINAL_HOUR + 1, sensor: 'open' }),
  ]);
}, 60_000);
afterAll(() => database.stop());
/** Made anew, so that wrong keys do not add up to more than an address may try. */
beforeEach(async () => {
  world = new World();
  const doors = {
    ...OPEN_DOORS,
    anonymous: new Set<never>(),
    keys: { find: async (secret: string) => findKey(keys, secret) },
  };
  api = await checkedApi({ ...depsOf(world, database), doors });
});

const INJECTIONS = [
  "x' OR '1'='1",
  "'; DROP TABLE hourglass.hourly_facts; --",
  "\\' OR 1=1 --",
  '{city:String}',
  "') UNION ALL SELECT name FROM system.tables --",
  '${7*7}{{7*7}}',
  '../../etc/passwd',
  '%00',
  '\u0000',
  '<script>alert(1)</script>',
  '\r\nX-Injected: yes',
  '𐀀\u202E',
  '9'.repeat(400),
  'a'.repeat(5_000),
  '-1',
  '1e999',
  'NaN',
  '0x10',
  '2026-13-45',
  '0000-01-01',
  '9999-12-31T23:59:59.999999999Z',
  '1970-01-01T00:00:00+14:00',
];
const hostile = fc.oneof(fc.constantFrom(...INJECTIONS), fc.string({ maxLength: 40 }), fc.string({ unit: 'grapheme' }));

function valueOf({ type, pattern, minimum = 0, maximum = 1_000, enum: words, example }: Schema): fc.Arbitrary<string> {
  if (words !== undefined) return fc.constantFrom(...words.map(String));
  if (type === 'integer') return fc.integer({ min: minimum, max: maximum }).map(String);
  const known = typeof example === 'string' ? [fc.constant(example)] : [];
  const shaped = pattern === undefined ? fc.string({ maxLength: 20 }) : fc.stringMatching(new RegExp(pattern));
  return fc.oneof(shaped, ...known);
}

const time = fc
  .date({ min: new Date(0), max: new Date('2105-01-01'), noInvalidDate: true })
  .map((at) => at.toISOString());

interface Wanted {
  path: string;
  init: { method: string; headers: Record<string, string>; body?: string | Uint8Array<ArrayBuffer> };
}

function requestOf({ method, path, parameters, bodyTypes, answerTypes }: Operation): fc.Arbitrary<Wanted> {
  const given = fc.tuple(
    ...parameters.map(({ name, in: place, required, schema }) => {
      const isTime = name === 'from' || name === 'to';
      const good = isTime ? time : valueOf(schema);
      const value = fc.oneof({ weight: 3, arbitrary: good }, { weight: 1, arbitrary: hostile });
      const maybe = required === true || place === 'path' ? value : fc.option(value, { nil: undefined });
      return maybe.map((text) => ({ name, place, text }));
    }),
  );
  const body =
    bodyTypes.length === 0
      ? fc.constant(undefined)
      : fc.oneof(
          fc.json(),
          fc.constant('[{"n":"s/m","v":1}]'),
          fc.constant('{"workers":3}'),
          fc.uint8Array({ maxLength: 200 }).map((bytes) => Uint8Array.from(bytes)),
        );
  return fc
    .record({
      given,
      body,
      more: fc.option(hostile, { nil: undefined, freq: 8 }),
      accept: fc.option(fc.constantFrom(...answerTypes, 'text/*', '*/*;q=0.1', 'image/png', ';;'), { nil: undefined }),
      type: fc.option(fc.constantFrom(...bodyTypes, 'text/plain'), { nil: undefined }),
      credential: fc.oneof(
        { weight: 8, arbitrary: fc.constant(key) },
        { weight: 1, arbitrary: fc.constant('wrong') },
        { weight: 1, arbitrary: fc.constant(null) },
      ),
      known: fc.option(fc.constantFrom('*', '"x"', ',,"', 'W/'), { nil: undefined }),
    })
    .map(({ given: values, body: content, more, accept, type, credential, known }) => {
      const query = new URLSearchParams();
      const headers: Record<string, string> = {};
      let at = path;
      for (const { name, place, text } of values) {
        if (text === undefined) continue;
        if (place === 'path') at = at.replace(`{${name}}`, encodeURIComponent(text));
        else if (place === 'query') query.set(name, text);
        else headers[name] = text.replaceAll(/[^\x21-\x7e]/g, '?');
      }
      if (more !== undefined) query.set(more, more);
      if (accept !== undefined) headers['Accept'] = accept;
      if (type !== undefined) headers['Content-Type'] = type;
      if (credential !== null) headers['X-API-Key'] = credential;
      if (known !== undefined) headers['If-None-Match'] = known;
      const init = { method, headers, ...(content === undefined ? {} : { body: content }) };
      return { path: query.size === 0 ? at : `${at}?${query.toString()}`, init };
    });
}

/** None of it can come from the caller: no hostile value has these words. */
const INSIDES = /ClickHouse|DB::|FROM hourglass|toDateTime|node_modules|\.[jt]s:\d|\\n +at |ECONN/;

describe('requests made from /openapi.json', () => {
  it.each(operations.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    '%s: no 5xx, every answer as the document says, nothing of our insides',
    async (_, operation) => {
      await fc.assert(
        fc.asyncProperty(requestOf(operation), async ({ path, init }) => {
          world.errors.length = 0;
          const answer = await api.request(path, init);
          const text = await textOf(answer);
          expect(answer.status, text).toBeLessThan(500);
          expect(answer.status, text).not.toBe(429);
          expect(answer.headers.get('X-Injected')).toBeNull();
          if (!answer.ok) expect(text).not.toMatch(INSIDES);
          expect(world.errors).toEqual([]);
        }),
        { numRuns: RUNS_PER_OPERATION },
      );
    },
    120_000,
  );

  it('the tables are as they were', async () => {
    const answer = await api.request('/v1/hourly?city=lisbon', { headers: { 'X-API-Key': key } });
    const text = await answer.text();
    expect(answer.status, text).toBe(200);
    expect((JSON.parse(text) as { data: unknown[] }).data).toHaveLength(3);
  });
});

describe('what looks like SQL is a value', () => {
  it.each(INJECTIONS.filter((text) => text.length < 200 && !text.includes('\u0000')))(
    '%j finds the sensor of that name, or none',
    async (text) => {
      const answer = await api.request(`/v1/hourly?sensor=${encodeURIComponent(text)}`, {
        headers: { 'X-API-Key': key },
      });
      if (answer.status === 400) return expect(text).toMatch(/[\r\n]/);
      const { data } = (await answer.json()) as { data: { sensor: string }[] };
      expect(data.map(({ sensor }) => sensor)).toEqual(text === INJECTIONS[0] ? [text] : []);
    },
  );
});

/** A stream of events has no end. */
async function textOf(answer: Response): Promise<string> {
  if (answer.headers.get('Content-Type') !== 'text/event-stream') return await answer.text();
  await answer.body?.cancel();
  return '';
}

async function readOperations(): Promise<Operation[]> {
  const { document } = await behind({});
  const paths = document.paths as unknown as Record<string, Record<string, RawOperation>>;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody, responses }]) => ({
      method: method.toUpperCase(),
      path,
      parameters,
      bodyTypes: Object.keys(requestBody?.content ?? {}),
      answerTypes: Object.values(responses).flatMap(({ content }) => Object.keys(content ?? {})),
    })),
  );
}

interface RawOperation {
  parameters?: Operation['parameters'];
  requestBody?: { content: Record<string, object> };
  responses: Record<string, { content?: Record<string, object> }>;
}
