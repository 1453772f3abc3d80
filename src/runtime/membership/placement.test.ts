import fc from 'fast-check';
import { expect, it } from 'vitest';
import { placePartitions } from './placement.ts';

const PARTITIONS = 64;
const members = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 20 });

function ownerOf(placement: Map<string, number[]>): Map<number, string> {
  return new Map([...placement].flatMap(([name, share]) => share.map((partition) => [partition, name] as const)));
}

it('places every partition once, in shares that differ by one at most, whoever computes it in whatever order', () => {
  fc.assert(
    fc.property(members, fc.integer({ min: 1, max: 200 }), (names, partitions) => {
      const placement = placePartitions(partitions, names);
      const all = [...placement.values()].flat().sort((a, b) => a - b);
      expect(all).toEqual(Array.from({ length: partitions }, (_, partition) => partition));
      const sizes = [...placement.values()].map((share) => share.length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      expect(placePartitions(partitions, names.toReversed())).toEqual(placement);
    }),
  );
});

it('moves little more than the share of the member who comes or goes', () => {
  let moves = 0;
  let shares = 0;
  for (let count = 1; count < 16; count++) {
    const names = Array.from({ length: count }, (_, at) => `node-${String(at)}/0`);
    const before = ownerOf(placePartitions(PARTITIONS, names));
    const after = ownerOf(placePartitions(PARTITIONS, [...names, 'node-new/0']));
    moves += [...before].filter(([partition, name]) => after.get(partition) !== name).length;
    shares += PARTITIONS / (count + 1);
  }
  expect(moves / shares).toBeLessThan(1.5);
});

it('nobody lives: nothing is placed', () => {
  expect(placePartitions(PARTITIONS, []).size).toBe(0);
});
