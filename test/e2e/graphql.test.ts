/** GraphQL and SensorThings of the built program: the same figures as the REST API, the open hour live. */
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterEach, expect, it } from 'vitest';
import { Program } from '../support/program.ts';
import { until } from '../support/until.ts';

const HOUR_MS = 3_600_000;
const TOLD_MS_MAX = 30_000;

let program: Program;
let nc: NatsConnection;
afterEach(async () => {
  await nc.close();
  await program.dispose();
});

async function send(first: number, last: number): Promise<void> {
  const js = jetstream(nc);
  const timeMs = Math.max(Math.floor(Date.now() / HOUR_MS) * HOUR_MS, Date.now() - 1_000);
  for (let value = first; value <= last; value++) {
    const pack = `[{"n":"s${String(value % 5)}/level","t":${String(timeMs / 1_000)},"v":${String(value)}}]`;
    await js.publish(`sensors.lisbon.alfama.water.gw-${String(value % 7)}`, pack);
  }
}

async function ask<Data>(query: string): Promise<Data> {
  const response = await fetch(program.url('/graphql'), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = (await response.json()) as { data: Data; errors?: unknown };
  expect(errors).toBeUndefined();
  return data;
}

it('a subscription tells the figures of the open hour as they grow, and lets go of its stream', async () => {
  program = await Program.start({ HOURGLASS_WORKERS: '2' });
  nc = await program.nats();
  const abort = new AbortController();
  const query = encodeURIComponent(
    'subscription { liveHours(city: "lisbon", metric: "level") { district count sum mean status } }',
  );
  const response = await fetch(program.url(`/graphql?query=${query}`), {
    headers: { Accept: 'text/event-stream' },
    signal: abort.signal,
  });
  expect(response.headers.get('Content-Type')).toContain('text/event-stream');
  let text = '';
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk as Uint8Array, { stream: true });
  })().catch((error: unknown) => {
    if (!abort.signal.aborted) throw error;
  });
  await send(1, 40);
  await until('the figures are told', TOLD_MS_MAX, () =>
    text.includes('{"district":"alfama","count":40,"sum":820,"mean":20.5,"status":"PROVISIONAL"}'),
  );
  await send(41, 100);
  await until('they grow', TOLD_MS_MAX, () => text.includes('"count":100,"sum":5050,"mean":50.5'));
  const streams = async (): Promise<string> => await (await fetch(program.url('/metrics'))).text();
  expect(await streams()).toMatch(/live\w*\{[^}]*sse[^}]*\} 1\b/);
  abort.abort();
  await reading;
  await until('the stream is closed', TOLD_MS_MAX, async () => /live\w*\{[^}]*sse[^}]*\} 0\b/.test(await streams()));
});

it('queries and SensorThings have the open hour of /v1/hourly; GraphiQL is there in development alone', async () => {
  program = await Program.start({ HOURGLASS_WORKERS: '1' });
  nc = await program.nats();
  await send(1, 50);
  await until('all readings are counted', TOLD_MS_MAX, async () => {
    const { data } = await program.get<{ data: { count: number }[] }>('/v1/hourly?city=lisbon');
    return data.reduce((sum, { count }) => sum + count, 0) === 50;
  });
  const { data } = await program.get<{ data: { sensor: string; mean: number }[] }>('/v1/hourly?city=lisbon');
  const { hourly } = await ask<{ hourly: { nodes: object[] } }>('{ hourly(city: "lisbon") { nodes { sensor mean } } }');
  expect(hourly.nodes).toEqual(data.map(({ sensor, mean }) => ({ sensor, mean })));
  const { value } = await program.get<{ value: { result: number }[] }>('/sensorthings/v1.1/Observations');
  expect(value.map(({ result }) => result)).toEqual(data.map(({ mean }) => mean));
  const bad = await fetch(
    program.url(`/graphql?query=${encodeURIComponent('{ hourly(from: "x") { nodes { hour } } }')}`),
  );
  expect(await bad.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST', status: 400 } }] });
  const page = async (): Promise<Response> => fetch(program.url('/graphql'), { headers: { Accept: 'text/html' } });
  expect(await (await page()).text()).toContain('GraphiQL');

  await nc.close();
  await program.dispose();
  program = await Program.start({ NODE_ENV: 'production' });
  nc = await program.nats();
  expect((await page()).status).toBe(406);
});
