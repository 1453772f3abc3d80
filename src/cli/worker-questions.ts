/** A connection to the broker for a command that asks the workers something and ends. */
import { type Config, readConfig } from '../model/config.ts';
import type { NatsConnection } from '@nats-io/transport-node';
import type { WorkerQueries } from '../model/cluster.ts';
import { connectNats } from '../runtime/connections.ts';
import { readTopology, type Topology } from '../runtime/topology.ts';
import { createWorkerQueries } from '../runtime/worker-queries.ts';
import { brokerUrl } from './endpoints.ts';

export async function askWorkers<T>(
  name: string,
  ask: (workers: WorkerQueries, topology: Topology, config: Config, nc: NatsConnection) => Promise<T>,
): Promise<T> {
  const config = readConfig(process.env);
  const nc = await connectNats(brokerUrl(config), name);
  try {
    const topology = await readTopology(nc);
    return await ask(createWorkerQueries(nc, topology.partitions), topology, config, nc);
  } finally {
    await nc.close();
  }
}
