/** A worker node, exactly as `hourglass work` starts it. */
import { setTimeout as pause } from 'node:timers/promises';
import { readConfig } from '../src/model/config.ts';
import { connectNats } from '../src/runtime/connections.ts';
import { startNode } from '../src/runtime/node.ts';
import { readTopology } from '../src/runtime/topology.ts';
import type { Usage } from './processes.ts';
import { quiet } from './servers.ts';

/** A thread says its figures once a second. */
const FIGURES_MS = 1_100;

const [natsUrl = '', clickhouseUrl = '', disorderMs = '5000', workers = '1'] = process.argv.slice(2);
const config = readConfig({
  HOURGLASS_WORKERS: workers,
  HOURGLASS_ALLOWED_DISORDER_SECONDS: String(Number(disorderMs) / 1_000),
});
const nc = await connectNats(natsUrl, 'bench/node');
const topology = await readTopology(nc);
await nc.close();
const node = await startNode({ config, natsUrl, clickhouseUrl, topology, log: quiet });
await node.started;
process.send?.('started');

process.on('message', (question) => {
  if (question === 'stop') void node.stop().then(() => process.exit(0));
  else void usage(question === 'memory').then((answer) => process.send?.(answer));
});

// A benchmark that failed leaves no node behind.
process.on('disconnect', () => process.exit(1));

async function usage(withMemory: boolean): Promise<Usage> {
  if (withMemory) await pause(FIGURES_MS);
  const { user, system } = process.cpuUsage();
  const [thread] = node.stats().threads;
  return {
    cpuMs: (user + system) / 1_000,
    rssBytes: process.memoryUsage.rss(),
    threadBytes: (thread?.heapBytes ?? 0) + (thread?.arrayBufferBytes ?? 0),
  };
}
