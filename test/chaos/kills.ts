/** Worker nodes killed with -9 at a known point of a block's way: before its insert, after it, before its checkpoint. */
import { until } from '../support/until.ts';
import type { Arena, ArenaNode } from './arena.ts';
import type { Campaign, TryFigures } from './campaign.ts';
import type { Held, TcpProxy, Trap } from './tcp-proxy.ts';

/** The head of an INSERT of blocks, as the database's client sends it. */
export const INSERT = /^POST \/\?[^\r\n]*INSERT[^\r\n]*hourly_facts/;
export const DONE = /^HTTP\/1\.1 200/;
/** The swap of a manifest: the commit of a checkpoint. */
export const SWAP = /H?PUB \$KV\.HOURGLASS\.manifest\.\d+ /;

const CATCH_MS_MAX = 60_000;
const RECOVERY_GOAL_MS = 5_000;

/** Resolves when something that looks like it is held; later ones pass. */
export async function catchOne(proxy: TcpProxy, trap: Omit<Trap, 'caught'>): Promise<Held> {
  const caught: { held: Held | null } = { held: null };
  proxy.trap = {
    ...trap,
    caught: (held) => {
      proxy.trap = null;
      caught.held = held;
    },
  };
  await until('the proxy recognises what it waits for', CATCH_MS_MAX, () => caught.held !== null);
  return caught.held!;
}

/** `kill -9`, a new node in its place, and the time until what it owned flows again. */
export async function killAndRecover(arena: Arena, node: ArenaNode): Promise<TryFigures> {
  const partitions = arena.watch.ownedBy(node.pid);
  const counts = arena.counts();
  const killedMs = performance.now();
  await node.process.kill();
  const [recoveryMs] = await Promise.all([
    arena.untilFlowing(partitions, node.pid, counts, killedMs),
    arena.removeNode(node),
    arena.addNode(),
  ]);
  return { recovery_ms: recoveryMs };
}

function killCampaign(
  name: string,
  fault: string,
  trapOf: (node: ArenaNode) => { proxy: TcpProxy; trap: Omit<Trap, 'caught'> },
): Campaign {
  return {
    name,
    fault,
    tries: 200,
    checkEvery: 25,
    goals: { recovery_ms: RECOVERY_GOAL_MS },
    attempt: async (arena) => {
      // Each from the same state: what is measured is one kill, not the moves after the last.
      await arena.untilShared();
      const node = await arena.anyNode();
      const { proxy, trap } = trapOf(node);
      await catchOne(proxy, trap);
      return await killAndRecover(arena, node);
    },
  };
}

export const KILLS: readonly Campaign[] = [
  killCampaign('kill-before-insert', '`kill -9` of a worker node, its INSERT never sent', ({ database }) => ({
    proxy: database,
    trap: { request: INSERT, at: 'request' },
  })),
  killCampaign('kill-after-insert', '`kill -9` of a worker node, its INSERT done and not answered', ({ database }) => ({
    proxy: database,
    trap: { request: INSERT, at: 'reply', reply: DONE },
  })),
  killCampaign('kill-before-checkpoint', '`kill -9` of a worker node, its checkpoint’s swap never sent', (node) => ({
    proxy: brokerOf(node),
    trap: { request: SWAP, at: 'request' },
  })),
  killCampaign(
    'kill-after-checkpoint',
    '`kill -9` of a worker node, its checkpoint’s swap sent, no answer heard',
    (node) => ({
      proxy: brokerOf(node),
      trap: { request: SWAP, at: 'reply' },
    }),
  ),
];

export function brokerOf({ broker }: ArenaNode): TcpProxy {
  if (broker === null) throw new Error('there is no proxy before a cluster');
  return broker;
}
