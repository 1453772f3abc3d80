import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { startApi } from './server.ts';

const HOST = '127.0.0.1';
/** Between the pieces of a request, so that they come one by one. */
const PIECE_MS = 50;

it('serves an app, and a closed server answers nobody', async () => {
  const app = new Hono().get('/', (c) => c.text('here'));
  const server = await startApi(app, { host: HOST, port: 0 });
  expect(await (await fetch(server.url)).text()).toBe('here');
  await server.close();
  await expect(fetch(server.url)).rejects.toThrow();
});

it('a port in use is one line that names the variable to change', async () => {
  const first = await startApi(new Hono(), { host: HOST, port: 0 });
  const second = startApi(new Hono(), { host: HOST, port: first.port });
  await expect(second).rejects.toMatchObject({
    message: `port ${String(first.port)} is in use`,
    advice: expect.stringContaining('HOURGLASS_HTTP_PORT') as string,
  });
  await first.close();
});

it('closing lets an open answer end', async () => {
  let started = (): void => undefined;
  let end = (): void => undefined;
  const running = new Promise<void>((resolve) => (started = resolve));
  const ended = new Promise<void>((resolve) => (end = resolve));
  const app = new Hono().get('/', async (c) => {
    started();
    await ended;
    return c.text('whole');
  });
  const server = await startApi(app, { host: HOST, port: 0 });
  const answer = fetch(server.url);
  await running;
  const closed = server.close();
  end();
  expect(await (await answer).text()).toBe('whole');
  await closed;
});

/** Sends texts over a connection of its own, one after the other; resolves with the whole answer when the server has closed it. */
function exchange(port: number, ...texts: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect({ port, host: HOST, noDelay: true }, () => void sendAll());
    const sendAll = async (): Promise<void> => {
      for (const text of texts) {
        socket.write(text);
        await setTimeout(PIECE_MS);
      }
    };
    socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
    socket.once('end', () => resolve(answer)).once('error', reject);
  });
}

it('a request that offers an upgrade to something else than a WebSocket is answered as it is, body and all', async () => {
  const app = new Hono().post('/', async (c) => c.text(`${c.req.header('x-name') ?? ''} ${await c.req.text()}`));
  const server = await startApi(app, { host: HOST, port: 0 });
  const offer = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n';
  const first = `POST / HTTP/1.1\r\nHost: a\r\nX-Name: café\r\n${offer}Content-Length: 4\r\n\r\nbody`;
  const second = 'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nagain';
  const answers = await exchange(server.port, first + second);
  expect(answers.match(/HTTP\/1.1 200 OK/g)).toHaveLength(2);
  expect(answers).toMatch(/ body[\s\S]+ again$/);
  await server.close();
});

it.each([
  ['Content-Length: 4', ['bo', 'dy']],
  ['Transfer-Encoding: chunked', ['2\r\nbo\r\n', '2\r\ndy\r\n0\r\n\r\n']],
  ['Transfer-Encoding: chunked', ['4\r\nbody\r\n0\r\n\r\n']],
])('also where its body comes later, with %s, in %j', async (framing, pieces) => {
  const app = new Hono().post('/', async (c) => c.text(`read ${await c.req.text()}`));
  const server = await startApi(app, { host: HOST, port: 0 });
  const head = `POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n${framing}\r\n\r\n`;
  const second = 'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nagain';
  const answers = await exchange(server.port, head, ...pieces, second);
  expect(answers.match(/HTTP\/1.1 200 OK/g)).toHaveLength(2);
  expect(answers).toMatch(/read body[\s\S]+read again$/);
  await server.close();
});

it('a WebSocket where there is none is refused with the status of the answer', async () => {
  const server = await startApi(new Hono(), { host: HOST, port: 0 });
  const key =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';
  const answer = await exchange(server.port, `GET /nowhere HTTP/1.1\r\nHost: a\r\n${key}\r\n`);
  expect(answer).toMatch(/^HTTP\/1.1 404 /);
  await server.close();
});
