/** What is given again of the tables, and what is read anew, by a clock and tables that the test moves. */
import { beforeEach, describe, expect, it } from 'vitest';
import { SETTLED_AGE_MS } from '../model/limits.ts';
import { type KeptReader, keptWhileTrue } from './kept-while-true.ts';

const AGE_MS_MAX = 1_000;
const ASK = { place: 'porto' };

interface Found {
  readonly version: number;
}

let nowMs: number;
let version: number;
let settled: boolean;
let fails: boolean;
/** What was given again while it was read anew, or null, of each reading. */
let readings: (number | null)[];
let read: () => Promise<number>;
beforeEach(() => {
  [nowMs, version, settled, fails, readings] = [0, 1, true, false, []];
  const reader = keptWhileTrue<typeof ASK, Found>(
    {
      clock: { monotonicMs: () => nowMs } as never,
      dataVersion: () => version,
      tablesAreSettled: () => settled,
    },
    { ageMsMaxOf: () => AGE_MS_MAX, sizeOf: () => 1 },
    async (_ask, ageing) => {
      readings.push(ageing === null ? null : ageing.version);
      const found = { version };
      await new Promise((resolve) => setImmediate(resolve));
      if (fails) throw new Error('away');
      return found;
    },
  );
  read = async () => (await reader.ask(ASK)).version;
});

async function end(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

it('while the tables are the same it is given again, for a while', async () => {
  expect(await read()).toBe(1);
  nowMs += SETTLED_AGE_MS - AGE_MS_MAX;
  expect(await read()).toBe(1);
  expect(readings).toEqual([null]);
  nowMs += AGE_MS_MAX;
  expect(await read()).toBe(1);
  expect(readings).toEqual([null, null]);
});

it('when rows have come it is given again for its age, from when it was last known to be true', async () => {
  await read();
  nowMs += 20 * AGE_MS_MAX;
  await read();
  version = 2;
  nowMs += AGE_MS_MAX / 2;
  expect(await read()).toBe(1);
  expect(readings).toEqual([null]);
  nowMs += AGE_MS_MAX / 2;
  expect(await read()).toBe(2);
  expect(readings).toEqual([null, null]);
});

it('before it is too old it is read anew, and nobody waits', async () => {
  await read();
  version = 2;
  nowMs += AGE_MS_MAX - 1;
  expect(await Promise.all([read(), read()])).toEqual([1, 1]);
  expect(readings).toEqual([null, 1]);
  await end();
  expect(await read()).toBe(2);
  expect(readings).toHaveLength(2);
});

it('who waits is told to the reader: what was before is too old', async () => {
  await read();
  version = 2;
  nowMs += AGE_MS_MAX;
  expect(await Promise.all([read(), read()])).toEqual([2, 2]);
  expect(readings).toEqual([null, null]);
});

it('what was read while rows were on their way is kept for its age, whatever the version', async () => {
  settled = false;
  await read();
  settled = true;
  nowMs += AGE_MS_MAX / 2;
  await read();
  expect(readings).toHaveLength(1);
  nowMs += AGE_MS_MAX / 2;
  await read();
  expect(readings).toHaveLength(2);
});

it('an error is of those who wait, and not kept', async () => {
  fails = true;
  await expect(read()).rejects.toThrow('away');
  fails = false;
  expect(await read()).toBe(1);
  // Read anew in good time, in vain: what is kept stands until it is too old.
  fails = true;
  version = 2;
  nowMs += AGE_MS_MAX - 1;
  expect(await read()).toBe(1);
  await end();
  fails = false;
  nowMs += 1;
  expect(await read()).toBe(2);
});

describe('asks of one name', () => {
  interface OfHour {
    readonly hour: number;
  }
  let asked: number[];
  let kept: KeptReader<OfHour, OfHour>;
  beforeEach(() => {
    asked = [];
    kept = keptWhileTrue<OfHour, OfHour>(
      { clock: { monotonicMs: () => nowMs } as never, dataVersion: () => version, tablesAreSettled: () => settled },
      {
        ageMsMaxOf: () => AGE_MS_MAX,
        sizeOf: () => 1,
        nameOf: () => 'hour',
        isOf: (result, ask) => result.hour === ask.hour,
      },
      (ask) => {
        asked.push(ask.hour);
        return Promise.resolve(ask);
      },
    );
  });

  it('are given each other’s result until their own is read, while that is not too old', async () => {
    expect(await kept.ask({ hour: 1 })).toEqual({ hour: 1 });
    expect(await kept.ask({ hour: 2 })).toEqual({ hour: 1 });
    await end();
    expect(await kept.ask({ hour: 2 })).toEqual({ hour: 2 });
    expect(asked).toEqual([1, 2]);
    version = 2;
    nowMs += AGE_MS_MAX;
    expect(await kept.ask({ hour: 3 })).toEqual({ hour: 3 });
  });

  it('need not wait for what was read ahead, and what was read later stays', async () => {
    const keep = kept.readAhead();
    nowMs += AGE_MS_MAX / 2;
    keep({ hour: 1 }, { hour: 1 });
    expect(await kept.ask({ hour: 1 })).toEqual({ hour: 1 });
    expect(asked).toEqual([]);
    version = 2;
    nowMs += AGE_MS_MAX;
    expect(await kept.ask({ hour: 4 })).toEqual({ hour: 4 });
    const late = kept.readAhead();
    nowMs += 1;
    version = 3;
    nowMs += AGE_MS_MAX;
    await kept.ask({ hour: 5 });
    late({ hour: 4 }, { hour: 4 });
    expect(await kept.ask({ hour: 5 })).toEqual({ hour: 5 });
  });
});
