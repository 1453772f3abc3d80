import { expect, it } from 'vitest';
import { emptyLedger } from '../model/ledger.ts';
import { StatusLine } from './status-line.ts';

const cluster = {
  partitions: 1,
  incarnation: 1,
  watermarkMs: () => 0,
  finalThroughMs: () => Date.UTC(2026, 10, 24, 12),
};
const stats = (readingsCounted: number) => ({
  totals: { ...emptyLedger(), readingsCounted },
  threads: [],
  partitionsOwned: 1,
  backlog: 12_345,
  restarts: 0,
});

it('the status line has the rate since the last one', () => {
  const line = new StatusLine();
  expect(line.text(stats(1_000), cluster, 5_000)).toContain('1,000 readings · 0/s');
  const text = line.text(stats(3_000), cluster, 6_000);
  expect(text).toContain('3,000 readings · 2,000/s');
  expect(text).toContain('backlog 12,345 · final through 2026-11-24 12:00 UTC');
});
