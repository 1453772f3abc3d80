import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Gate } from './gate.ts';

it('lets so many through at a time, the others in their order, also after one that failed', async () => {
  const gate = new Gate(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const all = Array.from({ length: 5 }, (_, at) =>
    gate.pass(async () => {
      begun.push(at);
      await new Promise<void>((end) => (ends[at] = end));
      if (at === 1) throw new Error('one');
      return at;
    }),
  );
  const settled = Promise.allSettled(all);
  await turn();
  await turn();
  expect(begun).toEqual([0, 1]);
  for (const at of [1, 0, 2, 3, 4]) {
    ends[at]?.();
    await turn();
    await turn();
  }
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  expect((await settled).map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ]);
  await expect(gate.pass(() => Promise.resolve('free'))).resolves.toBe('free');
});
