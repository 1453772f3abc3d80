/** What is given again of a place while the tables change, by a clock and tables that the test moves. */
import { beforeEach, expect, it } from 'vitest';
import { DEAR_FIGURES_MS, DEAR_FIGURES_REST_MS_MAX, OPEN_ANSWER_AGE_S } from '../model/limits.ts';
import { keptForMoments } from './kept-for-moments.ts';

const PLACE = { place: 'porto' };
const DEAR_MS = 20 * DEAR_FIGURES_MS;

let nowMs: number;
let version: number;
let settled: boolean;
let takesMs: number;
/** Ends the readings under way. */
let finish: (() => void)[];
let read: (final?: number) => Promise<number | undefined>;
beforeEach(() => {
  [nowMs, version, settled, takesMs, finish] = [0, 0, true, DEAR_MS, []];
  const reader = keptForMoments<typeof PLACE, number>(
    { clock: { monotonicMs: () => nowMs } as never, flushes: () => 0, tablesAreSettled: () => settled },
    () => version,
    async () => {
      const found = version;
      await new Promise<void>((resolve) => finish.push(resolve));
      nowMs += takesMs;
      return [found];
    },
  );
  read = async (final = 0) => (await reader(PLACE, final))[0];
});

/** Lets the readings end that are under way, and what hangs on them. */
async function end(): Promise<void> {
  for (const one of finish.splice(0)) one();
  await new Promise((resolve) => setImmediate(resolve));
}

async function readAlone(final = 0): Promise<number | undefined> {
  const reading = read(final);
  await end();
  return reading;
}

it('dear figures that were the tables’ until a moment ago are given again while they are read anew', async () => {
  expect(await readAlone()).toBe(0);
  nowMs += DEAR_FIGURES_REST_MS_MAX;
  expect(await read()).toBe(0);
  [version, settled] = [1, false];
  expect(await read()).toBe(0);
  expect(finish).toHaveLength(1);
  version = 2;
  expect(await read()).toBe(0);
  expect(finish).toHaveLength(1);
  await end();
  version = 3;
  expect(await read()).toBe(1);
});

it('for no longer than a moment, and never for another final hour', async () => {
  expect(await readAlone()).toBe(0);
  [version, settled] = [1, false];
  expect(await readAlone(1)).toBe(1);
  nowMs += DEAR_FIGURES_REST_MS_MAX + 1_000 * OPEN_ANSWER_AGE_S;
  expect(await readAlone()).toBe(1);
});

it('figures that are read quickly are read anew with each block', async () => {
  takesMs = 1;
  expect(await readAlone()).toBe(0);
  version = 1;
  expect(await readAlone()).toBe(1);
  expect(await read()).toBe(1);
});
