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
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './ports.ts';

const NAMES = ['nats-1', 'nats-2', 'nats-3'];
const READY_MS_MAX = 30_000;
const POLL_MS = 50;

export interface NatsCluster {
  /** `host:port` for clients, comma separated. */
  readonly hosts: string;
  readonly mqttPort: number;
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
  const children = nodes.map((node) =>
    spawn(
      binary,
      args({
        '-c': configFile,
        '--name': node.name,
        '-a': '127.0.0.1',
        '-p': String(node.client),
        '-m': String(node.monitor),
        '--store_dir': join(folder, node.name),
        '--cluster': `nats://127.0.0.1:${String(node.route)}`,
        '--routes': routes,
      }),
      { stdio: 'ignore', env: { ...env, NATS_MQTT_PORT: String(node.mqtt) } },
    ),
  );
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(end));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const deadline = performance.now() + READY_MS_MAX;
    for (const [at, node] of nodes.entries()) await healthy(node.monitor, children[at], deadline);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    hosts: nodes.map(({ client }) => `127.0.0.1:${String(client)}`).join(','),
    mqttPort: nodes[0]?.mqtt ?? 0,
    stop,
  };
}

function args(options: Record<string, string>): string[] {
  return Object.entries(options).flat();
}

/** The same question as the health check of infra/compose.yaml. */
async function healthy(port: number, child: ChildProcess | undefined, deadline: number): Promise<void> {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${String(port)}/healthz`).catch(() => null);
    if (answer?.ok === true) return;
    if (child?.exitCode !== null) throw new Error('a broker of the cluster ended');
    if (performance.now() > deadline) throw new Error('the cluster is not healthy');
    await pause(POLL_MS);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
