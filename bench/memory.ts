/** What one more series costs a worker node, everything included. */
import { setTimeout as pause } from 'node:timers/promises';
import { HOUR_MS } from '../src/model/hour.ts';
import { createWorkerQueries } from '../src/runtime/worker-queries.ts';
import { FRAME_READINGS, publishRound } from './fill.ts';
import type { Benchmark, Figure, Size } from './harness.ts';
import { NodeProcess, type Usage } from './processes.ts';
import { Servers } from './servers.ts';
import { totalsOf, waitUntil } from './waiting.ts';

interface Plan {
  readonly from: number;
  readonly to: number;
  readonly samples: number;
  /** Time that it takes: no hour may end meanwhile. */
  readonly leadMs: number;
}

const COUNT_MS_MAX = 600_000;
/** On a slow machine partitions write their early rows seconds apart. */
const GROW_AGAIN_MAX = 5;

export const memory = memoryBenchmark('memory', 1, {
  tiny: { from: 2_000, to: 10_000, samples: 1, leadMs: 60_000 },
  small: { from: 200_000, to: 1_000_000, samples: 12, leadMs: 180_000 },
  full: { from: 200_000, to: 1_000_000, samples: 20, leadMs: 300_000 },
});

const TEN_MILLION: Record<Size, Plan> = {
  tiny: { from: 2_000, to: 10_000, samples: 1, leadMs: 60_000 },
  small: { from: 200_000, to: 2_000_000, samples: 12, leadMs: 180_000 },
  full: { from: 1_000_000, to: 10_000_000, samples: 20, leadMs: 900_000 },
};
export const memoryOneHour = memoryBenchmark('memory-soak', 1, TEN_MILLION);
export const memoryTwoHours = memoryBenchmark('memory-soak-two-hours', 2, TEN_MILLION);

/** As infra/Dockerfile sets them: glibc then gives large buffers back that it would keep. */
const IMAGE_ENV = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '131072', MALLOC_TRIM_THRESHOLD_: '131072' };

/** @param hours that are open of each series. */
function memoryBenchmark(name: string, hours: number, sizes: Record<Size, Plan>): Benchmark {
  return {
    name,
    async run(size, say) {
      const plan = sizes[size];
      const image = Object.entries(IMAGE_ENV).map((pair) => pair.join('='));
      return {
        name,
        about: `The growth of a worker node's process from ${plan.from.toLocaleString('en')} to ${plan.to.toLocaleString('en')} series (names of 16 bytes, open hours: ${String(hours)}, frames of 500 behind one gateway each), everything included: series index, window, the decoder's remembered names, checkpoints and rows on their way. The least of ${String(plan.samples)} looks, a second apart, at each size: garbage in between is not counted. Once as \`hourglass work\` starts, once with what the image sets (${image.join(' ')}).`,
        figures: [
          ...(await measure('as started by hand', {}, hours, plan, say)),
          ...(await measure('as in the image', IMAGE_ENV, hours, plan, say)),
        ],
      };
    },
  };
}

async function measure(
  how: string,
  env: Readonly<Record<string, string>>,
  hours: number,
  { from, to, samples, leadMs }: Plan,
  say: (text: string) => void,
): Promise<Figure[]> {
  const servers = await Servers.start();
  try {
    const topology = await servers.fresh({ keepReadings: false });
    const { natsUrl, clickhouseUrl } = servers.embedded;
    // The hours of the readings stay open until the clock passes the next full hour.
    const leftMs = HOUR_MS - (Date.now() % HOUR_MS);
    if (leftMs < leadMs) {
      say(`waiting ${String(Math.ceil(leftMs / 60_000))} minutes for the next full hour`);
      await pause(leftMs);
    }
    const node = await NodeProcess.start(natsUrl, clickhouseUrl, HOUR_MS, { env });
    const timeMs = Date.now() - 1_000;
    const workers = createWorkerQueries(servers.nc, topology.partitions);
    let gateways = 0;
    let published = 0;
    const openReadings = async (): Promise<number> => {
      for (;;) {
        const statuses = await workers.status();
        // A thread that is busy may answer too late: what is then known is not all.
        if (statuses.length === topology.partitions)
          return statuses.reduce((sum, status) => sum + status.openReadings, 0);
      }
    };
    const growTo = async (series: number): Promise<Usage> => {
      const first = gateways;
      gateways = series / FRAME_READINGS;
      // Each series has an open hour: a reading after its early row has been written, which the second round may still fill.
      for (const [part, firstGateway] of [first, 0, 0].entries()) {
        if (part === 2 && (await openReadings()) >= hours * series) break;
        const round = Array.from({ length: gateways - firstGateway }, (_, at) => firstGateway + at);
        for (let hour = hours - 1; hour >= 0; hour--)
          await publishRound(servers.nc, round, timeMs - hour * HOUR_MS, part);
        published += hours * round.length;
        await waitUntil('all is counted and written', COUNT_MS_MAX, async () => {
          const statuses = await workers.status();
          const outbox = statuses.reduce((sum, status) => sum + status.outboxBlocks, 0);
          return outbox === 0 && (await totalsOf(workers)).messages === published;
        });
        if (part === 0) await workers.flush();
      }
      return await leastUsage(node, samples);
    };
    const small = await growTo(from);
    say(`${how}, ${from.toLocaleString('en')} series: ${mib(small.rssBytes)} resident`);
    let large = await growTo(to);
    // What is open after the measurement was open during it. Where an early row came later still, it has taken what was to be open; each
    // partition writes its own once.
    let open = await openReadings();
    for (let again = 0; again < GROW_AGAIN_MAX && open < hours * to; again++) {
      large = await growTo(to);
      open = await openReadings();
    }
    say(`${how}, ${to.toLocaleString('en')} series: ${mib(large.rssBytes)} resident`);
    if (open < hours * to) throw new Error(`only ${String(open)} of ${String(hours * to)} hours are open`);
    await node.stop();
    const slope = (of: (usage: Usage) => number): number[] => [(of(large) - of(small)) / (to - from)];
    return [
      {
        what: `${how}: heap and array buffers of the worker thread, per series`,
        unit: 'bytes',
        values: slope(({ threadBytes }) => threadBytes),
      },
      {
        what: `${how}: resident memory of the process, per series`,
        unit: 'bytes',
        values: slope(({ rssBytes }) => rssBytes),
      },
      {
        what: `${how}: resident memory at ${to.toLocaleString('en')} series`,
        unit: 'MiB',
        values: [large.rssBytes / 1024 ** 2],
      },
    ];
  } finally {
    await servers.stop();
  }
}

/** The least of some looks, a second apart: garbage in between is not counted. */
export async function leastUsage(node: NodeProcess, samples: number): Promise<Usage> {
  const taken: Usage[] = [];
  for (let i = 0; i < samples; i++) taken.push(await node.usage('memory'));
  const leastOf = (of: (usage: Usage) => number): number => Math.min(...taken.map(of));
  return {
    cpuMs: leastOf(({ cpuMs }) => cpuMs),
    rssBytes: leastOf(({ rssBytes }) => rssBytes),
    threadBytes: leastOf(({ threadBytes }) => threadBytes),
  };
}

function mib(bytes: number): string {
  return `${String(Math.round(bytes / 1024 ** 2))} MiB`;
}
