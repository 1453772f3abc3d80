import { describe, expect, it } from 'vitest';
import { ActorBench, T0 } from '../../test/support/actor-bench.ts';

const MINUTE = 60_000;

describe('the ledger of a partition', () => {
  it('has an entry for each minute of receipt with messages, made by the first message after it', () => {
    const bench = new ActorBench();
    for (const atMs of [T0, T0 + 59_999, T0 + MINUTE, T0 + 5 * MINUTE + 1]) bench.reading(atMs, 1);
    const { ledger, newestReceivedMs } = bench.checkpoint().last.state;
    expect(
      ledger.map(({ atMs, sinceMs, lastSequence, totals }) => [atMs - T0, sinceMs, lastSequence, totals.messages]),
    ).toEqual([
      [MINUTE, 0, 2, 2],
      [2 * MINUTE, T0 + MINUTE, 3, 3],
    ]);
    expect(newestReceivedMs).toBe(T0 + 5 * MINUTE + 1);
  });

  it('is the same for an actor that died and one that did not', () => {
    const drive = (dies: boolean): unknown => {
      const bench = new ActorBench();
      for (let i = 0; i < 20; i++) bench.reading(T0 + i * 17_000, i);
      const kept = bench.checkpoint();
      const { sequence } = bench;
      if (dies) {
        for (let i = 20; i < 40; i++) bench.reading(T0 + i * 17_000, 99);
        bench.recover(kept);
      }
      for (let i = 20; i < 60; i++)
        bench.send({ sequence: sequence + i - 19, receivedMs: T0 + i * 17_000, payload: [{ n: 's1/temp', v: i }] });
      return bench.checkpoint().last.state.ledger;
    };
    expect(drive(true)).toEqual(drive(false));
  });

  it('goes on in the running minute where the broker’s clock goes back', () => {
    const bench = new ActorBench();
    bench.reading(T0 + 3 * MINUTE, 1);
    bench.send({ receivedMs: T0 + MINUTE, payload: [{ n: 's1/temp', v: 2 }] });
    bench.send({ receivedMs: T0 + 4 * MINUTE, payload: [{ n: 's1/temp', v: 3 }] });
    const { ledger } = bench.checkpoint().last.state;
    expect(ledger.map(({ atMs, totals }) => [atMs - T0, totals.messages])).toEqual([[4 * MINUTE, 2]]);
  });

  it('keeps its entries until the table has them, and then the newest two', () => {
    const bench = new ActorBench();
    for (let minute = 0; minute < 6; minute++) bench.reading(T0 + minute * MINUTE, 1);
    expect(bench.actor.waitingEntries).toBe(5);
    bench.actor.entriesStored(T0 + 2 * MINUTE);
    const entries = (): number[] => bench.checkpoint().last.state.ledger.map(({ atMs }) => (atMs - T0) / MINUTE);
    expect([bench.actor.waitingEntries, entries()]).toEqual([3, [3, 4, 5]]);
    bench.actor.entriesStored(T0 + 5 * MINUTE);
    expect([bench.actor.waitingEntries, entries()]).toEqual([0, [4, 5]]);
  });
});
