import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  OUTBOX_BYTES_PER_HOST_MAX,
  THREAD_BYTES_MIN,
  THREAD_MEMORY_MS_MAX,
  WINDOW_BYTES_PER_HOST_MAX,
  WORKERS_MAX,
} from '../model/limits.ts';
import { budgetOf, machineBytes, MemoryWatch } from './memory-budget.ts';

const GIB = 1024 ** 3;

describe('the memory of worker threads (invariant 13)', () => {
  it('is together below the machine’s, however many there are, and each can hold windows and outbox', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1024 }),
        fc.integer({ min: 1, max: WORKERS_MAX }),
        fc.boolean(),
        (gib, threads, hasDatabase) => {
          const { threadBytesMax, windowBytesMax, outboxBytesMax } = budgetOf(gib * GIB, threads, hasDatabase);
          expect(windowBytesMax + outboxBytesMax).toBeLessThan(threadBytesMax);
          expect(windowBytesMax).toBeLessThanOrEqual(WINDOW_BYTES_PER_HOST_MAX);
          expect(outboxBytesMax).toBeLessThanOrEqual(OUTBOX_BYTES_PER_HOST_MAX);
          if (threadBytesMax > THREAD_BYTES_MIN) expect(threadBytesMax * threads).toBeLessThan(gib * GIB);
        },
      ),
    );
  });

  it('of a machine is more than nothing and not more than it has', () => {
    expect(machineBytes()).toBeGreaterThan(GIB / 4);
    expect(budgetOf(machineBytes(), 1, true).threadBytesMax).toBeLessThan(machineBytes());
  });
});

describe('a thread that takes too much memory', () => {
  const budget = { threadBytesMax: 1_000 };

  it('gives memory back as it gets close, and ends where it stays above', () => {
    const watch = new MemoryWatch();
    expect(watch.look(0, 700, budget)).toBe('fine');
    expect(watch.look(0, 900, budget)).toBe('relieve');
    expect(watch.look(0, 1_100, budget)).toBe('relieve');
    expect(watch.look(THREAD_MEMORY_MS_MAX - 1, 1_100, budget)).toBe('relieve');
    expect(watch.look(THREAD_MEMORY_MS_MAX, 1_100, budget)).toBe('fail');
  });

  it('lives on where it was garbage', () => {
    const watch = new MemoryWatch();
    for (let ms = 0; ms < 100 * THREAD_MEMORY_MS_MAX; ms += 1_000)
      expect(watch.look(ms, ms % THREAD_MEMORY_MS_MAX === 0 ? 700 : 2_000, budget)).not.toBe('fail');
  });
});
