/** Hourglass reads a backlog: from the moment every partition has its thread to the last message; the tables are checked. */
import { createWorkerQueries } from '../src/runtime/worker-queries.ts';
import type { Filled } from './fill.ts';
import { NodeProcess } from './processes.ts';
import type { Servers } from './servers.ts';
import { totalsOf, waitUntil } from './waiting.ts';

const CONSUME_MS_MAX = 300_000;

export async function aggregate(
  servers: Servers,
  filled: Filled,
  workers = 1,
): Promise<{ readingsPerSecond: number; cpuNsPerReading: number }> {
  const topology = await servers.fresh({ keepReadings: true });
  const { natsUrl, clickhouseUrl } = servers.embedded;
  const node = await NodeProcess.start(natsUrl, clickhouseUrl, servers.config.allowedDisorderMs, { workers });
  const queries = createWorkerQueries(servers.nc, topology.partitions);
  const before = await node.usage('cpu');
  // From here to the end: the start of threads and connections is not part of it, nor what was counted meanwhile.
  const from = await totalsOf(queries);
  const startMs = performance.now();
  const endMs = await waitUntil(
    'all is counted',
    CONSUME_MS_MAX,
    async () => (await totalsOf(queries)).messages >= filled.messages,
  );
  const after = await node.usage('cpu');
  await queries.flush();
  const [count, sum] = await servers.row<[number, number]>('SELECT sum(count), sum(sum) FROM hourglass.hourly');
  if (count !== filled.readings || sum !== filled.sum)
    throw new Error(
      `${String(count)} readings and ${String(sum)} in the tables, ${String(filled.readings)} and ${String(filled.sum)} were published`,
    );
  await node.stop();
  const readings = ((filled.messages - from.messages) / filled.messages) * filled.readings;
  return {
    readingsPerSecond: endMs > startMs && readings > 0 ? (readings * 1_000) / (endMs - startMs) : NaN,
    cpuNsPerReading: readings > 0 ? ((after.cpuMs - before.cpuMs) * 1e6) / readings : NaN,
  };
}
