/** Worker nodes frozen beyond their lease and woken, and nodes that are asked to end. */
import { setTimeout as pause } from 'node:timers/promises';
import { LEASE_MS } from '../../src/model/limits.ts';
import type { Arena, ArenaNode } from './arena.ts';
import type { Campaign } from './campaign.ts';
import { brokerOf, catchOne, INSERT, SWAP } from './kills.ts';
import type { Held } from './tcp-proxy.ts';

const EXIT_GOAL_MS = 25_000;
/** What a node that was woken does at once, it does within this. */
const WAKE_MS = 300;

const freezeNode: Campaign = {
  name: 'freeze-node',
  fault: 'Worker node frozen (`SIGSTOP`) beyond its lease, then woken; two of three with an INSERT or a swap under way',
  tries: 200,
  checkEvery: 25,
  attempt: async (arena) => {
    const node = await arena.anyNode();
    // What is under way when it freezes arrives after others have taken over.
    const held = await heldOf(arena, node);
    const partitions = arena.watch.ownedBy(node.pid);
    const counts = arena.counts();
    const frozenMs = performance.now();
    node.process.signal('SIGSTOP');
    const takeoverMs = await arena.untilFlowing(partitions, node.pid, counts, frozenMs);
    await pause(Math.max(0, LEASE_MS + arena.random.whole(0, 1_000) - (performance.now() - frozenMs)));
    held?.release();
    await pause(arena.random.whole(0, WAKE_MS));
    const awakeMs = performance.now();
    node.process.signal('SIGCONT');
    await pause(WAKE_MS);
    await arena.untilShared();
    return { takeover_ms: takeoverMs, frozen_ms: awakeMs - frozenMs };
  },
};

async function heldOf(arena: Arena, node: ArenaNode): Promise<Held | null> {
  switch (arena.random.whole(0, 2)) {
    case 0:
      return await catchOne(node.database, { request: INSERT, at: 'request' });
    case 1:
      return await catchOne(brokerOf(node), { request: SWAP, at: 'request' });
    default:
      return null;
  }
}

const sigterm: Campaign = {
  name: 'sigterm',
  fault: '`SIGTERM` of a worker node under full load, of all of them in one of five tries',
  tries: 100,
  checkEvery: 20,
  goals: { exit_ms: EXIT_GOAL_MS },
  arena: { perSecond: null, shape: { lateShare: 0.1 } },
  attempt: async (arena) => {
    const all = arena.random.chance(0.2);
    const leaving = all ? [...arena.nodes] : [await arena.anyNode()];
    const counts = arena.counts();
    const askedMs = performance.now();
    const exits = await Promise.all(
      leaving.map(async (node) => {
        node.process.signal('SIGTERM');
        const how = await node.process.ended;
        const exitMs = performance.now() - askedMs;
        if (how !== 'exit code 0') throw new Error(`SIGTERM ended a node with ${how}\n${node.process.output()}`);
        await arena.removeNode(node);
        await arena.addNode();
        return exitMs;
      }),
    );
    const flowMs = await arena.untilFlowing([...counts.keys()], 0, counts, askedMs);
    await arena.untilShared();
    return { exit_ms: Math.max(...exits), flow_ms: flowMs };
  },
};

export const NODE_CAMPAIGNS: readonly Campaign[] = [freezeNode, sigterm];
