/** What caches may do with answers, over a real database. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkedApi, depsOf, FINAL_THROUGH, World, type CheckedApi } from '../../../test/support/api.ts';
import { fact, insertFacts, startTestDatabase, type TestDatabase } from '../../../test/support/clickhouse.ts';
import { ANSWER_AGE_MS_MAX, ANSWER_AT_ONCE_BYTES_MAX, REVISION_AGE_S, SETTLED_AGE_MS } from '../../model/limits.ts';
import { SCOPES } from '../../model/scopes.ts';
import { OPEN_DOORS } from '../doors/doors.ts';
import type { ApiDeps } from '../ports.ts';
import type { AnswerOutcome } from './answer-cache.ts';

const FINAL_HOUR = FINAL_THROUGH / 3_600_000 - 2;
const TO = new Date(FINAL_THROUGH).toISOString();
const FINAL = `/v1/hourly?city=lisbon&to=${TO}`;
const ROLLUP = `/v1/cities/lisbon/temp/hourly?to=${TO}`;
const OPEN = '/v1/hourly?city=lisbon';

let database: TestDatabase;
let world: World;
let nowMs: number;
let version: number;
let outcomes: AnswerOutcome[];
let deps: ApiDeps;
let api: CheckedApi;
beforeAll(async () => {
  database = await startTestDatabase();
}, 60_000);
afterAll(() => database.stop());
beforeEach(async () => {
  await database.empty();
  await insertFacts(database.client, [fact({ hour: FINAL_HOUR, count: 1, sum: 1 })]);
  world = new World();
  [nowMs, version, outcomes] = [0, 0, []];
  const own = depsOf(world, database);
  deps = {
    ...own,
    clock: { ...own.clock, monotonicMs: () => nowMs },
    dataVersion: () => version,
    onAnswer: (outcome) => outcomes.push(outcome),
  };
  api = await checkedApi(deps);
});

/** A late reading's block, as a worker writes it; its confirmation is the version. */
const correct = (): Promise<void> =>
  insertFacts(database.client, [fact({ hour: FINAL_HOUR, count: 1, sum: 3, block: 9, revised: 1 })]);
const headersOf = async (path: string, headers: Record<string, string> = {}): Promise<Headers> =>
  (await api.request(path, { headers })).headers;
const countOf = async (path: string): Promise<unknown> => (await api.get(path)).data[0]?.['count'];

describe('validators', () => {
  it.each([FINAL, ROLLUP, OPEN, '/v1/cities'])(
    '%s: an ETag that changes with the figures and only then',
    async (path) => {
      const first = (await headersOf(path)).get('ETag') ?? '';
      expect(first).toMatch(/^"[\w-]{22}"$/);
      for (const known of [first, `W/${first}`, `"other", ${first}`, '*']) {
        const same = await api.request(path, { headers: { 'If-None-Match': known } });
        expect([same.status, await same.text(), same.headers.get('ETag')]).toEqual([304, '', first]);
      }
      await insertFacts(database.client, [fact({ hour: FINAL_HOUR, city: 'lisbon', sensor: 'another', block: 9 })]);
      await insertFacts(database.client, [fact({ hour: FINAL_HOUR, city: 'porto', block: 10 })]);
      version++;
      const changed = await api.request(path, { headers: { 'If-None-Match': first } });
      expect(changed.status).toBe(200);
      expect(changed.headers.get('ETag')).not.toBe(first);
    },
  );

  it('is the same in another process, and for parameters in another order', async () => {
    const other = await checkedApi(deps);
    const path = `/v1/hourly?to=${TO}&city=lisbon`;
    expect((await other.request(path)).headers.get('ETag')).toBe((await headersOf(FINAL)).get('ETag'));
  });

  it('is weak once the answer is compressed, and still compares', async () => {
    const sensors = Array.from({ length: 100 }, (_, at) =>
      fact({ hour: FINAL_HOUR, sensor: `s${String(at)}`, block: 9 }),
    );
    await insertFacts(database.client, sensors);
    const answer = await api.app.request(FINAL, { headers: { 'Accept-Encoding': 'gzip' } });
    expect(answer.headers.get('Content-Encoding')).toBe('gzip');
    const tag = answer.headers.get('ETag') ?? '';
    expect(tag).toMatch(/^W\//);
    expect((await api.request(FINAL, { headers: { 'If-None-Match': tag } })).status).toBe(304);
    const lines = await api.app.request(FINAL, {
      headers: { Accept: 'application/x-ndjson', 'Accept-Encoding': 'gzip' },
    });
    expect(lines.headers.get('Content-Encoding')).toBe('gzip');
  });
});

describe('ages', () => {
  it('final hours are revalidated, open ones live for seconds, the rest is not stored', async () => {
    expect((await headersOf(FINAL)).get('Cache-Control')).toBe('public, no-cache');
    expect((await headersOf(ROLLUP)).get('Cache-Control')).toBe('public, no-cache');
    expect((await headersOf(OPEN)).get('Cache-Control')).toMatch(/^public, max-age=[1-5]$/);
    expect((await headersOf('/v1/cities')).get('Cache-Control')).toMatch(/^public, max-age=[1-5]$/);
    expect((await headersOf(FINAL, { Accept: 'text/csv' })).get('Cache-Control')).toBe('public, no-cache');
    expect((await headersOf(OPEN, { Accept: 'text/csv' })).get('Cache-Control')).toMatch(/max-age=[1-5]$/);
    for (const path of ['/v1/ledger', '/v1/admin/pool', '/v1/hourly?nothing=1'])
      expect((await headersOf(path)).get('Cache-Control')).toBe('no-store');
  });

  it('where reading needs a key, no shared cache may keep an answer', async () => {
    const closed = await checkedApi({ ...deps, doors: { ...OPEN_DOORS, anonymous: new Set() } });
    expect((await closed.request(FINAL)).headers.get('Cache-Control')).toBe('no-store');
    const key = { name: 'a', scopes: new Set(SCOPES), sha256: Buffer.alloc(32), place: null };
    const doors = { ...OPEN_DOORS, anonymous: new Set<never>(), keys: { find: () => Promise.resolve(key) } };
    const keyed = await checkedApi({ ...deps, doors });
    const answer = await keyed.request(FINAL, { headers: { 'X-API-Key': 'k' } });
    expect(answer.headers.get('Cache-Control')).toBe('private, no-cache');
    expect(answer.headers.get('Vary')).toContain('Authorization, X-API-Key');
  });
});

describe('revisions', () => {
  it('name one content for a year, and nothing once it is corrected', async () => {
    const revision = (await headersOf(FINAL)).get('Hourglass-Revision') ?? '';
    const named = `${FINAL}&revision=${revision}`;
    const answer = await api.request(named);
    expect([answer.status, answer.headers.get('Cache-Control')]).toEqual([
      200,
      `public, max-age=${String(REVISION_AGE_S)}, immutable`,
    ]);
    expect(await answer.text()).toBe(await (await api.request(FINAL)).text());

    await correct();
    version++;
    const superseded = await api.request(named);
    expect([superseded.status, superseded.headers.get('Cache-Control')]).toEqual([404, 'no-store']);
    const link = /^<(.+)>; rel="latest-version"$/.exec(superseded.headers.get('Link') ?? '')?.[1] ?? '';
    const latest = await api.get(link);
    expect(latest.data[0]).toMatchObject({ count: 2, sum: 4, revision: 1 });
  });

  it('are of final hours only', async () => {
    const open = await headersOf(OPEN);
    expect(open.get('Hourglass-Revision')).toBeNull();
    const revision = (open.get('ETag') ?? '').replaceAll('"', '');
    expect((await api.request(`${OPEN}&revision=${revision}`)).status).toBe(404);
    expect((await api.request(`${FINAL}&revision=short`)).status).toBe(400);
    expect((await api.request(`${FINAL}&revision=${revision}`, { headers: { Accept: 'text/csv' } })).status).toBe(406);
  });
});

describe('answers that are kept', () => {
  it('final hours are read once while nothing changes; a confirmed correction is seen at once', async () => {
    expect([await countOf(FINAL), await countOf(FINAL), await countOf(ROLLUP), await countOf(ROLLUP)]).toEqual([
      1, 1, 1, 1,
    ]);
    expect(outcomes).toEqual(['read', 'kept', 'read', 'kept']);
    await correct();
    version++;
    expect([await countOf(FINAL), await countOf(ROLLUP)]).toEqual([2, 2]);
  });

  it('a long answer is kept when its question is asked again, and stays one that is', async () => {
    const rows = Math.ceil(ANSWER_AT_ONCE_BYTES_MAX / 100);
    const sensors = Array.from({ length: rows }, (_, at) =>
      fact({ hour: FINAL_HOUR, sensor: `s${String(at)}`, block: 9 }),
    );
    await insertFacts(database.client, sensors);
    const asked = async (path: string): Promise<AnswerOutcome | undefined> => {
      expect((await api.request(path)).status).toBe(200);
      return outcomes.at(-1);
    };
    expect([await asked(FINAL), await asked(`${FINAL}&limit=5`), await asked(FINAL), await asked(FINAL)]).toEqual([
      'read',
      'read',
      'read',
      'kept',
    ]);
    version++;
    expect([await asked(FINAL), await asked(FINAL)]).toEqual(['read', 'kept']);
  });

  it('a correction that no watch has told of is seen after the named bound at the latest', async () => {
    expect(await countOf(FINAL)).toBe(1);
    await correct();
    nowMs += ANSWER_AGE_MS_MAX - 1;
    expect(await countOf(FINAL)).toBe(1);
    nowMs += 1;
    expect(await countOf(FINAL)).toBe(2);
  });

  it('while no rows are on their way to the tables, hours of sensors are given again for longer, with the headers of now', async () => {
    let settled = true;
    const settling = await checkedApi({ ...deps, tablesAreSettled: () => settled });
    const asked = async (path: string): Promise<AnswerOutcome | undefined> => {
      await settling.get(path);
      return outcomes.at(-1);
    };
    expect(await asked(FINAL)).toBe('read');
    expect(await asked(ROLLUP)).toBe('read');
    nowMs += SETTLED_AGE_MS - 1;
    world.finalThroughMs += 3_600_000;
    expect(await asked(FINAL)).toBe('kept');
    const { headers } = await settling.request(FINAL);
    expect(headers.get('Hourglass-Final-Through')).toBe(new Date(FINAL_THROUGH + 3_600_000).toISOString());
    // Of figures that are kept themselves.
    expect(await asked(ROLLUP)).toBe('read');
    nowMs += 1;
    expect(await asked(FINAL)).toBe('read');
    // A block is sealed, and read while it is on its way.
    version++;
    settled = false;
    expect(await asked(FINAL)).toBe('read');
    settled = true;
    nowMs += ANSWER_AGE_MS_MAX;
    expect(await asked(FINAL)).toBe('read');
  });

  it('open hours are read each time', async () => {
    await countOf(OPEN);
    await countOf(OPEN);
    expect(outcomes).toEqual(['read', 'read']);
  });

  it('after a flush everything is read anew', async () => {
    expect(await countOf(FINAL)).toBe(1);
    await correct();
    expect((await api.request('/v1/admin/flush', { method: 'POST' })).status).toBe(200);
    expect(await countOf(FINAL)).toBe(2);
  });

  it('the same question at the same time is asked once, and each answer is whole', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.get(OPEN)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(world.asked).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'joined')).toHaveLength(19);
  });

  it('an answer that was being read while a block was confirmed is not given again', async () => {
    world.onAsk = () => {
      version++;
      return Promise.resolve();
    };
    const soonFinal = `/v1/hourly?city=lisbon&to=${new Date(FINAL_THROUGH + 3_600_000).toISOString()}`;
    await countOf(soonFinal);
    world.finalThroughMs += 3_600_000;
    await countOf(soonFinal);
    expect(outcomes).toEqual(['read', 'read']);
  });

  it('an error is told to all who asked, and kept for nobody', async () => {
    world.onAsk = () => Promise.reject(new Error('secret'));
    const answers = await Promise.all([api.request(OPEN), api.request(OPEN)]);
    expect(answers.map(({ status }) => status)).toEqual([500, 500]);
    world.onAsk = () => Promise.resolve();
    expect((await api.request(OPEN)).status).toBe(200);
  });
});
