/**
 * The worker threads of a node go 1 → 8 → 1 while readings flow.
 *
 * The pause of a partition is the longest time between two looks (one every 40 ms) at which its owners, old or new, were
 * seen to have taken one more message; with some 10 messages a second and partition it is measured too long by up to
 * 100 ms, and never too short by more than a look.
 */
import { until } from '../support/until.ts';
import type { Arena } from './arena.ts';
import type { Campaign } from './campaign.ts';

const MOVE_MS_MAX = 120_000;
const PAUSE_GOAL_MS = 1_000;
const MANY = 8;

const scale: Campaign = {
  name: 'scale',
  fault: 'Pool 1 → 8 → 1 worker threads under load',
  tries: 50,
  checkEvery: 10,
  goals: { pause_up_ms: PAUSE_GOAL_MS, pause_down_ms: PAUSE_GOAL_MS },
  arena: { nodes: 1, perSecond: 1_000, shape: { readings: 2 } },
  attempt: async (arena) => {
    arena.watch.takePausesMs();
    const up = await moved(arena, MANY);
    const down = await moved(arena, 1);
    return { pause_up_ms: up, pause_down_ms: down };
  },
};

/** @returns the longest pause of any partition, ms. */
async function moved(arena: Arena, workers: number): Promise<number> {
  const counts = arena.counts();
  await arena.instance.call('PUT', '/v1/admin/pool', { workers });
  await until(`${String(workers)} threads share the partitions`, MOVE_MS_MAX, () => {
    const shares = new Map<string, number>();
    for (const { owner } of arena.watch.seen.values()) shares.set(owner, (shares.get(owner) ?? 0) + 1);
    return shares.size === workers && Math.max(...shares.values()) - Math.min(...shares.values()) <= 1;
  });
  await arena.untilFlowing([...counts.keys()], 0);
  return Math.max(...arena.watch.takePausesMs());
}

export const POOL_CAMPAIGNS: readonly Campaign[] = [scale];
