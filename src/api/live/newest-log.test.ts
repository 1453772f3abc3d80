import fc from 'fast-check';
import { expect, it } from 'vitest';
import { NewestLog, type Versioned } from './newest-log.ts';

it('what comes after a version is each key that has changed since, once, in the order of change', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { maxLength: 300 }), fc.nat(320), (changes, version) => {
      const log = new NewestLog<Versioned>();
      const newest = new Map<string, number>();
      for (const change of changes) {
        const key = String(change);
        log.put((put) => ({ key, version: put }));
        newest.set(key, log.version);
      }
      const expected = [...newest].filter(([, at]) => at > version).sort(([, a], [, b]) => a - b);
      expect([...log.after(version)].map((state) => [state.key, state.version])).toEqual(expected);
      expect(log.size).toBe(newest.size);
    }),
  );
});

it('a key that was deleted is told of no more', () => {
  const log = new NewestLog<Versioned>();
  for (const key of ['a', 'b']) log.put((version) => ({ key, version }));
  log.deleteWhere(({ key }) => key === 'a');
  expect([...log.after(0)].map(({ key }) => key)).toEqual(['b']);
});
