import { expect, it } from 'vitest';
import { Turns } from './turns.ts';

const partitions = (...of: number[]): { partition: number }[] => of.map((partition) => ({ partition }));

/** Those whose turn it was before the one at which the round was broken off. */
function round(turns: Turns<{ partition: number }>, all: { partition: number }[], breakAt?: number): number[] {
  const had: number[] = [];
  for (const { partition } of turns.of(all)) {
    if (partition === breakAt) break;
    had.push(partition);
  }
  return had;
}

it('a round that was broken off goes on where it was, and everybody has a turn', () => {
  const turns = new Turns<{ partition: number }>();
  const all = partitions(4, 2, 7, 1);
  expect(round(turns, all, 7)).toEqual([4, 2]);
  expect(round(turns, all, 2)).toEqual([7, 1, 4]);
  expect(round(turns, all)).toEqual([2, 7, 1, 4]);
});

it('where the next one has left, the round begins anew', () => {
  const turns = new Turns<{ partition: number }>();
  round(turns, partitions(4, 2, 7), 2);
  expect(round(turns, partitions(4, 7))).toEqual([4, 7]);
  expect(round(turns, [])).toEqual([]);
});
