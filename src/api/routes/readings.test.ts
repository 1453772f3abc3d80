/**
 * `POST /v1/readings` over a socket: there the framework's request is not the one that tests of routes make.
 */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { depsBehind, INGEST } from '../../../test/support/doors.ts';
import type { Published } from '../../../test/support/api.ts';
import { MESSAGE_BYTES_MAX } from '../../model/limits.ts';
import { createApp } from '../app.ts';
import { type ApiServer, startApi } from '../server.ts';

const ONE = '[{"n":"s/temp","v":21.5}]';
const QUOTA_A_SECOND = 1_000;

const published: Published[] = [];
let server: ApiServer;
beforeAll(async () => {
  const deps = depsBehind({ anonymous: new Set(['ingest']), requestsPerSecondMax: QUOTA_A_SECOND });
  const app = createApp({
    ...deps,
    publish: (subject, payload, headers) => {
      published.push({ subject, payload, headers });
      return Promise.resolve({ sequence: published.length, duplicate: false });
    },
  });
  server = await startApi(app, { host: '127.0.0.1', port: 0 });
});
afterAll(() => server.close());
beforeEach(() => {
  published.length = 0;
});

function post(path: string, init: RequestInit & { duplex?: 'half' }): Promise<Response> {
  return fetch(`${server.url}${path}`, { method: 'POST', ...init });
}

/** A body in pieces whose length is not said. */
function pieces(...texts: string[]): ReadableStream<Uint8Array> {
  return new Response(new Blob(texts)).body!;
}

it.each([
  ['whole', () => ({ body: ONE })],
  ['in pieces', () => ({ body: pieces(ONE.slice(0, 5), ONE.slice(5)), duplex: 'half' as const })],
])('a message that comes %s is published as it came, and answered', async (_, init) => {
  const headers = { 'Content-Type': 'application/json', 'Nats-Msg-Id': 'an id', 'Hourglass-Seq': 'boot:7' };
  const response = await post(INGEST.replace('gateway-7', 'gateway%2D7'), { ...init(), headers });
  expect(response.status).toBe(202);
  expect(await response.clone().json()).toEqual({ sequence: 1, duplicate: false, accepted: 1, rejected: [] });
  const said = (name: string): string | null => response.headers.get(name);
  expect(said('Content-Type')).toBe('application/json');
  expect(said('Content-Length')).toBe(String((await response.text()).length));
  expect(said('Cache-Control')).toBe('no-store');
  expect(said('X-Content-Type-Options')).toBe('nosniff');
  expect(said('RateLimit')).toMatch(/^"requests";r=\d+;t=\d+$/);
  expect(
    published.map(({ subject, payload, headers: kept }) => [subject, Buffer.from(payload).toString(), kept]),
  ).toEqual([['sensors.lisbon.alfama.air.gateway-7', ONE, headers]]);
});

it('a long answer is compressed for whoever takes that, a short one is not', async () => {
  const records = ['"v":1,"t":500000000', '"vs":"warm"', '"v":1,"t":9000000000'].flatMap((members) =>
    Array.from({ length: 150 }, () => `{"n":"temp",${members}}`),
  );
  const headers = { 'Content-Type': 'application/json' };
  const long = await post(INGEST, { headers, body: `[{"n":"temp","v":1},${records.join(',')}]` });
  expect([long.status, long.headers.get('Content-Encoding')]).toEqual([202, 'gzip']);
  const { rejected } = (await long.json()) as { rejected: { count: number; indexes: number[] }[] };
  expect(rejected.map(({ count, indexes }) => [count, indexes.length])).toEqual([
    [150, 100],
    [150, 100],
    [150, 100],
  ]);
  const short = await post(INGEST, { headers, body: ONE });
  expect(short.headers.get('Content-Encoding')).toBeNull();
});

it.each([
  ['a district with a space', '/v1/readings/lisbon/al%20fama/air/gw', {}, 'district'],
  ['a district that is too long', `/v1/readings/lisbon/${'a'.repeat(65)}/air/gw`, {}, 'district'],
  ['a query', `${INGEST}?colour=red`, {}, 'colour'],
  ['a number without a session', INGEST, { 'Hourglass-Seq': 'boot' }, 'hourglass-seq'],
  ['an id that is too long', INGEST, { 'Nats-Msg-Id': 'x'.repeat(1_000) }, 'nats-msg-id'],
])('%s is a 400 that names the part', async (_, path, headers, part) => {
  const response = await post(path, { body: ONE, headers });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ errors: [{ path: part }] });
  expect(published).toEqual([]);
});

it('a body that is too large is a 413: by what it says of itself, before it comes, or by what comes', async () => {
  const said = request(`${server.url}${INGEST}`, {
    method: 'POST',
    headers: { 'Content-Length': String(MESSAGE_BYTES_MAX + 1) },
  });
  said.on('error', () => undefined);
  said.flushHeaders();
  const [answer] = (await once(said, 'response')) as [IncomingMessage];
  expect(answer.statusCode).toBe(413);
  expect(await json(answer)).toMatchObject({ detail: expect.stringContaining(String(MESSAGE_BYTES_MAX)) as string });
  said.destroy();
  const body = pieces(...Array.from({ length: 9 }, () => ' '.repeat(1024 * 1024)));
  expect((await post(INGEST, { body, duplex: 'half' })).status).toBe(413);
  expect(published).toEqual([]);
});
