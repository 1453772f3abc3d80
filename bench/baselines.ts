/** Hourglass beside what one would do instead, on the same stream: the same hours, compared in SQL. */
import { READINGS_STREAM } from '../src/runtime/message-source.ts';
import { createWorkerQueries } from '../src/runtime/worker-queries.ts';
import {
  createBaselineTables,
  diskBytes,
  emptyBaselineTables,
  seriesThatDiffer,
  WAYS,
  type Way,
} from './baseline-tables.ts';
import { type Filled, fillFrames, fillSingles } from './fill.ts';
import { type Benchmark, type Figure, ratios, type Size } from './harness.ts';
import { askChild, NodeProcess } from './processes.ts';
import { Servers } from './servers.ts';
import { totalsOf, waitUntil } from './waiting.ts';

const SIZES: Record<Size, { singles: number; frames: number; series: number; rounds: number }> = {
  tiny: { singles: 2_000, frames: 40, series: 10_000, rounds: 1 },
  small: { singles: 100_000, frames: 3_000, series: 100_000, rounds: 1 },
  full: { singles: 300_000, frames: 12_000, series: 200_000, rounds: 3 },
};
const COUNT_MS_MAX = 300_000;

export interface BaselinePlan {
  readonly what: 'naive' | 'raw';
  readonly natsUrl: string;
  readonly clickhouseUrl: string;
  readonly messages: number;
  /** Of one message, as the broker sends it. */
  readonly messageBytes: number;
}

export interface BaselineResult {
  /** Monotonic, from the start of reading until the hours can be read. */
  readonly ms: number;
  /** Of the process, its start included. */
  readonly cpuMs: number;
}

interface Taken {
  readonly readingsPerSecond: number;
  readonly cpuSeconds: number;
  readonly bytes: number;
}

const NAMES: Record<Way, string> = {
  hourglass: 'Hourglass',
  naive: 'a Map of sums',
  raw: 'raw readings, materialized view',
};

export const baselines: Benchmark = {
  name: 'baselines',
  async run(size, say) {
    const { singles, frames, series, rounds } = SIZES[size];
    const servers = await Servers.start();
    const figures: Figure[] = [];
    try {
      await createBaselineTables(servers.clickhouse);
      for (const [what, fill] of [
        ['single readings (SenML)', () => fillSingles(servers, singles)],
        ['frames of 500', () => fillFrames(servers, frames, series)],
      ] as const) {
        await servers.fresh({ keepReadings: false });
        figures.push(...(await compare(servers, await fill(), rounds, what, say)));
      }
    } finally {
      await servers.stop();
    }
    return {
      name: 'baselines',
      about: `The same backlog (${singles.toLocaleString('en')} messages of one reading over 10,000 series; ${frames.toLocaleString('en')} frames over ${series.toLocaleString('en')}) three ways, in turn: Hourglass with one worker thread and checkpoints; a Node process with nats.js \`consume()\`, JSON.parse or msgpackr, a Map of sums and one insert of the hours at the end; the same consumer with every reading into ClickHouse (RowBinary, batches of 32 MiB), where a materialized view into an AggregatingMergeTree makes the hours. The last two have no checkpoints: a restart loses or doubles readings. Time is from the start of reading until the hours can be read; CPU is of the process and the database, where /proc has it; bytes are of all tables after OPTIMIZE FINAL. Count, sum, min and max of every series are the same in all three, compared in SQL each round.`,
      figures,
    };
  },
};

async function compare(
  servers: Servers,
  filled: Filled,
  rounds: number,
  what: string,
  say: (text: string) => void,
): Promise<Figure[]> {
  const taken: Record<Way, Taken[]> = { hourglass: [], naive: [], raw: [] };
  for (let round = 1; round <= rounds; round++) {
    await emptyBaselineTables(servers.clickhouse);
    await servers.fresh({ keepReadings: true });
    for (const way of WAYS) {
      const cpuBefore = servers.databaseCpuMs();
      const { ms, cpuMs } = way === 'hourglass' ? await ours(servers, filled) : await theirs(servers, filled, way);
      const cpuSeconds = (cpuMs + servers.databaseCpuMs() - cpuBefore) / 1_000;
      const bytes = await diskBytes(servers, way);
      taken[way].push({ readingsPerSecond: (filled.readings * 1_000) / ms, cpuSeconds, bytes });
    }
    const differ = await seriesThatDiffer(servers);
    if (differ > 0) throw new Error(`${what}: ${String(differ)} hours differ between the three`);
    say(
      `${what}, round ${String(round)}: ${WAYS.map((way) => `${NAMES[way]} ${Math.round(taken[way].at(-1)?.readingsPerSecond ?? 0).toLocaleString('en')}/s`).join(', ')}`,
    );
  }
  const of = (way: Way, figure: (one: Taken) => number): number[] => taken[way].map(figure);
  const rate = (way: Way): number[] => of(way, ({ readingsPerSecond }) => readingsPerSecond);
  return [
    ...WAYS.flatMap((way): Figure[] => [
      { what: `${what}: ${NAMES[way]}`, unit: 'readings/s', values: rate(way) },
      {
        what: `${what}: ${NAMES[way]}, CPU of process and database`,
        unit: 's a million readings',
        values: of(way, ({ cpuSeconds }) => (cpuSeconds * 1e6) / filled.readings),
      },
      { what: `${what}: ${NAMES[way]}, on disk`, unit: 'bytes', values: of(way, ({ bytes }) => bytes) },
    ]),
    { what: `${what}: ratio to a Map of sums`, unit: '', values: ratios(rate('hourglass'), rate('naive')) },
    { what: `${what}: ratio to raw readings`, unit: '', values: ratios(rate('hourglass'), rate('raw')) },
  ];
}

/** As in consume.ts: what was counted before every partition was read is not part of the rate. */
async function ours(servers: Servers, filled: Filled): Promise<BaselineResult> {
  const topology = await servers.fresh({ keepReadings: true });
  const { natsUrl, clickhouseUrl } = servers.embedded;
  const node = await NodeProcess.start(natsUrl, clickhouseUrl, servers.config.allowedDisorderMs);
  const workers = createWorkerQueries(servers.nc, topology.partitions);
  const { messages } = await totalsOf(workers);
  const startMs = performance.now();
  await waitUntil('all is counted', COUNT_MS_MAX, async () => (await totalsOf(workers)).messages >= filled.messages);
  await workers.flush();
  const ms = performance.now() - startMs;
  const { cpuMs } = await node.usage('cpu');
  await node.stop();
  const share = (filled.messages - messages) / filled.messages;
  return { ms: share > 0 ? ms / share : NaN, cpuMs };
}

async function theirs(servers: Servers, filled: Filled, what: 'naive' | 'raw'): Promise<BaselineResult> {
  const { state } = await servers.jsm.streams.info(READINGS_STREAM);
  const { natsUrl, clickhouseUrl } = servers.embedded;
  const messageBytes = Math.ceil(state.bytes / state.messages);
  return await askChild('baseline-process', { what, natsUrl, clickhouseUrl, messages: filled.messages, messageBytes });
}
