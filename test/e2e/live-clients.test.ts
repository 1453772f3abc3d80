/** 1,000 clients on one server: each is told of every change, and what one costs. */
import { readFileSync } from 'node:fs';
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { LiveHour } from '../../src/api/live/city-feed.ts';
import { LiveClient } from '../support/live-client.ts';
import { Program } from '../support/program.ts';
import { until } from '../support/until.ts';

const EVENT_STREAMS = 800;
const WEBSOCKETS = 200;
const WAIT_MS = 60_000;
/** Resident memory of one client: socket, stream, place. Some 25 kB; the bound leaves room for the collector. */
const CLIENT_BYTES_MAX = 100_000;
const METRICS = ['temperature', 'humidity', 'pm10', 'pm25', 'noise'];

let program: Program;
let nc: NatsConnection;
beforeAll(async () => {
  program = await Program.start();
  nc = await program.nats();
});
afterAll(async () => {
  await nc.close();
  await program.dispose();
});

const timeS = Math.max(Math.floor(Date.now() / 3_600_000) * 3_600, Math.floor(Date.now() / 1_000) - 1);
async function send(value: number): Promise<void> {
  const pack = METRICS.map((n) => ({ n: `s/${n}`, t: timeS, v: value }));
  await jetstream(nc).publish('sensors.crowd.centre.air.gw', JSON.stringify(pack));
}

/** Counts by metric, as they come. */
class Socket {
  readonly counts = new Map<string, number>();
  readonly ids: string[] = [];
  closedWith: number | null = null;
  readonly socket: WebSocket;

  constructor(url: string) {
    this.socket = new WebSocket(url.replace('http', 'ws'));
    this.socket.on('message', (text: Buffer) => {
      const { id, event, data } = JSON.parse(text.toString()) as { id: string; event: string; data: LiveHour };
      if (event !== 'hour') return;
      this.ids.push(id);
      this.counts.set(data.metric, data.count);
    });
    this.socket.on('close', (code) => (this.closedWith = code));
  }
}

function residentBytes(): number {
  const status = readFileSync(`/proc/${String(program.pid)}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1_024;
}

it('each of 1,000 clients gets the newest figures; one costs less than 100 kB; closing waits for none', async () => {
  await send(1);
  const url = program.url('/v1/live?city=crowd');
  const first = await LiveClient.open(url);
  await until('the first is told', WAIT_MS, () => first.newest().size === METRICS.length);
  const before = residentBytes();

  const streams = await Promise.all(Array.from({ length: EVENT_STREAMS }, () => LiveClient.open(url)));
  const sockets = Array.from({ length: WEBSOCKETS }, () => new Socket(url));
  const has = (counts: Iterable<number>, count: number): boolean => {
    const all = [...counts];
    return all.length === METRICS.length && all.every((one) => one === count);
  };
  const toldAll = async (count: number): Promise<void> => {
    await until(`every event stream has ${String(count)}`, WAIT_MS, () =>
      streams.every((client) =>
        has(
          [...client.newest().values()].map((event) => event.count),
          count,
        ),
      ),
    );
    await until(`every WebSocket has ${String(count)}`, WAIT_MS, () =>
      sockets.every(({ counts }) => has(counts.values(), count)),
    );
  };
  await toldAll(1);
  const metrics = await (await fetch(program.url('/metrics'))).text();
  expect(metrics).toContain(`hourglass_live_clients{transport="sse"} ${String(EVENT_STREAMS + 1)}`);
  expect(metrics).toContain(`hourglass_live_clients{transport="websocket"} ${String(WEBSOCKETS)}`);
  for (let value = 2; value <= 6; value++) {
    await send(value);
    await toldAll(value);
  }
  const perClient = (residentBytes() - before) / (EVENT_STREAMS + WEBSOCKETS);
  expect(perClient).toBeLessThan(CLIENT_BYTES_MAX);

  // A WebSocket that comes back is told what has changed since.
  const { ids } = sockets[0] as Socket;
  await send(7);
  await toldAll(7);
  const back = new Socket(`${url}&last_event_id=${ids.at(-1) ?? ''}`);
  const stale = new Socket(`${url}&last_event_id=${ids[METRICS.length - 1] ?? ''}`);
  await until('the one with the older id is told all of it', WAIT_MS, () => has(stale.counts.values(), 7));
  expect(back.counts.size).toBe(0);

  const closed = program.stop();
  await until('every stream has ended', WAIT_MS, () => streams.every((client) => client.hasEnded));
  await until('every WebSocket is told to come back', WAIT_MS, () =>
    [...sockets, back, stale].every(({ closedWith }) => closedWith === 1001),
  );
  expect(await closed).toMatchObject({ code: 0 });
});
