import { expect, it } from 'vitest';
import { FUTURE_MS_MAX, READING_TIME_MS_MIN } from './limits.ts';
import { checkTime } from './reading-time.ts';

const NOW = Date.UTC(2026, 10, 23, 14);
const DAY_MS = 86_400_000;

it('a reading may be ten minutes ahead of its receipt and not a millisecond more', () => {
  expect(checkTime(NOW + FUTURE_MS_MAX, NOW, 0)).toBeNull();
  expect(checkTime(NOW + FUTURE_MS_MAX + 1, NOW, 0)).toBe('future');
});

it('a reading before 1990 is too old, and without a horizon no other is', () => {
  expect(checkTime(READING_TIME_MS_MIN, NOW, 0)).toBeNull();
  expect(checkTime(READING_TIME_MS_MIN - 1, NOW, 0)).toBe('too-old');
});

it('a reading behind the horizon is too old', () => {
  expect(checkTime(NOW - DAY_MS, NOW, DAY_MS)).toBeNull();
  expect(checkTime(NOW - DAY_MS - 1, NOW, DAY_MS)).toBe('too-old');
});
