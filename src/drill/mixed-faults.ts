/**
 * Faults by chance for some minutes, on worker nodes and servers at the same time.
 *
 * Boundary: chooses and waits. The seed decides which faults come in which order and how long each lasts, not what the
 * machine is doing at that moment.
 */
import { Random } from '../model/random.ts';
import type { Fault, Field } from './faults.ts';

const CALM_MS_MAX = 4_000;
/** A node that has lived for so long after the last fault has its connections. */
const SETTLED_MS = 5_000;

/**
 * Resolves when all nodes and servers run again.
 *
 * @param say a line for each fault.
 * @returns how many were made. @throws what kept one from being made or undone.
 */
export async function makeFaults(
  field: Field,
  faults: readonly Fault[],
  { seed, minutes, say }: { seed: number; minutes: number; say: (line: string) => void },
): Promise<number> {
  const { clock } = field;
  const startMs = clock.monotonicMs();
  const endMs = startMs + minutes * 60_000;
  const tell = (what: string): void =>
    say(`${((clock.monotonicMs() - startMs) / 1_000).toFixed(1).padStart(7)} s  ${what}`);
  let made = 0;
  const over = new AbortController();
  const lanes = (['nodes', 'servers'] as const).map(async (lane, at) => {
    const random = new Random(seed + at);
    const own = faults.filter((fault) => fault.lane === lane);
    try {
      while (!over.signal.aborted && clock.monotonicMs() < endMs) {
        await clock.sleep(random.whole(0, CALM_MS_MAX), over.signal);
        if (lane === 'nodes') await startDeadOnesAgain(field, tell);
        tell(await random.pick(own).make({ ...bound(field), random }));
        made += 1;
      }
    } finally {
      // Also where this lane has failed: the other one must not go on.
      over.abort();
    }
  });
  const ends = await Promise.allSettled(lanes);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  do await clock.sleep(SETTLED_MS);
  while (await startDeadOnesAgain(field, tell));
  return made;
}

/** A node that starts while the broker is away ends with an error, as it should; whoever runs it starts it again. */
async function startDeadOnesAgain(field: Field, tell: (what: string) => void): Promise<boolean> {
  const dead = field.nodes.filter(({ process }) => process.end !== null);
  for (const node of dead) {
    tell(`worker node ${String(node.pid)} had ended by itself (${node.process.end ?? ''}): a new one started`);
    await field.removeNode(node);
    await field.addNode();
  }
  return dead.length > 0;
}

/** A field may be an instance of a class: its members, bound. */
function bound(field: Field): Omit<Field, 'random'> {
  return {
    instance: field.instance,
    nodes: field.nodes,
    clock: field.clock,
    addNode: () => field.addNode(),
    removeNode: (node) => field.removeNode(node),
  };
}
