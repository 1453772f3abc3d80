/** What publishers get acknowledged: frames and single readings over NATS, single readings over HTTP. */
import autocannon from 'autocannon';
import { READINGS_STREAM } from '../src/runtime/message-source.ts';
import { ApiProcess } from './api-process.ts';
import { FRAME_READINGS } from './fill.ts';
import type { Benchmark, Figure, Size } from './harness.ts';
import { askChild, EmptyRoute } from './processes.ts';
import { Servers } from './servers.ts';

const SIZES: Record<Size, { frames: number; singles: number; posts: number; rounds: number }> = {
  tiny: { frames: 100, singles: 1_000, posts: 200, rounds: 1 },
  small: { frames: 6_000, singles: 100_000, posts: 20_000, rounds: 2 },
  full: { frames: 20_000, singles: 300_000, posts: 50_000, rounds: 5 },
};
const CONNECTIONS = 64;
const WAYS = ['frames', 'singles', 'http', 'empty'] as const;

export interface PublishPlan {
  readonly natsUrl: string;
  readonly what: 'frames' | 'singles';
  readonly messages: number;
  readonly session: string;
}

export interface PublishResult {
  readonly ms: number;
  readonly cpuMs: number;
  readonly readings: number;
}

export const publish: Benchmark = {
  name: 'publish',
  async run(size, say) {
    const { frames, singles, posts, rounds } = SIZES[size];
    const servers = await Servers.start();
    const rates: Record<(typeof WAYS)[number], number[]> = { frames: [], singles: [], http: [], empty: [] };
    const cpu: Record<'frames' | 'singles', number[]> = { frames: [], singles: [] };
    try {
      for (let round = 1; round <= rounds; round++) {
        for (const [what, messages] of [
          ['frames', frames],
          ['singles', singles],
        ] as const) {
          await servers.fresh({ keepReadings: false });
          const { natsUrl } = servers.embedded;
          const plan: PublishPlan = { natsUrl, what, messages, session: `r${String(round)}` };
          const { ms, cpuMs, readings } = await askChild<PublishPlan, PublishResult>('publish-process', plan);
          await assertStored(servers, messages);
          if (readings !== messages * (what === 'frames' ? FRAME_READINGS : 1))
            throw new Error(`${String(readings)} readings were acknowledged`);
          rates[what].push((readings * 1_000) / ms);
          cpu[what].push((cpuMs * 1e6) / readings);
        }
        rates.http.push(await postToApi(servers, posts));
        rates.empty.push(await postToEmptyRoute(posts));
        say(
          `round ${String(round)}: ${WAYS.map((what) => `${what} ${Math.round(rates[what].at(-1) ?? 0).toLocaleString('en')}/s`).join(', ')}`,
        );
      }
    } finally {
      await servers.stop();
    }
    const figures: Figure[] = [
      { what: `frames of ${String(FRAME_READINGS)}, acknowledged`, unit: 'readings/s', values: rates.frames },
      { what: 'single readings over NATS, acknowledged', unit: 'readings/s', values: rates.singles },
      { what: 'single readings over HTTP, answered with 202', unit: 'readings/s', values: rates.http },
      { what: 'the same requests to an empty route of the same server', unit: 'requests/s', values: rates.empty },
      { what: 'frames: CPU of the publisher', unit: 'ns a reading', values: cpu.frames },
      { what: 'single readings over NATS: CPU of the publisher', unit: 'ns a reading', values: cpu.singles },
    ];
    return {
      name: 'publish',
      about: `What a file-backed stream has acknowledged, and nobody reads meanwhile. Over NATS: the program's own publisher (\`hourglass replay\`'s) in a process of its own, up to 512 messages under way, each with \`Hourglass-Seq\`; ${frames.toLocaleString('en')} frames a round, written as they go, and ${singles.toLocaleString('en')} messages of one SenML reading. Over HTTP: \`POST /v1/readings\` of one reading to \`hourglass serve\` with API keys and rate limit on, ${posts.toLocaleString('en')} of autocannon on ${String(CONNECTIONS)} connections that are kept; and the same to a route in a process of its own that reads the body and does nothing, which is what Node's HTTP server, the framework and the client leave to any route on this machine. After each, the messages in the stream are counted.`,
      figures,
    };
  },
};

async function postToApi(servers: Servers, amount: number): Promise<number> {
  await servers.fresh({ keepReadings: false });
  const api = await ApiProcess.start(servers);
  const rate = await post(api.url, api.key, amount);
  await assertStored(servers, amount);
  await api.stop();
  return rate;
}

async function postToEmptyRoute(amount: number): Promise<number> {
  const route = await EmptyRoute.start();
  try {
    return await post(route.url, 'no key is asked for', amount);
  } finally {
    await route.stop();
  }
}

/** Requests a second. @throws where one is not answered with 202. */
async function post(url: string, key: string, amount: number): Promise<number> {
  const startMs = performance.now();
  const result = await autocannon({
    url: `${url}/v1/readings/city/d1/air/gateway`,
    method: 'POST',
    headers: { 'X-API-Key': key, 'Content-Type': 'application/senml+json' },
    body: '[{"n":"sensor-1/temp","v":21.5}]',
    connections: Math.min(CONNECTIONS, amount),
    amount,
  });
  const ms = performance.now() - startMs;
  if (result['2xx'] !== amount)
    throw new Error(`${String(result['2xx'])} of ${String(amount)} answers were 202; ${String(result.errors)} errors`);
  return (amount * 1_000) / ms;
}

async function assertStored(servers: Servers, messages: number): Promise<void> {
  const { state } = await servers.jsm.streams.info(READINGS_STREAM);
  if (state.messages !== messages)
    throw new Error(`${String(state.messages)} messages are in the stream, ${String(messages)} were acknowledged`);
}
