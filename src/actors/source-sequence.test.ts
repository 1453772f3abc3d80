import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  SESSION_NUMBERS_REMEMBERED,
  SESSION_SOURCES_PER_PARTITION_MAX,
  SESSIONS_PER_SOURCE_MAX,
} from '../model/limits.ts';
import { SourceSequences } from './source-sequence.ts';

it('tells new from known from too old as a plain set would, in any order and across a checkpoint', () => {
  const jump = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: -40, max: 40 }) },
    { weight: 1, arbitrary: fc.integer({ min: -3 * SESSION_NUMBERS_REMEMBERED, max: 3 * SESSION_NUMBERS_REMEMBERED }) },
  );
  fc.assert(
    fc.property(fc.array(jump, { maxLength: 200 }), fc.nat(200), (jumps, restartAt) => {
      let sequences = new SourceSequences();
      const seen = new Set<number>();
      let highest = -1;
      let number = 10_000;
      for (const [at, by] of jumps.entries()) {
        if (at === restartAt) {
          const kept = sequences.snapshot();
          sequences = new SourceSequences();
          sequences.restore(kept);
        }
        number = Math.max(0, number + by);
        const expected =
          number <= highest - SESSION_NUMBERS_REMEMBERED ? 'stale' : seen.has(number) ? 'duplicate' : 'new';
        expect(sequences.take('a.b.gw', 's', number)).toBe(expected);
        if (expected === 'new') seen.add(number);
        highest = Math.max(highest, number);
      }
    }),
  );
});

it('invariant 13: forgets the source, and the session, that was not used for longest', () => {
  const sequences = new SourceSequences();
  for (let i = 0; i <= SESSIONS_PER_SOURCE_MAX; i++) sequences.take('a.b.gw', `run-${String(i)}`, 1);
  expect(sequences.take('a.b.gw', 'run-1', 1)).toBe('duplicate');
  expect(sequences.take('a.b.gw', 'run-0', 1)).toBe('new');

  const many = new SourceSequences();
  for (let i = 0; i < SESSION_SOURCES_PER_PARTITION_MAX; i++) many.take(`a.b.gw-${String(i)}`, 's', 1);
  expect(many.take('a.b.gw-0', 's', 1)).toBe('duplicate');
  many.take('a.b.one-more', 's', 1);
  expect(many.snapshot()).toHaveLength(SESSION_SOURCES_PER_PARTITION_MAX);
  expect(many.take('a.b.gw-0', 's', 1)).toBe('duplicate');
  expect(many.take('a.b.gw-1', 's', 1)).toBe('new');
});
