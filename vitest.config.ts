/**
 * Two groups, one after the other, each test file in a process of its own.
 *
 * `unit` stands beside the sources and in test/, `e2e` (test/e2e) starts the whole program. Three files of each at a time, on the two cores
 * of CI: much of their time they wait, for a server that starts, a lease, a checkpoint, an hour.
 * test/check-data is not here: it takes minutes, and `npm run check:data` runs it.
 */
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take long, the longest first: begun last, one of them would run alone in the end. */
const LONGEST = [
  'test/e2e/bench',
  'test/e2e/lost-messages',
  'test/e2e/dashboard',
  'test/e2e/command-line',
  'test/e2e/chaos',
  'test/e2e/live',
  'test/e2e/restarts',
  'test/e2e/exactness',
  'test/e2e/auto-scale',
  'test/e2e/nodes',
  'test/e2e/back-pressure',
  'test/e2e/drill',
  'test/e2e/moves',
  'test/e2e/durability',
  'test/sim/simulation',
  'src/api/kept-months',
  'test/supervision',
  'src/api/rollups',
  'src/api/server.limits',
].map((name) => `/${name}.test.ts`);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.findIndex((end) => moduleId.endsWith(end));
      return at < 0 ? LONGEST.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    teardownTimeout: 60_000,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'web/src/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/check-data/**'],
          pool: 'forks',
          maxWorkers: 3,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          pool: 'forks',
          maxWorkers: 3,
          testTimeout: 180_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
