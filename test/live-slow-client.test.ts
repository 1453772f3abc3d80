/** A client that does not read, on a real socket (invariant 13). */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { HttpBindings } from '@hono/node-server';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventStream } from '../src/api/live/event-stream.ts';
import { type ApiServer, startApi } from '../src/api/server.ts';
import { LIVE_STALL_MS_MAX } from '../src/model/limits.ts';
import { liveRow, LiveWorld, TestThread } from './support/live-world.ts';
import { until } from './support/until.ts';

const KEYS = 4_000;
const ROUNDS = 50;
const WAIT_MS = 30_000;
const rows = (count: number) => Array.from({ length: KEYS }, (_, at) => liveRow({ metric: `m${String(at)}`, count }));

let world: LiveWorld;
let server: ApiServer;
let client: Socket;
beforeEach(async () => {
  world = new LiveWorld();
  const answer = (_: Request, env: object): Response => {
    const cut = (): void => void (env as HttpBindings).outgoing.destroy();
    return new Response(eventStream(world.hub.open({ city: 'lisbon', address: '', transport: 'sse' }), cut));
  };
  server = await startApi({ fetch: answer }, { host: '127.0.0.1', port: 0 });
  client = connect(server.port, '127.0.0.1');
  client.pause();
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await until('the stream is open', WAIT_MS, () => world.hub.clients().sse === 1);
});
afterEach(async () => {
  client.destroy();
  await world.hub.close();
  await server.close();
});

it(
  'nothing is queued for it: when it reads again it gets what its socket held, and then the newest',
  { timeout: 60_000 },
  async () => {
    const thread = new TestThread(world, 'n/0');
    thread.begin([0, 1], rows(1));
    await world.pass(400);
    for (let count = 2; count <= ROUNDS; count++) {
      thread.tell(...rows(count));
      await world.pass(1_000);
    }
    let text = '';
    let bytes = 0;
    client.setEncoding('latin1').on('data', (chunk: string) => {
      bytes += chunk.length;
      text += chunk;
    });
    client.resume();
    const newest = new RegExp(`"metric":"m${String(KEYS - 1)}","hour":"[^"]+","count":${String(ROUNDS)},`);
    await until('it has the newest figures', WAIT_MS, async () => {
      await world.pass(200);
      return newest.test(text.slice(-65_536));
    });
    // All that was said would be some 50 MB; what a socket holds on the way, the kernels decide.
    const saidBytes = KEYS * ROUNDS * 250;
    expect(bytes).toBeLessThan(saidBytes / 3);
    for (const at of [0, 17, KEYS - 1]) {
      const counts = [...text.matchAll(new RegExp(`"metric":"m${String(at)}","hour":"[^"]+","count":(\\d+),`, 'g'))];
      expect(counts.at(-1)?.[1]).toBe(String(ROUNDS));
    }
  },
);

it('after a minute without taking anything it is cut', { timeout: 60_000 }, async () => {
  const thread = new TestThread(world, 'n/0');
  const closed = once(client, 'close');
  client.on('error', () => undefined);
  thread.begin([0, 1], rows(1));
  for (let count = 2; world.hub.clients().sse === 1; count++) {
    thread.tell(...rows(count));
    await world.pass(LIVE_STALL_MS_MAX / 20);
  }
  client.resume();
  await closed;
  expect(world.errors).toEqual([]);
});
