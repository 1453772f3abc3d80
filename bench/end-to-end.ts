/** From the publisher to the answer: throughput with everything on one machine, and how soon one reading shows. */
import { systemClock } from '../src/model/clock.ts';
import { Publisher } from '../src/publish/publisher.ts';
import { createWorkerQueries } from '../src/runtime/worker-queries.ts';
import { FRAME_READINGS, frameOf, HOUR_START_MS } from './fill.ts';
import { type Benchmark, percentile, type Size } from './harness.ts';
import { NodeProcess } from './processes.ts';
import { quiet, Servers } from './servers.ts';
import { timeToShow } from './time-to-show.ts';
import { totalsOf, waitUntil } from './waiting.ts';

const SIZES: Record<Size, { frames: number; rounds: number; singles: number }> = {
  tiny: { frames: 50, rounds: 1, singles: 5 },
  small: { frames: 4_000, rounds: 3, singles: 50 },
  full: { frames: 20_000, rounds: 5, singles: 200 },
};
const GATEWAYS = 200;
const COUNT_MS_MAX = 120_000;

export const endToEnd: Benchmark = {
  name: 'end-to-end',
  async run(size, say) {
    const { frames, rounds, singles } = SIZES[size];
    const servers = await Servers.start();
    const throughput: number[] = [];
    const latency: number[] = [];
    try {
      for (let round = 1; round <= rounds; round++) {
        const topology = await servers.fresh({ keepReadings: false });
        const node = await NodeProcess.start(
          servers.embedded.natsUrl,
          servers.embedded.clickhouseUrl,
          servers.config.allowedDisorderMs,
        );
        const workers = createWorkerQueries(servers.nc, topology.partitions);
        const publisher = new Publisher(servers.nc, systemClock, quiet, { session: `round-${String(round)}` });
        const startMs = performance.now();
        for (let i = 0; i < frames; i++) await publisher.publish(messageOf(i));
        await publisher.drain();
        const endMs = await waitUntil(
          'all is counted',
          COUNT_MS_MAX,
          async () => (await totalsOf(workers)).readingsCounted === frames * FRAME_READINGS,
        );
        throughput.push((frames * FRAME_READINGS * 1_000) / (endMs - startMs));
        for (let i = 0; i < singles; i++)
          latency.push(await timeToShow(servers.nc, workers, `single-${String(i)}`, HOUR_START_MS));
        await workers.flush();
        const [count] = await servers.row<[number]>('SELECT sum(count) FROM hourglass.hourly');
        if (count !== frames * FRAME_READINGS + singles) throw new Error(`${String(count)} readings are in the tables`);
        await node.stop();
        say(`round ${String(round)}: ${Math.round(throughput.at(-1) ?? 0).toLocaleString('en')} readings/s`);
      }
    } finally {
      await servers.stop();
    }
    return {
      name: 'end-to-end',
      about: `Publisher (frames of 500, each acknowledged, up to 512 under way), broker, one worker thread with checkpoints, and database on one machine, at once: from the first publish until every reading is counted; the tables are checked. Then ${String(singles)} single readings a round, one after the other: from the publish until the open hour shows it (asked again at once).`,
      figures: [
        { what: 'published, acknowledged and counted', unit: 'readings/s', values: throughput },
        { what: 'a reading shows in the open hour, median', unit: 'ms', values: [percentile(latency, 0.5)] },
        { what: 'a reading shows in the open hour, 99 of 100', unit: 'ms', values: [percentile(latency, 0.99)] },
      ],
    };
  },
};

function messageOf(i: number): Parameters<Publisher['publish']>[0] {
  const gateway = i % GATEWAYS;
  const subject = `sensors.city.d${String(gateway % 10)}.power.gw${String(gateway)}`;
  const payload = frameOf(gateway, HOUR_START_MS + i, i % 10);
  return { subject, publisher: subject, contentType: 'application/msgpack', payload, readings: FRAME_READINGS };
}
