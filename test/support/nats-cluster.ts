/**
 * The three brokers of infra/nats/cluster.conf as real processes on free ports of this machine.
 *
 * Boundary: tests only. What the containers give by names and volumes is given here by the server's own options; all
 * else is the file as it stands. `stop` ends the processes and removes their folders.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { until } from './until.ts';

const NAMES = ['nats-1', 'nats-2', 'nats-3'];
const READY_MS_MAX = 60_000;

export interface NatsCluster {
  /** `host:port` for clients, comma separated. */
  readonly hosts: string;
  readonly mqttPort: number;
  readonly brokers: readonly ClusterBroker[];
  stop(): Promise<void>;
}

/** @param env the variables that the file asks for, but for the MQTT port. */
export async function startNatsCluster(
  binary: string,
  configFile: string,
  env: Record<string, string>,
): Promise<NatsCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'hourglass-cluster-'));
  const nodes = await Promise.all(
    NAMES.map(async (name) => ({
      name,
      client: await freePort(),
      route: await freePort(),
      monitor: await freePort(),
      mqtt: await freePort(),
    })),
  );
  const routes = nodes.map(({ route }) => `nats://127.0.0.1:${String(route)}`).join(',');
  const brokers = nodes.map(
    ({ name, client, route, monitor, mqtt }) =>
      new ClusterBroker(name, monitor, () =>
        spawn(
          binary,
          args({
            '-c': configFile,
            '--name': name,
            '-a': '127.0.0.1',
            '-p': String(client),
            '-m': String(monitor),
            '--store_dir': join(folder, name),
            '--cluster': `nats://127.0.0.1:${String(route)}`,
            '--routes': routes,
          }),
          { stdio: 'ignore', env: { ...env, NATS_MQTT_PORT: String(mqtt) } },
        ),
      ),
  );
  const stop = async (): Promise<void> => {
    await Promise.all(brokers.map((broker) => broker.end('SIGKILL')));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await Promise.all(brokers.map((broker) => broker.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    hosts: nodes.map(({ client }) => `127.0.0.1:${String(client)}`).join(','),
    mqttPort: nodes[0]?.mqtt ?? 0,
    brokers,
    stop,
  };
}

/** One of the three; it keeps its ports and its data. */
export class ClusterBroker {
  readonly name: string;
  readonly #monitor: number;
  readonly #spawn: () => ChildProcess;
  #child: ChildProcess | null = null;

  constructor(name: string, monitor: number, spawnOne: () => ChildProcess) {
    this.name = name;
    this.#monitor = monitor;
    this.#spawn = spawnOne;
  }

  /** Starts it (again); resolves when it is healthy: connected to the others, its copies up to date. */
  async start(): Promise<void> {
    const child = this.#spawn();
    this.#child = child;
    await until(`${this.name} is healthy`, READY_MS_MAX, async () => {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error('a broker of the cluster ended');
      // The same question as the health check of infra/compose.yaml.
      const answer = await fetch(`http://127.0.0.1:${String(this.#monitor)}/healthz`).catch(() => null);
      return answer?.ok === true;
    });
  }

  /** Resolves when it is gone. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}

function args(options: Record<string, string>): string[] {
  return Object.entries(options).flat();
}
