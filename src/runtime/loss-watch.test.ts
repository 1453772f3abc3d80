import { expect, it } from 'vitest';
import type { Clock } from '../model/clock.ts';
import { emptyLedger, type PartitionBooks } from '../model/ledger.ts';
import { startLossWatch } from './loss-watch.ts';

it('the log says once how many messages are missing that no worker has seen', async () => {
  const said: string[] = [];
  let books: PartitionBooks[] = [];
  let look: () => void = () => undefined;
  const nextLook = (): Promise<void> => new Promise((resolve) => (look = resolve));
  const clock: Clock = { nowMs: () => 0, monotonicMs: () => 0, sleep: () => nextLook() };
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (text: string) => said.push(text),
  };
  const cluster = {
    partitions: 2,
    incarnation: 1,
    finalThroughMs: () => 0,
    ownerOf: () => null,
    watermarkMs: () => 0,
    dataVersion: () => 0,
    tablesAreSettled: () => true,
    leastPosition: () => 1,
    books: () => books,
    close: () => Promise.resolve(),
  };
  const taken = (partition: number, messages: number): PartitionBooks => ({
    partition,
    position: 11,
    lastSequence: 10,
    newestReceivedMs: 1,
    watermarkMs: 1,
    totals: { ...emptyLedger(), messages },
    ledger: [],
    gaps: [],
  });
  const watch = startLossWatch({ cluster, clock, log });
  const looks = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      look();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  books = [taken(0, 6), taken(1, 4)];
  await looks(3);
  expect(said).toEqual([]);
  books = [taken(0, 6), taken(1, 2)];
  await looks(1);
  // A worker may have seen it a moment ago.
  expect(said).toEqual([]);
  await looks(3);
  expect(said).toEqual([expect.stringMatching(/^2 messages of the stream were removed/)]);
  const stopped = watch.stop();
  look();
  await stopped;
});
