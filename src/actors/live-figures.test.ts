import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ActorBench, HOUR, T0 } from '../../test/support/actor-bench.ts';
import { hourOf } from '../model/hour.ts';
import { CELL_READINGS_MAX, LATE_SEAL_INTERVAL_MS, NEWBORN_SEAL_INTERVAL_MS } from '../model/limits.ts';

const H0 = hourOf(T0);

/** [count, sum, min, max] by hour. */
function told(bench: ActorBench, fromHour = H0): Record<number, number[]> {
  const rows = [...bench.actor.liveRows(fromHour)];
  return Object.fromEntries(rows.map((row) => [row.hour - H0, [row.count, row.sumHi + row.sumLo, row.min, row.max]]));
}

describe('invariant 8: figures of a channel while somebody looks', () => {
  it('they are what has been counted, but the rows that were confirmed before', () => {
    const bench = new ActorBench();
    bench.reading(T0 + 1, 100);
    bench.actor.seal(T0, { all: true });
    bench.checkpoint();
    bench.confirmAll();
    bench.reading(T0 + 2, 10);
    bench.actor.seal(T0, { all: true });
    bench.reading(T0 + 3, 1);
    bench.actor.beginLive(H0);
    // A block on its way, and a window.
    expect(told(bench)).toEqual({ 0: [2, 11, 1, 10] });
  });

  it('nothing that is sealed later leaves them: a new series’ early row, a full cell, a flush, a closed hour, a correction', () => {
    const bench = new ActorBench();
    bench.actor.beginLive(H0);
    bench.reading(T0 + 1, 1);
    bench.actor.seal(T0 + NEWBORN_SEAL_INTERVAL_MS);
    expect(bench.actor.openReadings).toBe(0);
    expect(told(bench)).toEqual({ 0: [1, 1, 1, 1] });
    for (let i = 0; i < CELL_READINGS_MAX + 3; i++) bench.reading(T0 + i, 2);
    bench.actor.seal(T0 + 2 * LATE_SEAL_INTERVAL_MS);
    bench.actor.seal(T0, { all: true });
    bench.reading(T0 + HOUR + 10_000, 5);
    bench.actor.seal(T0 + HOUR + 10_000);
    bench.reading(T0 + 5, -7);
    const all = [CELL_READINGS_MAX + 5, 2 * (CELL_READINGS_MAX + 3) - 6, -7, 2];
    expect(told(bench)).toEqual({ 0: all, 1: [1, 5, 5, 5] });
    // Confirmed rows are in the table, and stay in the figures that began before.
    bench.checkpoint();
    bench.confirmAll();
    bench.checkpoint();
    expect(told(bench)).toEqual({ 0: all, 1: [1, 5, 5, 5] });
  });

  it('hours before the first that is wanted are left out, in windows and blocks', () => {
    const bench = new ActorBench();
    bench.reading(T0 - HOUR, 1);
    bench.actor.seal(T0, { all: true });
    bench.actor.beginLive(H0);
    bench.reading(T0 - HOUR, 2);
    bench.reading(T0, 3);
    bench.actor.seal(T0, { all: true });
    bench.reading(T0 - HOUR, 4);
    expect(told(bench)).toEqual({ 0: [1, 3, 3, 3] });
    expect(told(bench, H0 + 1)).toEqual({});
  });

  it('begun and sealed at whatever moments, they and the table’s rows add up to all readings', () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ sensor: fc.nat(5), value: fc.integer({ min: -50, max: 50 }) }) },
      { weight: 1, arbitrary: fc.constantFrom('flush', 'seal', 'checkpoint', 'confirm') },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(60), (steps, beginAt) => {
        const bench = new ActorBench();
        let table = 0;
        let nowMs = T0;
        for (const [at, one] of [...steps, 'seal' as const].entries()) {
          if (at === Math.min(beginAt, steps.length)) {
            const unconfirmed = bench.actor.outbox.unconfirmed().reduce((rows, block) => rows + block.readings, 0);
            table = bench.actor.totals.readingsSealed - unconfirmed;
            bench.actor.beginLive(H0);
          }
          if (typeof one === 'object') bench.reading((nowMs += 10), one.value, { sensor: `s${String(one.sensor)}` });
          else if (one === 'flush') bench.actor.seal(nowMs, { all: true });
          else if (one === 'seal') bench.actor.seal((nowMs += NEWBORN_SEAL_INTERVAL_MS));
          else if (one === 'checkpoint') bench.checkpoint();
          else bench.confirmAll();
        }
        const counted = bench.actor.totals.readingsCounted;
        const [count = 0] = told(bench)[0] ?? [];
        expect(table + count).toBe(counted);
      }),
    );
  });
});
