/** What a reading costs, and a series, against the number of series; sensors in a fixed order and shuffled. */
import { Random } from '../src/model/random.ts';
import { createWorkerQueries } from '../src/runtime/worker-queries.ts';
import { FRAME_READINGS, frameOf, publishFrames, shuffledFrameOf } from './fill.ts';
import { type Benchmark, type Figure, median, type Plot, type Size } from './harness.ts';
import { leastUsage } from './memory.ts';
import { NodeProcess, type Usage } from './processes.ts';
import { Servers } from './servers.ts';
import { timeToShow } from './time-to-show.ts';
import { totalsOf, waitUntil } from './waiting.ts';

interface Plan {
  readonly counts: readonly number[];
  /** Readings whose cost is measured, at each count and order: whole rounds of all series. */
  readonly readings: number;
  /** Looks at the memory, a second apart. */
  readonly samples: number;
}

const ORDERS = ['fixed', 'random'] as const;
const COUNT_MS_MAX = 600_000;
/** Single readings, one after the other, at each count and order. */
const PROBES = 20;
/** The hour of the readings stays open while this takes its time. */
const DISORDER_MS = 3_600_000;

export const series = seriesBenchmark('series', {
  tiny: { counts: [1_000, 5_000], readings: 20_000, samples: 1 },
  small: { counts: [1_000, 10_000, 100_000], readings: 1_000_000, samples: 3 },
  full: { counts: [1_000, 10_000, 100_000, 1_000_000], readings: 2_000_000, samples: 3 },
});

/** 10^7: on a machine of 24 GB. */
export const manySeries = seriesBenchmark('series-soak', {
  tiny: { counts: [10_000], readings: 10_000, samples: 1 },
  small: { counts: [1_000_000], readings: 1_000_000, samples: 5 },
  full: { counts: [10_000_000], readings: 20_000_000, samples: 10 },
});

function seriesBenchmark(name: string, sizes: Record<Size, Plan>): Benchmark {
  return {
    name,
    async run(size, say) {
      const plan = sizes[size];
      const servers = await Servers.start();
      const figures: Figure[] = [];
      const points: Points = { fixed: [], random: [] };
      try {
        const empty = await emptyNode(servers, plan.samples);
        for (const count of plan.counts) {
          for (const order of ORDERS) {
            const { nsPerReading, usage, showMs } = await measure(servers, count, order, plan);
            const bytes = (usage.rssBytes - empty.rssBytes) / count;
            const label = `${count.toLocaleString('en')} series, ${order} order`;
            say(`${label}: ${nsPerReading.toFixed(0)} ns a reading, ${bytes.toFixed(0)} bytes a series`);
            figures.push(
              { what: `${label}: CPU of the worker's process`, unit: 'ns a reading', values: [nsPerReading] },
              { what: `${label}: resident memory above an empty node's`, unit: 'bytes a series', values: [bytes] },
              { what: `${label}: a reading shows in the open hour`, unit: 'ms', values: showMs },
            );
            points[order].push({ count, nsPerReading, bytes, showMs: median(showMs) });
          }
        }
      } finally {
        await servers.stop();
      }
      return {
        name,
        about: `A worker node of one thread that already knows so many series (names of 16 bytes, 500 behind each gateway, each with an open hour) takes at least ${plan.readings.toLocaleString('en')} readings more, in frames of 500, while they are published: the CPU time of its process, checkpoints included, by readings. Fixed order: a gateway's frames name its sensors in the same order, as most do; random order: shuffled anew for every frame. Memory is the least of ${String(plan.samples)} looks, a second apart, above that of a node without series: with few series it is mostly what is there once. Then 20 single readings, one after the other: from the publish until the open hour shows it. Counts are checked in the ledger.`,
        figures,
        plots: plotsOf(points),
      };
    },
  };
}

type Points = Record<(typeof ORDERS)[number], { count: number; nsPerReading: number; bytes: number; showMs: number }[]>;

function plotsOf(points: Points): Plot[] {
  const plot = (name: string, title: string, y: string, of: (point: Points['fixed'][number]) => number): Plot => ({
    name,
    title,
    x: 'series',
    y,
    lines: ORDERS.map((order) => ({
      name: `${order} order`,
      points: points[order].map((point) => [point.count, of(point)] as const).filter(([, value]) => value > 0),
    })),
  });
  return [
    plot('cost', 'What a reading costs', 'ns of CPU', ({ nsPerReading }) => nsPerReading),
    plot('memory', 'Memory of a series', 'bytes', ({ bytes }) => bytes),
    plot('latency', 'Until a reading shows in the open hour', 'ms', ({ showMs }) => showMs),
  ];
}

async function emptyNode(servers: Servers, samples: number): Promise<Usage> {
  await servers.fresh({ keepReadings: false });
  const node = await startNode(servers);
  const usage = await leastUsage(node, samples);
  await node.stop();
  return usage;
}

async function measure(
  servers: Servers,
  count: number,
  order: (typeof ORDERS)[number],
  { readings, samples }: Plan,
): Promise<{ nsPerReading: number; usage: Usage; showMs: number[] }> {
  const topology = await servers.fresh({ keepReadings: false });
  const node = await startNode(servers);
  const workers = createWorkerQueries(servers.nc, topology.partitions);
  const timeMs = Date.now() - 1_000;
  const random = new Random(count);
  const gateways = count / FRAME_READINGS;
  let published = 0;
  const publish = async (rounds: number): Promise<void> => {
    await publishFrames(servers.nc, rounds * gateways, (i) =>
      order === 'fixed'
        ? [i % gateways, frameOf(i % gateways, timeMs, i % 10)]
        : [i % gateways, shuffledFrameOf(i % gateways, timeMs, i % 10, random)],
    );
    published += rounds * count;
    await waitUntil(
      'all is counted',
      COUNT_MS_MAX,
      async () => (await totalsOf(workers)).readingsCounted === published,
    );
  };
  await publish(1);
  // New series have an early row; with it gone, each has an open hour after the next round.
  await workers.flush();
  await publish(1);
  const before = await node.usage('cpu');
  const rounds = Math.ceil(readings / count);
  await publish(rounds);
  const after = await node.usage('cpu');
  const usage = await leastUsage(node, samples);
  const showMs: number[] = [];
  for (let i = 0; i < PROBES; i++) showMs.push(await timeToShow(servers.nc, workers, `probe-${String(i)}`, timeMs));
  await node.stop();
  return { nsPerReading: ((after.cpuMs - before.cpuMs) * 1e6) / (rounds * count), usage, showMs };
}

function startNode(servers: Servers): Promise<NodeProcess> {
  return NodeProcess.start(servers.embedded.natsUrl, servers.embedded.clickhouseUrl, DISORDER_MS);
}
