/** The same backlog by one worker thread and by more: what a thread adds where all threads read the whole stream. */
import { availableParallelism } from 'node:os';
import { aggregate } from './aggregate.ts';
import { fillFrames, fillSingles } from './fill.ts';
import { type Benchmark, type Figure, ratios, type Size } from './harness.ts';
import { Servers } from './servers.ts';

const SIZES: Record<Size, { singles: number; frames: number; rounds: number }> = {
  tiny: { singles: 2_000, frames: 40, rounds: 1 },
  small: { singles: 300_000, frames: 6_000, rounds: 2 },
  full: { singles: 1_000_000, frames: 40_000, rounds: 5 },
};
const SERIES = 200_000;
const THREADS = 2;

export const threads: Benchmark = {
  name: 'threads',
  async run(size, say) {
    const { singles, frames, rounds } = SIZES[size];
    const servers = await Servers.start();
    const figures: Figure[] = [];
    try {
      for (const [what, fill] of [
        ['single readings (SenML)', () => fillSingles(servers, singles)],
        ['frames of 500', () => fillFrames(servers, frames, SERIES)],
      ] as const) {
        await servers.fresh({ keepReadings: false });
        const filled = await fill();
        const one: number[] = [];
        const two: number[] = [];
        for (let round = 1; round <= rounds; round++) {
          one.push((await aggregate(servers, filled)).readingsPerSecond);
          two.push((await aggregate(servers, filled, THREADS)).readingsPerSecond);
          say(`${what}, round ${String(round)}: ${[one, two].map((all) => Math.round(all.at(-1) ?? 0)).join(', ')}`);
        }
        figures.push(
          { what: `${what}: one thread`, unit: 'readings/s', values: one },
          { what: `${what}: ${String(THREADS)} threads`, unit: 'readings/s', values: two },
          { what: `${what}: ratio`, unit: '', values: ratios(two, one) },
        );
      }
    } finally {
      await servers.stop();
    }
    return {
      name: 'threads',
      about: `A backlog read by one worker thread and, in turn, by ${String(THREADS)}. Broker, database and threads share ${String(availableParallelism())} processors: with one thread the broker has the other, so a second thread has none of its own here. Each thread's connection carries the whole stream, whatever part of it is the thread's.`,
      figures,
    };
  },
};
