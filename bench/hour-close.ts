/** The end of an hour: from the moment the watermark passes until every row can be read and the hour is final. */
import { HOUR_MS } from '../src/model/hour.ts';
import { watchCluster } from '../src/runtime/cluster-view.ts';
import { createWorkerQueries } from '../src/runtime/worker-queries.ts';
import { FRAME_READINGS, publishRound } from './fill.ts';
import type { Benchmark, Size } from './harness.ts';
import { NodeProcess } from './processes.ts';
import { Servers } from './servers.ts';
import { totalsOf, waitUntil } from './waiting.ts';

const SIZES: Record<Size, { series: number; rounds: number; leadMs: number }> = {
  tiny: { series: 5_000, rounds: 1, leadMs: 12_000 },
  small: { series: 100_000, rounds: 2, leadMs: 25_000 },
  full: { series: 100_000, rounds: 5, leadMs: 25_000 },
};
const CLOSE_MS_MAX = 60_000;

export const hourClose: Benchmark = {
  name: 'hour-close',
  async run(size, say) {
    const { series, rounds, leadMs } = SIZES[size];
    const servers = await Servers.start();
    const readable: number[] = [];
    const final: number[] = [];
    try {
      for (let round = 1; round <= rounds; round++) {
        const taken = await closeOnce(servers, series, leadMs);
        readable.push(taken.readableMs);
        final.push(taken.finalMs);
        say(
          `round ${String(round)}: readable after ${String(Math.round(taken.readableMs))} ms, final after ${String(Math.round(taken.finalMs))} ms`,
        );
      }
    } finally {
      await servers.stop();
    }
    return {
      name: 'hour-close',
      about: `${series.toLocaleString('en')} series, each with a reading in the hour that ends. The allowed disorder is set so that the watermark, which follows the clock while nothing is published, passes the end of the last full hour at a known moment; from then until every row can be read in \`hourglass.hourly\`, and until the hour is final for every partition. One worker thread, checkpoints on; looked at every 20 ms.`,
      figures: [
        { what: 'every row readable', unit: 'ms', values: readable },
        { what: 'the hour is final', unit: 'ms', values: final },
      ],
    };
  },
};

async function closeOnce(
  servers: Servers,
  series: number,
  leadMs: number,
): Promise<{ readableMs: number; finalMs: number }> {
  const topology = await servers.fresh({ keepReadings: false });
  const { natsUrl, clickhouseUrl } = servers.embedded;
  const passesMs = Date.now() + leadMs;
  // The allowed disorder is then below an hour, whatever the time of day.
  const endMs = Math.floor(passesMs / HOUR_MS) * HOUR_MS;
  const node = await NodeProcess.start(natsUrl, clickhouseUrl, passesMs - endMs);
  const workers = createWorkerQueries(servers.nc, topology.partitions);
  const cluster = await watchCluster(servers.nc, topology);
  const gateways = series / FRAME_READINGS;
  const publish = (value: number): Promise<void> =>
    publishRound(
      servers.nc,
      Array.from({ length: gateways }, (_, gateway) => gateway),
      endMs - 1_000,
      value,
    );
  const inTables = async (): Promise<number> =>
    (await servers.row<[number]>('SELECT sum(count) FROM hourglass.hourly_facts'))[0];
  // New series have an early row; what is measured is the row at the end of the hour.
  await publish(0);
  await waitUntil('the series are known', leadMs, async () => (await inTables()) === series);
  await publish(1);
  await waitUntil('all is counted', leadMs, async () => (await totalsOf(workers)).readingsCounted === 2 * series);
  if (Date.now() > passesMs) throw new Error('the hour was over before all was published: a longer lead is needed');

  await waitUntil('the watermark passes', 2 * leadMs, () => Date.now() >= passesMs);
  const startMs = performance.now();
  let readableMs = NaN;
  const finalMs = await waitUntil('the hour is final', CLOSE_MS_MAX, async () => {
    if (Number.isNaN(readableMs) && (await inTables()) === 2 * series) readableMs = performance.now();
    return cluster.finalThroughMs() >= endMs && !Number.isNaN(readableMs);
  });
  await node.stop();
  await cluster.close();
  return { readableMs: readableMs - startMs, finalMs: finalMs - startMs };
}
