import { expect, it } from 'vitest';
import { table } from './table.ts';

it('numbers stand to the right, words to the left', () => {
  expect(
    table(
      ['name', 'count'],
      [
        ['a', '1'],
        ['long one', '1,000'],
      ],
    ),
  ).toBe('name      count\na             1\nlong one  1,000');
  expect(table(['name', 'count'], [])).toBe('name  count');
});
