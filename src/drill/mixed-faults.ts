/**
 * Faults by chance for some minutes, on worker nodes and servers at the same time.
 *
 * Boundary: chooses and waits. The seed decides which faults come in which order and how long each lasts, not what the
 * machine is doing at that moment.
 */
import { Random } from '../model/random.ts';
import type { Fault, Field } from './faults.ts';

const CALM_MS_MAX = 4_000;

/**
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
  let made = 0;
  const lanes = (['nodes', 'servers'] as const).map(async (lane, at) => {
    const random = new Random(seed + at);
    const own = faults.filter((fault) => fault.lane === lane);
    while (own.length > 0 && clock.monotonicMs() < endMs) {
      await clock.sleep(random.whole(0, CALM_MS_MAX));
      const said = await random.pick(own).make({ ...plain(field), random });
      made += 1;
      say(`${((clock.monotonicMs() - startMs) / 1_000).toFixed(1).padStart(7)} s  ${said}`);
    }
  });
  await Promise.all(lanes);
  return made;
}

/** A field may be an instance of a class: its members, bound. */
function plain(field: Field): Omit<Field, 'random'> {
  return {
    instance: field.instance,
    nodes: field.nodes,
    clock: field.clock,
    addNode: () => field.addNode(),
    removeNode: (node) => field.removeNode(node),
  };
}
