import { expect, it } from 'vitest';
import { blocksOf, encode, fact } from '../../test/support/clickhouse.ts';
import { asColumns } from './row-blocks.ts';

const FACTS = [
  fact({ sensor: 's1', sum: 0.1 + 0.2, sumLo: 2 ** -55, block: 2 ** 33 + 5, partition: 65_535 }),
  fact({ sensor: 'ö'.repeat(100), district: 'd'.repeat(200), sumLo: -0, block: 2 ** 33 + 5, partition: 65_535 }),
  fact({ sensor: 's1', hour: 490_001, revised: 1, count: 7, firstMs: 0, block: 2 ** 33 + 5, partition: 65_535 }),
];

it('a block of rows, as a checkpoint of an earlier release has it, becomes the block of columns of the same rows', () => {
  const [columns] = blocksOf(FACTS);
  expect(asColumns(encode(FACTS))).toEqual(columns);
});

it('a block of columns stays as it is', () => {
  const [columns = new Uint8Array()] = blocksOf(FACTS);
  expect(asColumns(columns)).toBe(columns);
});
