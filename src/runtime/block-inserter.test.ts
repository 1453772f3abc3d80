import { expect, it } from 'vitest';
import type { SealedBlock } from '../actors/outbox.ts';
import { type Clock, systemClock } from '../model/clock.ts';
import {
  BLOCK_BYTES_MAX,
  BLOCK_ROWS_MAX,
  INSERT_BYTES_MAX,
  INSERT_GATHER_MS_MAX,
  INSERT_ROWS_MAX,
} from '../model/limits.ts';
import type { Log } from '../model/log.ts';
import { BlockInserter } from './block-inserter.ts';
import type { HourlySink } from './ports.ts';

const said: string[] = [];
const say = (text: string): void => void said.push(text);
const log: Log = { debug: say, info: say, warn: say, error: say };
/** Waits are over at once, and noted. */
const waits: number[] = [];
const clock: Clock = { ...systemClock, sleep: (ms) => (waits.push(ms), Promise.resolve()) };

function block(number: number, month = 202601, rows = 1, bytes = rows): SealedBlock {
  return { block: number, month, rows, readings: rows, bytes: new Uint8Array(bytes) };
}

/** A database that notes each insert, and refuses as many as `refusals`. */
function databaseThatRefuses(refusals: number): { sink: HourlySink; inserts: SealedBlock[][] } {
  const inserts: SealedBlock[][] = [];
  const sink: HourlySink = {
    insert: (blocks) => {
      if (refusals-- > 0) return Promise.reject(new Error('away'));
      inserts.push([...blocks]);
      return Promise.resolve();
    },
    highestBlocks: () => Promise.resolve(new Map()),
    insertLedger: () => Promise.resolve(),
    deleteBlocks: () => Promise.resolve(),
  };
  return { sink, inserts };
}

async function insertAll(
  blocks: readonly SealedBlock[],
  refusals = 0,
): Promise<{ inserts: SealedBlock[][]; confirmed: number[] }> {
  const { sink, inserts } = databaseThatRefuses(refusals);
  const inserter = new BlockInserter(sink, clock, log);
  const confirmed: number[] = [];
  for (const one of blocks) inserter.add(7, one, () => confirmed.push(one.block));
  expect(await inserter.drained(10_000)).toBe(true);
  return { inserts, confirmed };
}

it('invariant 4: an insert is of one month and no larger than one insert block', async () => {
  const blocks = Array.from({ length: 40 }, (_, at) =>
    block(at + 1, at % 3 === 0 ? 202512 : 202601, 1 + ((at * 7_919) % BLOCK_ROWS_MAX)),
  );
  const { inserts, confirmed } = await insertAll(blocks);
  for (const insert of inserts) {
    expect(new Set(insert.map(({ month }) => month)).size).toBe(1);
    expect(insert.reduce((sum, { rows }) => sum + rows, 0)).toBeLessThanOrEqual(INSERT_ROWS_MAX);
  }
  expect(inserts.length).toBeLessThan(blocks.length);
  expect(inserts.flat().toSorted((a, b) => a.block - b.block)).toEqual(blocks);
  expect(confirmed.toSorted((a, b) => a - b)).toEqual(blocks.map((one) => one.block));
});

it('an insert has no more bytes than the database is to hold at once', async () => {
  const { inserts } = await insertAll(Array.from({ length: 9 }, (_, at) => block(at + 1, 202601, 1, BLOCK_BYTES_MAX)));
  const sizes = inserts.map((insert) => insert.reduce((sum, { bytes }) => sum + bytes.length, 0));
  expect(Math.max(...sizes)).toBe(INSERT_BYTES_MAX);
  expect(inserts.flat()).toHaveLength(9);
});

/** Time goes on by sleeping alone. @param onSleep with the time that has gone by, ms. */
function sleepers(onSleep: (ms: number) => void): Clock & { readonly slept: () => number } {
  let nowMs = 0;
  return {
    ...systemClock,
    monotonicMs: () => nowMs,
    sleep: (ms) => {
      nowMs += ms;
      onSleep(nowMs);
      return Promise.resolve();
    },
    slept: () => nowMs,
  };
}

it('blocks that are about to come go into the same insert', async () => {
  const { sink, inserts } = databaseThatRefuses(0);
  let isMore = true;
  const time = sleepers((ms) => {
    if (ms === 100) inserter.add(8, block(2), () => undefined);
    if (ms === 200) isMore = false;
  });
  const inserter = new BlockInserter(sink, time, log, () => isMore);
  inserter.add(7, block(1), () => undefined);
  expect(await inserter.drained(10_000)).toBe(true);
  expect(inserts.map((blocks) => blocks.map((one) => one.block))).toEqual([[1, 2]]);
});

it('what does not come is not waited for too long, a full insert waits for nothing, and a stopped one ends', async () => {
  const { sink, inserts } = databaseThatRefuses(0);
  let insertedMs = NaN;
  const time = sleepers(() => undefined);
  const noted: HourlySink = { ...sink, insert: (blocks) => ((insertedMs = time.slept()), sink.insert(blocks)) };
  const patient = new BlockInserter(noted, time, log, () => true);
  patient.add(7, block(1), () => undefined);
  expect(await patient.drained(10_000)).toBe(true);
  expect(insertedMs).toBeGreaterThan(INSERT_GATHER_MS_MAX / 2);
  expect(insertedMs).toBeLessThan(INSERT_GATHER_MS_MAX + 500);

  const startMs = time.slept();
  patient.add(7, block(2, 202601, INSERT_ROWS_MAX), () => undefined);
  expect(insertedMs).toBe(startMs);
  expect(await patient.drained(10_000)).toBe(true);
  insertedMs = NaN;
  const thenMs = time.slept();
  patient.add(7, block(3, 202601, 1, INSERT_BYTES_MAX), () => undefined);
  expect(insertedMs).toBe(thenMs);
  expect(await patient.drained(10_000)).toBe(true);
  expect(inserts.flat().map((one) => one.block)).toEqual([1, 2, 3]);

  const stopped = new BlockInserter(noted, systemClock, log, () => true);
  stopped.add(7, block(4), () => undefined);
  stopped.stop();
  expect(await stopped.drained(INSERT_GATHER_MS_MAX / 2)).toBe(true);
  expect(inserts.flat()).toHaveLength(3);
});

it('invariant 13: a database that is away is asked again, ever more slowly up to a bound, and nothing is given up', async () => {
  waits.length = 0;
  const { inserts, confirmed } = await insertAll([block(1), block(2)], 12);
  expect(inserts.flat()).toHaveLength(2);
  expect(confirmed).toEqual([1, 2]);
  const retries = waits.filter((ms) => ms >= 100);
  expect(retries.slice(0, 3)).toEqual([100, 200, 400]);
  expect(Math.max(...retries)).toBe(5_000);
  expect(said.filter((text) => text.includes('does not take rows'))).toHaveLength(1);
  expect(said.at(-1)).toBe('ClickHouse answers again');
});

it('invariant 2: a block is confirmed only when the database has answered, also where the inserter is stopped', async () => {
  const { sink } = databaseThatRefuses(Infinity);
  const inserter = new BlockInserter(sink, systemClock, log);
  let confirmed = false;
  inserter.add(7, block(1), () => (confirmed = true));
  inserter.stop();
  expect(await inserter.drained(10_000)).toBe(true);
  expect(confirmed).toBe(false);
});

it('invariant 4: a block that is added again while it waits is inserted once, and confirmed to whom it was added last', async () => {
  const { sink, inserts } = databaseThatRefuses(1);
  const inserter = new BlockInserter(sink, clock, log);
  const confirmed: string[] = [];
  for (const [partition, number, owner] of [
    [1, 1, 'first'],
    [1, 2, 'gone'],
    [2, 2, 'other'],
    [1, 2, 'back'],
  ] as const)
    inserter.add(partition, block(number), () => confirmed.push(owner));
  expect(await inserter.drained(10_000)).toBe(true);
  expect(inserts.map((blocks) => blocks.map((one) => one.block))).toEqual([[1], [2, 2]]);
  expect(confirmed).toEqual(['first', 'other', 'back']);
});
