/**
 * Two groups, one after the other, each test file in a process of its own.
 *
 * `unit` stands beside the sources and in test/, two files at a time: some start a real server, and CI has two cores.
 * `e2e` (test/e2e) starts the whole program, two files at a time: most of their time they wait for a lease, a checkpoint, an hour.
 * test/check-data is not here: it takes minutes, and `npm run check:data` runs it.
 */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    teardownTimeout: 60_000,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'web/src/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/check-data/**'],
          pool: 'forks',
          maxWorkers: 2,
          testTimeout: 20_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          pool: 'forks',
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
