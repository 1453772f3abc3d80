import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Gap } from '../model/ledger.ts';
import { knownMissing } from '../model/ledger-points.ts';
import { GAPS_PER_PARTITION_MAX } from '../model/limits.ts';
import { addGap, gapOf } from './gaps.ts';

describe('gaps', () => {
  it('hold each sequence once, however often and in whatever order it is reported', () => {
    const range = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 9 }));
    fc.assert(
      fc.property(fc.array(range, { maxLength: 30 }), (reported) => {
        const missing = new Set<number>();
        let gaps: Gap[] = [];
        for (const [from, more] of reported) {
          const before = missing.size;
          for (let sequence = from; sequence <= from + more; sequence++) missing.add(sequence);
          const added = addGap(gaps, gapOf(from, from + more));
          ({ gaps } = added);
          expect(added.fresh).toBe(missing.size - before);
        }
        expect(gaps.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i))).toEqual(
          [...missing].sort((a, b) => a - b),
        );
        expect(knownMissing(gaps)).toBe(missing.size);
      }),
    );
  });

  it('that were accepted stay so, and a new one beside them is not', () => {
    const { gaps } = addGap([gapOf(5, 9, true)], gapOf(7, 12));
    expect(gaps).toEqual([gapOf(5, 9, true), gapOf(10, 12)]);
  });

  it('invariant 13: are bounded, and the sum is kept', () => {
    let gaps: Gap[] = [];
    for (let at = 1; at <= GAPS_PER_PARTITION_MAX * 2; at++) ({ gaps } = addGap(gaps, gapOf(at * 10, at * 10 + 1)));
    expect(gaps).toHaveLength(GAPS_PER_PARTITION_MAX);
    expect(knownMissing(gaps)).toBe(GAPS_PER_PARTITION_MAX * 4);
  });
});
