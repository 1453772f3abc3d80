/** What checkpoints of many series cost, and how soon a node that takes them over reads on. */
import { setTimeout as pause } from 'node:timers/promises';
import { NEWBORN_SEAL_INTERVAL_MS } from '../src/model/limits.ts';
import { CHECKPOINT_BUCKET } from '../src/runtime/checkpoint-bucket.ts';
import { createWorkerQueries } from '../src/runtime/worker-queries.ts';
import { FRAME_READINGS, publishRound } from './fill.ts';
import type { Benchmark, Size } from './harness.ts';
import { NodeProcess } from './processes.ts';
import { Servers } from './servers.ts';
import { totalsOf, waitUntil } from './waiting.ts';

const SIZES: Record<Size, { series: number; rounds: number; windowMs: number }> = {
  tiny: { series: 10_000, rounds: 1, windowMs: 2_500 },
  small: { series: 200_000, rounds: 2, windowMs: 8_000 },
  full: { series: 1_000_000, rounds: 5, windowMs: 12_000 },
};
const WAIT_MS_MAX = 120_000;
/** The hour of the readings stays open while this takes its time. */
const DISORDER_MS = 3_600_000;
/** One message of each gateway now and then keeps every partition from being idle. */
const TRICKLE_MS = 500;

export const checkpoints: Benchmark = {
  name: 'checkpoints',
  async run(size, say) {
    const { series, rounds, windowMs } = SIZES[size];
    const servers = await Servers.start();
    const share: number[] = [];
    const bytes: number[] = [];
    const oldest: number[] = [];
    const recovery: number[] = [];
    try {
      const topology = await servers.fresh({ keepReadings: false });
      const { natsUrl, clickhouseUrl } = servers.embedded;
      let node = await NodeProcess.start(natsUrl, clickhouseUrl, DISORDER_MS);
      const workers = createWorkerQueries(servers.nc, topology.partitions);
      const gateways = Array.from({ length: series / FRAME_READINGS }, (_, at) => at);
      const timeMs = Date.now() - 1_000;
      let published = 0;
      const publish = async (some: readonly number[]): Promise<void> => {
        await publishRound(servers.nc, some, timeMs, 1);
        published += some.length;
        await waitUntil('all is counted', WAIT_MS_MAX, async () => (await totalsOf(workers)).messages >= published);
      };
      await publish(gateways);
      // Every series has had its early row, which takes along what the window holds by then.
      await pause(2 * NEWBORN_SEAL_INTERVAL_MS);
      await workers.flush();
      await publish(gateways);
      const open = (await workers.status()).reduce((sum, { openReadings }) => sum + openReadings, 0);
      if (open !== series) throw new Error(`${String(open)} of ${String(series)} series have an open hour`);
      const few = gateways.filter((at) => at % Math.max(1, Math.floor(gateways.length / 200)) === 0);
      let ageMs = 0;
      const cpuOver = async (trickles: boolean): Promise<number> => {
        const before = await node.usage('cpu');
        const startMs = performance.now();
        while (performance.now() - startMs < windowMs) {
          if (trickles) {
            await publish(few);
            for (const { lastCheckpointMs } of await workers.status())
              ageMs = Math.max(ageMs, Date.now() - lastCheckpointMs);
          }
          await pause(TRICKLE_MS);
        }
        const after = await node.usage('cpu');
        return (after.cpuMs - before.cpuMs) / (performance.now() - startMs);
      };
      for (let round = 1; round <= rounds; round++) {
        await pause(3_000);
        const calm = await cpuOver(false);
        // What was idle before has an old checkpoint and nothing that it lacks: ages count from one that had something to write.
        const busyMs = Date.now();
        await publish(few);
        await waitUntil('every partition has written one', WAIT_MS_MAX, async () =>
          (await workers.status()).every(({ lastCheckpointMs }) => lastCheckpointMs >= busyMs),
        );
        ageMs = 0;
        const busy = await cpuOver(true);
        const { state } = await servers.jsm.streams.info(`KV_${CHECKPOINT_BUCKET}`);
        share.push((busy - calm) * 100);
        bytes.push(state.bytes / 1024 ** 2);
        oldest.push(ageMs / 1_000);
        await node.stop();
        const beginMs = performance.now();
        node = await NodeProcess.start(natsUrl, clickhouseUrl, DISORDER_MS);
        await publish([0]);
        recovery.push(performance.now() - beginMs);
        say(
          `round ${String(round)}: ${(share.at(-1) ?? 0).toFixed(1)} % of a processor, ${(bytes.at(-1) ?? 0).toFixed(0)} MiB, taken over after ${Math.round(recovery.at(-1) ?? 0).toLocaleString('en')} ms`,
        );
      }
      await node.stop();
    } finally {
      await servers.stop();
    }
    return {
      name: 'checkpoints',
      about: `${series.toLocaleString('en')} series (names of 16 bytes), each with an open hour, in one worker thread. Its process's CPU while some frames keep every partition busy, so that each commits every 2 s and writes all of its open hours, less that while nothing comes; counting those frames is in it. Bytes of a commit: what the checkpoint bucket holds. Recovery: the node is stopped, another process is started; until that process has counted a new message: start of Node, connections, claims and loading included, the 3 s of a lease, which a node that is killed leaves behind, not. Not measured here: what the broker spends on writing.`,
      figures: [
        { what: 'CPU of checkpoints', unit: '% of one processor', values: share },
        { what: 'checkpoints of all partitions', unit: 'MiB', values: bytes },
        { what: 'the oldest checkpoint seen', unit: 's', values: oldest },
        { what: 'a new process has loaded them and counts', unit: 'ms', values: recovery },
      ],
    };
  },
};
