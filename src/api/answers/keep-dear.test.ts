import { expect, it } from 'vitest';
import { DEAR_ANSWER_MS, DEAR_REST_FACTOR } from '../../model/limits.ts';
import { keepDear } from './keep-dear.ts';

/** A question that takes `tookMs` of a made-up clock. */
function question(tookMs: number) {
  const world = { nowMs: 0, asked: 0, fails: false };
  const ask = keepDear({ monotonicMs: () => world.nowMs }, async () => {
    world.asked += 1;
    const answer = world.asked;
    await Promise.resolve();
    world.nowMs += tookMs;
    if (world.fails) throw new Error('the database is away');
    return answer;
  });
  return { world, ask };
}

it('a quick answer is asked for each time', async () => {
  const { ask } = question(DEAR_ANSWER_MS - 1);
  expect([await ask(), await ask()]).toEqual([1, 2]);
});

it('a dear one is given again in proportion to what it took, and then asked for anew', async () => {
  const { ask, world } = question(DEAR_ANSWER_MS);
  expect(await ask()).toBe(1);
  world.nowMs += DEAR_ANSWER_MS * DEAR_REST_FACTOR - 1;
  expect(await ask()).toBe(1);
  world.nowMs += 1;
  expect(await ask()).toBe(2);
});

it('who asks meanwhile gets the same', async () => {
  const { ask, world } = question(DEAR_ANSWER_MS);
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1]);
  expect(world.asked).toBe(1);
});

it('an error is everybody’s who waits, and nobody’s after', async () => {
  const { ask, world } = question(DEAR_ANSWER_MS);
  world.fails = true;
  const both = await Promise.allSettled([ask(), ask()]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  world.fails = false;
  expect(await ask()).toBe(2);
});
