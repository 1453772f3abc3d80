import { expect, it } from 'vitest';
import type { PartitionStatus } from '../model/cluster.ts';
import { emptyLedger } from '../model/ledger.ts';
import { report } from './status.ts';

const NOW = Date.UTC(2026, 10, 24, 12);

function status(partition: number, more: Partial<PartitionStatus> = {}): PartitionStatus {
  return {
    partition,
    owner: 'city-node-1-48213/0',
    epoch: 12,
    position: 1_234_567,
    backlog: 1_234_567,
    watermarkMs: NOW - 7_500,
    finalThroughMs: NOW,
    lastCheckpointMs: NOW - 1_500,
    outboxBlocks: 0,
    outboxBytes: 0,
    oldestBlockMs: 0,
    isHeldBack: false,
    restarts: 0,
    series: 12_345,
    openReadings: 1_000_000,
    nextBlock: 100,
    totals: { ...emptyLedger(), messagesUsed: 1_000, readingsCounted: 2_000 },
    ...more,
  };
}

it('status says per partition, per thread and in sum how far behind the workers are, on 80 columns', () => {
  const waiting = { outboxBlocks: 1_024, outboxBytes: 256 * 1024 ** 2, oldestBlockMs: NOW - 10 * 60_000 };
  const second = { owner: 'city-node-1-48213/1', backlog: 5, restarts: 2, isHeldBack: true };
  const text = report([status(0), status(1), status(1_023, { ...second, ...waiting })], 1_024, NOW);
  for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  expect(text).toMatch(/^ +1023 +2 +12 +7\.5 s +1\.5 s +1,024 \(256 MiB\) +10 min +12,345$/m);
  expect(text).toMatch(/^ +1 {2}city-node-1-48213\/0 +2 +1,234,567 +0 +0 {2}reads$/m);
  expect(text).toMatch(/^ +2 {2}city-node-1-48213\/1 +1 +5 +1,024 \(256 MiB\) +2 {2}held$/m);
  expect(text).toContain('3 of 1,024 partitions have an owner');
  // Every thread comes past every message: the one that is furthest behind says it.
  expect(text).toContain('backlog 1,234,567 messages, watermark 7.5 s behind');
  expect(text).toContain('database: 1 threads wait for it');
  expect(text).toContain('outbox:   1,024 (256 MiB), oldest 10 min');
});
