/** Live clients of GraphQL behind a proxy, over a real socket: each counts as its own address, as everywhere in the API. */
import { afterEach, expect, it } from 'vitest';
import { depsBehind } from '../../../test/support/doors.ts';
import { createApp } from '../app.ts';
import { LiveHub } from '../live/hub.ts';
import { type ApiServer, startApi } from '../server.ts';

const HOST = '127.0.0.1';
const SUBSCRIPTION = encodeURIComponent('subscription { liveHours(city: "lisbon") { count } }');

let server: ApiServer;
const open: AbortController[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) one.abort();
  await server.close();
});

/** One live stream an address, and nothing to tell. */
async function start(trustedProxies: readonly string[]): Promise<void> {
  const deps = depsBehind({ trustedProxies, anonymous: new Set(['read']) });
  const live = new LiveHub(
    {
      cluster: deps.cluster,
      clock: deps.clock,
      source: { listen: () => () => undefined, ask: () => undefined },
      tables: { base: () => Promise.resolve([]), finalHours: () => Promise.resolve([]) },
      onError: (error) => {
        throw error;
      },
    },
    { clientsPerAddressMax: 1 },
  );
  server = await startApi(createApp({ ...deps, live }), { host: HOST, port: 0, trustedProxies });
}

/** True where the stream is opened; it stays open. */
async function isLetIn(forwarded: string): Promise<boolean> {
  const abort = new AbortController();
  open.push(abort);
  const response = await fetch(`${server.url}/graphql?query=${SUBSCRIPTION}`, {
    headers: { Accept: 'text/event-stream', 'X-Forwarded-For': forwarded },
    signal: abort.signal,
  });
  const reader = response.body?.getReader();
  const first = await reader?.read();
  const text = new TextDecoder().decode(first?.value);
  if (!text.includes('errors')) return true;
  expect(text).toContain('1 live streams from your address');
  return false;
}

it('a trusted proxy speaks for many', async () => {
  await start([HOST]);
  expect(await isLetIn('192.0.2.1')).toBe(true);
  expect(await isLetIn('192.0.2.2')).toBe(true);
  expect(await isLetIn('192.0.2.1')).toBe(false);
  // What the client itself has put before the proxy's word counts for nothing.
  expect(await isLetIn('203.0.113.9, 192.0.2.2')).toBe(false);
});

it('what nobody trusts speaks for itself', async () => {
  await start([]);
  expect(await isLetIn('192.0.2.1')).toBe(true);
  expect(await isLetIn('192.0.2.2')).toBe(false);
});
