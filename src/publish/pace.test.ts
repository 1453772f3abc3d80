import { expect, it } from 'vitest';
import { Pace } from './pace.ts';

it('so many a second, and a pause is made good within a second', async () => {
  let nowMs = 1_000;
  const clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: (ms: number) => {
      nowMs += ms;
      return Promise.resolve();
    },
  };
  const pace = new Pace(clock, 1_000);
  for (let i = 0; i < 20; i++) await pace.take(100);
  expect(nowMs).toBe(1_000 + 1_900);
  nowMs += 60_000;
  const resumedMs = nowMs;
  for (let i = 0; i < 40; i++) await pace.take(100);
  expect(nowMs - resumedMs).toBe(2_900);
});
