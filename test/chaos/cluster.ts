/** Three brokers with three copies of everything: one is killed, or each in turn is restarted, under load. */
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { natsServerBinary } from '../support/nats-binary.ts';
import { type NatsCluster, startNatsCluster } from '../support/nats-cluster.ts';
import type { Arena, ArenaOptions } from './arena.ts';
import type { Campaign, TryFigures } from './campaign.ts';

const CONFIG = fileURLToPath(new URL('../../infra/nats/cluster.conf', import.meta.url));
/** Variables that the file asks for. */
const SECRETS = {
  NATS_HOURGLASS_PASSWORD: 'broker1a',
  NATS_DISTRICT_PASSWORD: 'district2b',
  NATS_SYSTEM_PASSWORD: 'system3c',
};
/** What the streams reserve; the file gives 32 GiB to each broker. */
const STREAM_BYTES = 4 * 1024 ** 3;
/** Three brokers that sync every message share the machine with all else. */
const PER_SECOND = 400;

/** Of the campaign that runs. */
let cluster: NatsCluster | null = null;

async function prepare(): Promise<{ options: Partial<ArenaOptions>; stop(): Promise<void> }> {
  const started = await startNatsCluster(natsServerBinary(), CONFIG, SECRETS);
  cluster = started;
  return {
    options: {
      natsUrl: `nats://hourglass:${SECRETS.NATS_HOURGLASS_PASSWORD}@${started.hosts}`,
      settings: { HOURGLASS_REPLICAS: '3', HOURGLASS_STREAM_BYTES: String(STREAM_BYTES) },
    },
    stop: () => started.stop(),
  };
}

/** Ends a broker, starts it again, and says how long no partition, at worst, took a message. */
async function restarted(arena: Arena, which: number, signal: NodeJS.Signals): Promise<number> {
  const broker = cluster?.brokers[which];
  if (broker === undefined) throw new Error('there is no such broker');
  const counts = arena.counts();
  const endedMs = performance.now();
  await broker.end(signal);
  const flowMs = await arena.untilFlowing([...counts.keys()], 0, counts, endedMs);
  await broker.start();
  return flowMs;
}

const killOne: Campaign = {
  name: 'kill-broker-r3',
  fault: '`kill -9` of one of three brokers, three copies',
  tries: 100,
  checkEvery: 20,
  arena: { nodes: 2, perSecond: PER_SECOND },
  prepare,
  attempt: async (arena): Promise<TryFigures> => {
    await pause(arena.random.whole(0, 500));
    return { flow_ms: await restarted(arena, arena.random.whole(0, 2), 'SIGKILL') };
  },
};

const rolling: Campaign = {
  name: 'rolling-restart-r3',
  fault: 'Rolling restart of all three brokers (`SIGTERM`, one after the other)',
  tries: 10,
  checkEvery: 2,
  arena: { nodes: 2, perSecond: PER_SECOND },
  prepare,
  attempt: async (arena): Promise<TryFigures> => {
    let flowMs = 0;
    for (const which of [0, 1, 2]) flowMs = Math.max(flowMs, await restarted(arena, which, 'SIGTERM'));
    return { flow_ms: flowMs };
  },
};

export const CLUSTER_CAMPAIGNS: readonly Campaign[] = [killOne, rolling];
