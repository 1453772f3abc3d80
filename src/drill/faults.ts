/**
 * What a drill breaks: each fault happens, lasts, and is undone again by whoever made it.
 *
 * Boundary: processes and signals. Nothing here knows whether it did harm: that is the comparison's.
 */
import type { Clock } from '../model/clock.ts';
import { LEASE_MS } from '../model/limits.ts';
import type { Random } from '../model/random.ts';
import type { GuardedProcess } from './guarded-process.ts';
import type { Instance } from './instance.ts';
import type { ServerProcess } from './server-process.ts';

export interface FieldNode {
  readonly process: GuardedProcess;
  readonly pid: number;
}

/** What faults are made on. */
export interface Field {
  readonly instance: Instance;
  readonly nodes: readonly FieldNode[];
  readonly random: Random;
  readonly clock: Clock;
  addNode(): Promise<FieldNode>;
  /** After its process has ended. */
  removeNode(node: FieldNode): Promise<void>;
}

export interface Fault {
  readonly name: string;
  /** Faults of one lane follow each other; those of two happen at the same time. */
  readonly lane: 'nodes' | 'servers';
  /** Resolves when it has been undone. @returns what was done, for people. */
  make(field: Field): Promise<string>;
}

/** The most threads of a node while the pool is made larger and smaller. */
const POOL_MANY = 8;
const SERVER_FROZEN_MS_MAX = 8_000;
const SERVER_AWAY_MS_MAX = 10_000;
const POOL_STAYS_MS = 3_000;

const anyNode = ({ nodes, random }: Field): FieldNode => {
  if (nodes.length === 0) throw new Error('there is no worker node');
  return random.pick(nodes);
};

async function replaced(field: Field, node: FieldNode): Promise<void> {
  await field.removeNode(node);
  await field.addNode();
}

const NODE_FAULTS: readonly Fault[] = [
  {
    name: 'kill-node',
    lane: 'nodes',
    make: async (field) => {
      const node = anyNode(field);
      await node.process.kill();
      await replaced(field, node);
      return `worker node ${String(node.pid)} killed with -9, a new one started`;
    },
  },
  {
    name: 'freeze-node',
    lane: 'nodes',
    make: async (field) => {
      const node = anyNode(field);
      const forMs = LEASE_MS + field.random.whole(0, LEASE_MS);
      node.process.signal('SIGSTOP');
      await field.clock.sleep(forMs);
      node.process.signal('SIGCONT');
      return `worker node ${String(node.pid)} frozen for ${seconds(forMs)} and woken`;
    },
  },
  {
    name: 'stop-node',
    lane: 'nodes',
    make: async (field) => {
      const node = anyNode(field);
      node.process.signal('SIGTERM');
      const how = await node.process.ended;
      await replaced(field, node);
      return `worker node ${String(node.pid)} asked to end (${how}), a new one started`;
    },
  },
  {
    name: 'end-thread',
    lane: 'nodes',
    make: async (field) => {
      const node = anyNode(field);
      // thread-ender.ts hears it.
      node.process.signal('SIGUSR2');
      await field.clock.sleep(LEASE_MS);
      return `a worker thread of node ${String(node.pid)} ended in the middle of its work`;
    },
  },
  {
    name: 'pool',
    lane: 'nodes',
    make: async (field) => {
      const { pid } = anyNode(field);
      for (const workers of [POOL_MANY, 1]) {
        // A broker that is away, a node that is frozen: the pool is changed where it can be.
        await resized(field, pid, workers).catch(() => undefined);
        await field.clock.sleep(POOL_STAYS_MS);
      }
      return `worker threads of node ${String(pid)} 1 -> ${String(POOL_MANY)} -> 1`;
    },
  },
];

async function resized({ instance }: Field, pid: number, workers: number): Promise<void> {
  const { nodes } = await instance.call<{ nodes: { node: string }[] }>('GET', '/v1/admin/pool');
  const found = nodes.find(({ node }) => node.endsWith(`-${String(pid)}`));
  if (found !== undefined) await instance.call('PUT', '/v1/admin/pool', { workers, node: found.node });
}

function serverFaults(what: string, serverOf: (instance: Instance) => ServerProcess | null): Fault[] {
  const kill = async (field: Field, awayMs: number): Promise<void> => {
    const server = serverOf(field.instance);
    await server?.kill();
    await field.clock.sleep(awayMs);
    await server?.start();
  };
  return [
    {
      name: `kill-${what}`,
      lane: 'servers',
      make: async (field) => {
        await kill(field, 0);
        return `${what} killed with -9 and started again`;
      },
    },
    {
      name: `${what}-away`,
      lane: 'servers',
      make: async (field) => {
        const awayMs = field.random.whole(1_000, SERVER_AWAY_MS_MAX);
        await kill(field, awayMs);
        return `${what} killed with -9, away for ${seconds(awayMs)}, started again`;
      },
    },
    {
      name: `freeze-${what}`,
      lane: 'servers',
      make: async (field) => {
        const server = serverOf(field.instance);
        const forMs = field.random.whole(1_000, SERVER_FROZEN_MS_MAX);
        server?.freeze();
        await field.clock.sleep(forMs);
        server?.wake();
        return `${what} frozen for ${seconds(forMs)} and woken`;
      },
    },
  ];
}

export const FAULTS: readonly Fault[] = [
  ...NODE_FAULTS,
  ...serverFaults('broker', ({ broker }) => broker),
  ...serverFaults('database', ({ database }) => database),
];

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
