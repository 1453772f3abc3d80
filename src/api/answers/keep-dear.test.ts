import { expect, it } from 'vitest';
import { DEAR_FRESH_PART, DEAR_QUESTIONS_MAX, DEAR_REST_FACTOR } from '../../model/limits.ts';
import { keepDear, keepDearEach } from './keep-dear.ts';

const DEAR_MS = 20;
const REST_MS_MAX = 100_000;

/** A question that takes `tookMs` of a made-up clock. */
function question(tookMs: number) {
  const world = { nowMs: 0, asked: 0, fails: false };
  const ask = keepDear({ monotonicMs: () => world.nowMs }, { fromMs: DEAR_MS, restMsMax: REST_MS_MAX }, async () => {
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
  const { ask } = question(DEAR_MS - 1);
  expect([await ask(), await ask()]).toEqual([1, 2]);
});

it('a dear one is given again in proportion to what it took, and then asked for anew', async () => {
  const { ask, world } = question(DEAR_MS);
  expect(await ask()).toBe(1);
  world.nowMs += DEAR_MS * DEAR_REST_FACTOR - 1;
  expect(await ask()).toBe(1);
  world.nowMs += 1;
  expect(await ask()).toBe(2);
});

it('in the last part of its rest it is asked for again while it is given again, and a failure is not heard of before the rest is over', async () => {
  const { ask, world } = question(DEAR_MS);
  await ask();
  const restMs = DEAR_MS * DEAR_REST_FACTOR;
  world.nowMs += restMs * DEAR_FRESH_PART;
  expect(await Promise.all([ask(), ask()])).toEqual([1, 1]);
  await Promise.resolve();
  expect(world.asked).toBe(2);
  expect(await ask()).toBe(2);
  expect(world.asked).toBe(2);

  world.fails = true;
  world.nowMs += restMs * DEAR_FRESH_PART;
  expect(await ask()).toBe(2);
  await Promise.resolve();
  expect(world.asked).toBe(3);
  world.nowMs += restMs;
  await expect(ask()).rejects.toThrow('away');
});

it('who asks meanwhile gets the same', async () => {
  const { ask, world } = question(DEAR_MS);
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1]);
  expect(world.asked).toBe(1);
});

it('an error is everybody’s who waits, and nobody’s after', async () => {
  const { ask, world } = question(DEAR_MS);
  world.fails = true;
  const both = await Promise.allSettled([ask(), ask()]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  world.fails = false;
  expect(await ask()).toBe(2);
});

it('no answer is given again for longer than is allowed', async () => {
  const { ask, world } = question(REST_MS_MAX);
  expect(await ask()).toBe(1);
  world.nowMs += REST_MS_MAX;
  expect(await ask()).toBe(2);
});

it('questions of different names are kept apart, and the oldest ones forgotten', async () => {
  let nowMs = 0;
  const asked: number[] = [];
  const ask = keepDearEach({ monotonicMs: () => nowMs }, { fromMs: DEAR_MS, restMsMax: Infinity }, (of: number) => {
    asked.push(of);
    nowMs += DEAR_MS;
    return Promise.resolve(of * 2);
  });
  for (const of of [1, 2, 1, 2]) expect(await ask(`of ${String(of)}`, of)).toBe(of * 2);
  expect(asked).toEqual([1, 2]);
  for (let of = 3; of < DEAR_QUESTIONS_MAX + 2; of++) await ask(`of ${String(of)}`, of);
  asked.length = 0;
  nowMs = DEAR_MS;
  expect([await ask('of 2', 2), await ask('of 1', 1)]).toEqual([4, 2]);
  expect(asked).toEqual([1]);
});
