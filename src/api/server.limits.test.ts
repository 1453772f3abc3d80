/** Connections that mean no good: slow, too many, or saying two things at once. On real sockets. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { get } from 'node:http';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../test/support/until.ts';
import {
  API_CONNECTIONS_PER_ADDRESS_MAX,
  HEADER_BYTES_MAX,
  REQUEST_HEADERS_MS_MAX,
  SLOW_CONNECTIONS_LOOK_MS,
} from '../model/limits.ts';
import { startApi, type ApiServer } from './server.ts';

const HOST = '127.0.0.1';
/** Another address of this machine: what it does must not touch who comes from HOST. */
const OTHER = '127.0.0.2';
const SLOW_CLIENTS = 10_000;
const BATCH = 250;

let server: ApiServer;
const seen: string[] = [];
beforeAll(async () => {
  const app = new Hono().all('*', (c) => {
    seen.push(c.req.path);
    return c.text('here');
  });
  server = await startApi(app, { host: HOST, port: 0 });
});
afterAll(() => server.close());

/** Writes bytes as they are; all that comes back until the server closes. */
async function raw(text: string): Promise<string> {
  const socket = connect(server.port, HOST);
  let answer = '';
  socket.on('data', (bytes) => (answer += String(bytes)));
  socket.on('error', () => undefined);
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

describe('a request that says two things at once', () => {
  const inner = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
  it.each([
    ['two lengths', `Content-Length: 0\r\nContent-Length: ${String(inner.length)}\r\n`],
    ['a length and chunks', `Content-Length: ${String(inner.length)}\r\nTransfer-Encoding: chunked\r\n`],
    ['chunks that are none', 'Transfer-Encoding: chunked, identity\r\n'],
    ['a header with a space before its colon', 'Transfer-Encoding : chunked\r\n'],
    ['a folded header', 'X: y\r\n Transfer-Encoding: chunked\r\n'],
    ['a header with a line feed alone', 'X: y\nTransfer-Encoding: chunked\r\n'],
    ['a length that is none', 'Content-Length: +4\r\n'],
  ])('%s is refused, and what follows is not read as a request', async (_, header) => {
    const answer = await raw(`POST /outer HTTP/1.1\r\nHost: x\r\n${header}\r\n${inner}`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(seen).not.toContain('/smuggled');
  });

  it('headers have a bound', async () => {
    const answer = await raw(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(HEADER_BYTES_MAX)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });
});

it('10,000 slow clients of one address get no more than its share, others are served meanwhile, and all are cut', async () => {
  let closed = 0;
  const open = async (): Promise<Socket> => {
    const socket = connect({ port: server.port, host: HOST, localAddress: OTHER });
    socket.on('error', () => undefined);
    socket.once('close', () => closed++);
    socket.resume();
    await once(socket, 'connect');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n');
    return socket;
  };
  const slow: Socket[] = [];
  // In batches that the system's queue of new connections takes: it is not what is tested here.
  while (slow.length < SLOW_CLIENTS) slow.push(...(await Promise.all(Array.from({ length: BATCH }, open))));
  const refused = SLOW_CLIENTS - API_CONNECTIONS_PER_ADDRESS_MAX;
  await until('what is beyond the share is cut', 60_000, () => closed >= refused);
  expect(await statusOf('/meanwhile')).toBe(200);
  const patience = REQUEST_HEADERS_MS_MAX + 2 * SLOW_CONNECTIONS_LOOK_MS;
  await until('all are cut', patience + 60_000, () => closed === SLOW_CLIENTS);
  expect(slow.every((socket) => socket.destroyed)).toBe(true);
}, 180_000);

function statusOf(path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(`${server.url}${path}`, { agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).once('error', reject);
  });
}
