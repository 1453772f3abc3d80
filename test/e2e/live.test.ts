/** Open hours as they grow (invariant 8): what a client is told is what has been counted, whatever moves meanwhile. */
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterEach, expect, it } from 'vitest';
import { LiveClient, type Received } from '../support/live-client.ts';
import { publishing } from '../support/publishing.ts';
import { Program } from '../support/program.ts';
import { until } from '../support/until.ts';

const HOUR_MS = 3_600_000;
const TOLD_MS_MAX = 30_000;
const SOURCES = 24;
/** How long before its end an hour is caught. */
const LEAD_MS = 45_000;

let program: Program;
let nc: NatsConnection;
let clients: LiveClient[] = [];
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  clients = [];
  await nc.close();
  await program.dispose();
});

async function start(env: Record<string, string> = {}): Promise<void> {
  program = await Program.start(env);
  nc = await program.nats();
}

async function look(query: string, lastEventId?: string): Promise<LiveClient> {
  const client = await LiveClient.open(program.url(`/v1/live?${query}`), lastEventId);
  clients.push(client);
  return client;
}

/** Sends values from `first` to `last`, over sources and so over partitions. */
async function send(city: string, district: string, timeMs: number, first: number, last: number): Promise<void> {
  const js = jetstream(nc);
  for (let value = first; value <= last; value++) {
    const pack = `[{"n":"s${String(value % 50)}/level","t":${String(timeMs / 1_000)},"v":${String(value)}}]`;
    await js.publish(`sensors.${city}.${district}.water.gw-${String(value % SOURCES)}`, pack);
  }
}

/** Within the hour that is open, whatever the minute. */
function nowInHour(): { hourMs: number; timeMs: number } {
  const nowMs = Date.now();
  const hourMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS;
  return { hourMs, timeMs: Math.max(hourMs, nowMs - 1_000) };
}

const iso = (ms: number): string => new Date(ms).toISOString().replace('.000', '');

async function told(client: LiveClient, district: string, count: number): Promise<Received> {
  let event: Received | undefined;
  await until(`${district} has ${String(count)} readings`, TOLD_MS_MAX, () => {
    event = client.events.findLast((one) => one.district === district);
    return event?.count === count;
  });
  return event as Received;
}

/** Never fewer than before, and at most one a second. */
function expectToOnlyGrow(events: readonly Received[]): void {
  const counts = events.map((event) => event.count);
  expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  expect(new Set(counts).size).toBe(counts.length);
}

it('the figures are exact whatever of them is in windows, blocks and tables, and the same as those of /v1/hourly', async () => {
  await start({ HOURGLASS_WORKERS: '2' });
  const { hourMs, timeMs } = nowInHour();
  // In the tables before anybody looks.
  await send('live', 'a', timeMs, 1, 100);
  await program.flush();
  await send('live', 'a', timeMs, 101, 150);
  const early = await look('city=live');
  const figures = { city: 'live', kind: 'water', metric: 'level', hour: iso(hourMs), min: 1, status: 'provisional' };
  expect(await told(early, 'a', 150)).toMatchObject({ ...figures, sum: 11_325, max: 150, mean: 75.5, sensors: null });
  // While somebody looks: windows, early rows of new series, sealed blocks, flushed rows.
  await send('live', 'a', timeMs, 151, 400);
  await send('live', 'b', timeMs, 1, 60);
  await program.flush();
  await send('live', 'a', timeMs, 401, 500);
  expect(await told(early, 'a', 500)).toMatchObject({ ...figures, sum: 125_250, max: 500 });
  expect(await told(early, 'b', 60)).toMatchObject({ ...figures, sum: 1_830, max: 60 });
  // Who comes later is told the same, and a filter is a filter.
  const late = await look('city=live&district=b&kind=water&metric=level');
  expect(await told(late, 'b', 60)).toMatchObject({ ...figures, sum: 1_830, max: 60 });
  expect(late.events.every(({ district }) => district === 'b')).toBe(true);
  for (const district of ['a', 'b']) expectToOnlyGrow(early.events.filter((event) => event.district === district));

  const { data } = await program.get<{ data: { count: number; sum: number; min: number; max: number }[] }>(
    '/v1/hourly?city=live&district=a',
  );
  // Headers are as elsewhere; a question that cannot be answered is a problem; HEAD opens no stream.
  const head = await fetch(program.url('/v1/live?city=live'), { method: 'HEAD' });
  expect([head.status, head.headers.get('Content-Type'), head.headers.get('Cache-Control')]).toEqual([
    200,
    'text/event-stream',
    'no-store',
  ]);
  expect(head.headers.get('Hourglass-Watermark')).toMatch(/^20/);
  for (const query of ['', '?city=a.b', '?city=live&sensor=s1']) {
    const answer = await fetch(program.url(`/v1/live${query}`));
    expect([query, answer.status, answer.headers.get('Content-Type')]).toEqual([
      query,
      400,
      'application/problem+json',
    ]);
  }
  const total = (of: (row: (typeof data)[number]) => number): number => data.reduce((sum, row) => sum + of(row), 0);
  expect([total((row) => row.count), total((row) => row.sum)]).toEqual([500, 125_250]);
});

it('while partitions change hands, readings flow and a worker dies, nothing is told twice or missed', async () => {
  await start({ HOURGLASS_WORKERS: '1' });
  const client = await look('city=steady');
  const publisher = publishing(nc);
  await until('something is told', TOLD_MS_MAX, () => client.events.length > 0);
  const node = program.startNode();
  const partitions = async (): Promise<number> =>
    (await program.get<{ data: { owner: string }[] }>('/v1/admin/partitions')).data.filter(({ owner }) =>
      owner.includes(`-${String(node.pid)}/`),
    ).length;
  await until('the new node has its share', TOLD_MS_MAX, async () => (await partitions().catch(() => 0)) >= 32);
  const before = client.events.length;
  await until('it goes on being told', TOLD_MS_MAX, () => client.events.length > before + 2);
  const counts = client.events.map((event) => event.count);
  expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  await node.end('SIGKILL');
  const sent = await publisher.stop();
  const event = await told(client, 'd', sent);
  expect(event).toMatchObject({ count: sent, sum: (sent * (sent - 1)) / 2, min: 0, max: sent - 1 });
});

it('who comes back with the last event id is told what has changed since', async () => {
  await start();
  const { timeMs } = nowInHour();
  const first = await look('city=back');
  await send('back', 'a', timeMs, 1, 20);
  await send('back', 'b', timeMs, 1, 20);
  await told(first, 'a', 20);
  await told(first, 'b', 20);
  const { lastEventId } = first;
  await first.close();
  await send('back', 'b', timeMs, 21, 30);
  const again = await look('city=back', lastEventId);
  await told(again, 'b', 30);
  expect(again.events.every(({ district }) => district === 'b')).toBe(true);
  const byQuery = await look(`city=back&last_event_id=${again.lastEventId}`);
  // Of another server's, or of a feed that has been forgotten, nothing is known: everything is told.
  const stranger = await look('city=back', '00000000-7');
  await told(stranger, 'a', 20);
  await told(stranger, 'b', 30);
  expect(byQuery.events).toEqual([]);
  // A server that closes ends its streams; it does not wait for them.
  const stopped = program.stop();
  await until('the stream ends', 10_000, () => stranger.hasEnded);
  expect(await stopped).toMatchObject({ code: 0 });
  expect(stranger.other).toEqual(['retry: 2000']);
});

it('when an hour becomes final, one last event says so, with the figures of the API', async () => {
  // The watermark is shortly before the end of an hour: of the last one, or of this one where it ends soon.
  const nowMs = Date.now();
  const endMs = Math.floor((nowMs + LEAD_MS) / HOUR_MS) * HOUR_MS;
  await start({ HOURGLASS_ALLOWED_DISORDER_SECONDS: String((nowMs + LEAD_MS - endMs) / 1_000) });
  const client = await look('city=ending');
  await send('ending', 'a', endMs - 10_000, 1, 200);
  await send('ending', 'a', endMs + 10_000, 1, 7);
  const hour = iso(endMs - HOUR_MS);
  await until('the hour is final', 100_000, () => client.events.some(({ status }) => status === 'final'));
  const events = client.events.filter((event) => event.hour === hour);
  expect(events.filter(({ status }) => status === 'final').length).toBe(1);
  expect(events.at(-1)).toMatchObject({ status: 'final', count: 200, sum: 20_100, min: 1, max: 200, sensors: 50 });
  // What was last said of the open hour was already all of it.
  expect(events.at(-2)).toMatchObject({ status: 'provisional', count: 200, sum: 20_100, min: 1, max: 200 });
  const [row] = (await program.get(`/v1/districts/ending/a/level/hourly?to=${iso(endMs)}`)).data;
  const { id: _, watermark: __, ...last } = events.at(-1) as Received;
  expect(row).toMatchObject({ ...last, status: 'final' });
  // Who comes now is told of it too, and of the hour that is open.
  const later = await look('city=ending');
  await until('both hours are told', TOLD_MS_MAX, () => later.newest().size === 2);
  expect([...later.newest().values()].map(({ status, count }) => [status, count])).toEqual(
    expect.arrayContaining([
      ['final', 200],
      ['provisional', 7],
    ]),
  );
});
