/** `npm run check:data`: whole data sets, minutes each (scripts/check-data.mjs). */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/check-data/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 30 * 60_000,
    hookTimeout: 120_000,
    disableConsoleIntercept: true,
  },
});
