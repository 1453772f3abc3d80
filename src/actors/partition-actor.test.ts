import { describe, expect, it } from 'vitest';
import { ActorBench, HOUR, T0 } from '../../test/support/actor-bench.ts';
import { hourOf } from '../model/hour.ts';
import { encodeFrame } from '../runtime/decode/frame-writer.ts';
import { CELL_READINGS_MAX, LATE_SEAL_INTERVAL_MS } from '../model/limits.ts';

const H0 = hourOf(T0);

describe('windows', () => {
  it('an hour’s row holds count, sum, min, max and the first and last reading', () => {
    const bench = new ActorBench();
    bench.reading(T0 + 1_000, 2.5);
    bench.reading(T0 + 2_000, -1);
    bench.reading(T0 + HOUR + 6_000, 9);
    bench.actor.seal(T0 + HOUR + 6_000);
    const row = bench.rows().find((r) => r.hour === H0);
    expect(row).toMatchObject({
      count: 2,
      sumHi: 1.5,
      min: -1,
      max: 2.5,
      sensor: 's1',
      metric: 'temp',
      revised: false,
    });
  });

  it('a reading at hh:00:00.000 belongs to the new hour and one a millisecond before to the old', () => {
    const bench = new ActorBench();
    bench.reading(T0 + HOUR - 1, 1);
    bench.reading(T0 + HOUR, 2);
    bench.actor.seal(T0, { all: true });
    expect(bench.rows().map((r) => [r.hour, r.sumHi])).toEqual([
      [H0, 1],
      [H0 + 1, 2],
    ]);
  });

  it('a series that counts more readings than one running sum may hold becomes several rows in different blocks', () => {
    const bench = new ActorBench();
    for (let i = 0; i < CELL_READINGS_MAX * 2 + 5; i++) bench.reading(T0 + i, 1);
    bench.actor.seal(T0, { all: true });
    const rows = bench.rows();
    expect(rows.map((r) => r.count).sort((a, b) => a - b)).toEqual([5, CELL_READINGS_MAX, CELL_READINGS_MAX]);
    expect(new Set(rows.map((r) => r.block)).size).toBe(3);
  });
});

describe('frames whose names are kept once, by the actor', () => {
  const SENSORS = 500;
  const FRAMES = 12;
  const frame = (number: number, timeMs: number): Uint8Array =>
    encodeFrame({
      metric: 'temp',
      baseMs: timeMs,
      sensors: Array.from({ length: SENSORS }, (_, i) => `s${String(number * SENSORS + i)}`),
      values: new Float64Array(SENSORS).fill(number),
    });
  const all = Array.from({ length: FRAMES }, (_, number) => number);
  const sendAll = (bench: ActorBench, numbers: readonly number[], timeMs: number): void => {
    for (const number of numbers)
      bench.send({ payload: frame(number, timeMs), subject: `city.mid.air.gw${String(number)}`, receivedMs: timeMs });
  };
  const sumsOf = (bench: ActorBench, hour: number): Record<string, number> =>
    Object.fromEntries(bench.rows().flatMap((row) => (row.hour === hour ? [[row.sensor, row.sumHi]] : [])));
  const twiceEach = Object.fromEntries(
    Array.from({ length: FRAMES * SENSORS }, (_, i) => [`s${String(i)}`, 2 * Math.floor(i / SENSORS)]),
  );

  it('are counted under their names after most series were forgotten', () => {
    const bench = new ActorBench();
    sendAll(bench, all, T0);
    sendAll(bench, all, T0);
    // Only the last one goes on for an hour: the others' slots are given to nobody any more.
    for (const hour of [1, 2]) {
      sendAll(bench, all.slice(-1), T0 + hour * HOUR + 6_000);
      bench.actor.seal(T0 + hour * HOUR + 6_000);
    }
    expect(bench.actor.seriesCount).toBe(SENSORS);
    expect(sumsOf(bench, H0)).toEqual(twiceEach);
    sendAll(bench, all.toReversed(), T0 + 3 * HOUR + 6_000);
    sendAll(bench, all, T0 + 3 * HOUR + 6_000);
    bench.actor.seal(T0 + 3 * HOUR + 6_000, { all: true });
    expect(sumsOf(bench, H0 + 3)).toEqual(twiceEach);
  });

  it('are counted under their names by the next actor of the same thread', () => {
    const bench = new ActorBench();
    sendAll(bench, all, T0);
    const kept = bench.checkpoint();
    sendAll(bench, all, T0);
    bench.recover(kept, 'same');
    sendAll(bench, all.toReversed(), T0);
    bench.actor.seal(T0, { all: true });
    expect(sumsOf(bench, H0)).toEqual(twiceEach);
  });
});

describe('invariant 1: position beside state', () => {
  it('a message below the position is passed over', () => {
    const bench = new ActorBench();
    bench.reading(T0, 1);
    bench.send({ sequence: 1, payload: [{ n: 's1/temp', t: T0 / 1000, v: 1 }] });
    expect(bench.actor.totals.readingsCounted).toBe(1);
  });

  it('an actor restored from a checkpoint and given the rest of the stream has the rows of one that never died', () => {
    const drive = (crash: boolean): unknown => {
      const bench = new ActorBench();
      for (let i = 0; i < 50; i++) bench.reading(T0 + i * 60_000, i * 0.1, { sensor: `s${String(i % 7)}` });
      const kept = bench.checkpoint();
      const sequence = bench.sequence;
      if (crash) {
        for (let i = 50; i < 80; i++) bench.reading(T0 + i * 60_000, 7, { sensor: 'lost with the memory' });
        bench.recover(kept);
      }
      expect(bench.actor.position).toBe(sequence + 1);
      for (let i = 0; i < 40; i++) {
        bench.send({
          sequence: sequence + 1 + i,
          receivedMs: T0 + HOUR,
          payload: [{ n: `s${String(i % 9)}/temp`, t: T0 / 1000 + i, v: i }],
        });
      }
      bench.actor.seal(T0, { all: true });
      return bench.rows().map(({ sensor, hour, count, sumHi, min, max }) => ({ sensor, hour, count, sumHi, min, max }));
    };
    expect(drive(true)).toEqual(drive(false));
  });
});

describe('invariant 2: blocks before rows', () => {
  it('a block may be inserted only after a manifest that lists it was committed', () => {
    const bench = new ActorBench();
    bench.reading(T0, 1);
    bench.actor.seal(T0, { all: true });
    expect([...bench.actor.outbox.entries()].map((e) => e.state)).toEqual(['sealed']);
    const insertable = bench.actor.outbox.committed(bench.actor.outbox.unconfirmed().map((b) => b.block));
    expect(insertable).toHaveLength(1);
    expect([...bench.actor.outbox.entries()].map((e) => e.state)).toEqual(['committed']);
  });

  it('a recovered actor holds the unconfirmed blocks with the same bytes, and goes on with the next number', () => {
    const bench = new ActorBench();
    bench.reading(T0, 1);
    bench.actor.seal(T0, { all: true });
    const kept = bench.checkpoint();
    const bytes = kept.blocks[0]?.bytes;
    bench.recover(kept);
    expect(bench.actor.outbox.unconfirmed()[0]?.bytes).toEqual(bytes);
    bench.reading(T0 + 1, 1);
    bench.actor.seal(T0, { all: true });
    expect(bench.actor.outbox.unconfirmed().map((b) => b.block)).toEqual([1, 2]);
  });
});

describe('invariant 4: a block is one month, with one row a key', () => {
  it('readings of 120 months become 120 blocks of one month each', () => {
    const bench = new ActorBench();
    const payload = Array.from({ length: 120 }, (_, i) => ({ n: 's1/temp', t: Date.UTC(2010, i, 15) / 1000, v: i }));
    bench.send({ payload, receivedMs: T0 });
    bench.actor.seal(T0, { all: true });
    expect(bench.actor.outbox.unconfirmed().map((b) => b.rows)).toEqual(Array.from({ length: 120 }, () => 1));
    expect(new Set(bench.actor.outbox.unconfirmed().map((b) => b.month)).size).toBe(120);
  });

  it('no key stands twice in a block', () => {
    const bench = new ActorBench();
    for (let i = 0; i < CELL_READINGS_MAX + 1; i++) bench.reading(T0 + i, 1);
    for (let i = 0; i < 500; i++) bench.reading(T0 + i * 10_000, 1, { sensor: `s${String(i % 5)}` });
    bench.actor.seal(T0, { all: true });
    const keys = bench.rows().map((r) => `${String(r.block)} ${r.sensor} ${r.metric} ${String(r.hour)}`);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('invariant 6: late is a correction, not a loss', () => {
  it('a reading for a closed hour becomes a revised row in a later block', () => {
    const bench = new ActorBench();
    bench.reading(T0, 1);
    bench.reading(T0 + HOUR + 10_000, 1);
    bench.actor.seal(T0 + HOUR + 10_000);
    bench.reading(T0 + 5, 4, { receivedMs: T0 + HOUR + 11_000 });
    bench.actor.seal(T0 + HOUR + 10_000 + LATE_SEAL_INTERVAL_MS);
    const rows = bench.rows().filter((r) => r.hour === H0);
    expect(rows.map((r) => [r.count, r.sumHi, r.revised])).toEqual([
      [1, 1, false],
      [1, 4, true],
    ]);
    expect(bench.actor.totals.readingsLate).toBe(1);
  });
});

describe('invariant 7: time only moves on', () => {
  it('the watermark does not fall when an old reading comes', () => {
    const bench = new ActorBench();
    bench.reading(T0 + HOUR, 1);
    const before = bench.actor.watermarkMs;
    bench.reading(T0 - HOUR, 1, { receivedMs: T0 + HOUR });
    expect(bench.actor.watermarkMs).toBe(before);
  });

  it('a reading ahead of the broker’s time does not push the watermark past it', () => {
    const bench = new ActorBench();
    bench.reading(T0 + 300_000, 1, { receivedMs: T0 });
    expect(bench.actor.watermarkMs).toBe(T0 - 5_000);
  });

  it('a partition that has just had a message does not follow the frontier, an idle one does', () => {
    const bench = new ActorBench();
    bench.reading(T0 - 10 * HOUR, 1, { receivedMs: T0 });
    bench.actor.followFrontier(T0 + 500);
    expect(bench.actor.watermarkMs).toBe(T0 - 10 * HOUR - 5_000);
    bench.actor.followFrontier(T0 + 3_000);
    expect(bench.actor.watermarkMs).toBe(T0 - 2_000);
  });

  it('an hour is final only when the blocks sealed up to then are confirmed', () => {
    const bench = new ActorBench();
    bench.reading(T0, 1);
    bench.reading(T0 + HOUR + 6_000, 1);
    bench.actor.seal(T0 + HOUR + 6_000);
    expect(bench.actor.finalThroughMs()).toBe(0);
    bench.checkpoint();
    bench.confirmAll();
    expect(bench.actor.finalThroughMs()).toBe(T0 + HOUR);
  });
});

describe('invariant 8: the open hour is read without a gap or a double', () => {
  it('windows and unconfirmed rows of an hour add up, and confirmed ones are the table’s', () => {
    const bench = new ActorBench();
    const request = { fromHour: H0, toHour: H0 + 1, limit: 10 };
    bench.reading(T0, 1);
    bench.actor.seal(T0, { all: true });
    bench.reading(T0 + 1, 2);
    expect(bench.actor.openHours(request)).toMatchObject([{ count: 2, sumHi: 3, min: 1, max: 2 }]);
    bench.checkpoint();
    bench.confirmAll();
    expect(bench.actor.openHours(request)).toMatchObject([{ count: 1, sumHi: 2, min: 2, max: 2 }]);
  });

  it('rows come in the order of keys, after the cursor, no more than wanted', () => {
    const bench = new ActorBench();
    for (let i = 0; i < 100; i++) bench.reading(T0, i, { sensor: `s${String(99 - i).padStart(2, '0')}` });
    const first = bench.actor.openHours({ fromHour: H0, toHour: H0 + 1, limit: 3 });
    expect(first.map((r) => r.sensor)).toEqual(['s00', 's01', 's02']);
    const next = bench.actor.openHours({ fromHour: H0, toHour: H0 + 1, limit: 2, after: first[2]! });
    expect(next.map((r) => r.sensor)).toEqual(['s03', 's04']);
  });

  it('a list of series is answered for these series alone, from windows and from unconfirmed rows', () => {
    const bench = new ActorBench();
    for (const sensor of ['s1', 's2', 's3']) bench.reading(T0, 1, { sensor });
    bench.actor.seal(T0, { all: true });
    for (const sensor of ['s1', 's2', 's3']) bench.reading(T0 + 1, 2, { sensor });
    const [first, , third] = bench.actor.openHours({ fromHour: H0, toHour: H0 + 1, limit: 10 });
    const series = [first!, { ...third!, metric: 'other' }];
    const rows = bench.actor.openHours({ fromHour: H0, toHour: H0 + 1, limit: 10, series });
    expect(rows).toMatchObject([{ sensor: 's1', count: 2, sumHi: 3 }]);
  });
});

describe('sent twice, counted once', () => {
  const payload = [{ n: 's1/temp', t: T0 / 1000, v: 1 }];

  it('a number of a session counts once, in any order, also after a recovery', () => {
    const bench = new ActorBench();
    for (const number of [5, 3, 5, 4, 3]) bench.send({ payload, seq: { session: 'a', number } });
    bench.recover(bench.checkpoint());
    for (const number of [5, 6, 3]) bench.send({ payload, seq: { session: 'a', number } });
    expect(bench.actor.totals).toMatchObject({ readingsCounted: 4, messagesDuplicate: 4, messages: 8 });
  });

  it('a number 1,024 behind the highest is stale, one less is not', () => {
    const bench = new ActorBench();
    bench.send({ payload, seq: { session: 'a', number: 2_000 } });
    bench.send({ payload, seq: { session: 'a', number: 2_000 - 1_023 } });
    bench.send({ payload, seq: { session: 'a', number: 2_000 - 1_024 } });
    expect(bench.actor.totals).toMatchObject({ messagesUsed: 2, messagesRejected: 1 });
    expect(bench.actor.snapshot().rejects.map((r) => r.reason)).toEqual(['stale-sequence']);
  });

  it('sessions of different sources and kinds: a source is one over all kinds', () => {
    const bench = new ActorBench();
    bench.send({ payload, seq: { session: 'a', number: 1 }, subject: 'city.mid.air.gw' });
    bench.send({ payload, seq: { session: 'a', number: 1 }, subject: 'city.mid.noise.gw' });
    bench.send({ payload, seq: { session: 'a', number: 1 }, subject: 'city.mid.air.gw2' });
    expect(bench.actor.totals).toMatchObject({ messagesUsed: 2, messagesDuplicate: 1 });
  });
});

describe('invariant 14: the books balance', () => {
  it('every message is used, duplicate or rejected, and counted readings are sealed or open', () => {
    const bench = new ActorBench();
    bench.reading(T0, 1);
    bench.send({
      payload: [
        { n: 's1/temp', v: 1 },
        { n: 's1/temp', v: 'x' },
        { n: 'far/temp', t: T0 / 1000 + 9_999, v: 1 },
      ],
    });
    bench.send({ payload: new TextEncoder().encode('[{') });
    bench.send({ payload: [{ n: 's1/temp', v: 1 }], seq: 'malformed' });
    bench.actor.seal(T0, { all: true });
    bench.reading(T0, 1);
    const { totals, openReadings } = bench.actor;
    expect(totals.messages).toBe(totals.messagesUsed + totals.messagesDuplicate + totals.messagesRejected);
    expect(totals.readingsCounted).toBe(totals.readingsSealed + openReadings);
    expect(totals).toMatchObject({
      messages: 5,
      messagesUsed: 3,
      messagesRejected: 2,
      readingsCounted: 3,
      readingsRejected: 2,
      readingsSealed: 2,
    });
    expect(bench.actor.snapshot().rejects.map((r) => [r.reason, r.indexes])).toEqual([
      ['not-numeric', '1'],
      ['future', '2'],
      ['malformed', ''],
      ['malformed', ''],
    ]);
  });
});

describe('invariant 13: everything is bounded', () => {
  it('series that have gone are forgotten, and those that stay keep their figures', () => {
    const bench = new ActorBench();
    for (let i = 0; i < 6_000; i++) bench.reading(T0, 1, { sensor: `gone${String(i)}` });
    bench.actor.seal(T0, { all: true });
    bench.checkpoint();
    bench.confirmAll();
    bench.reading(T0 + HOUR + 1, 1, { sensor: 'stays' });
    bench.reading(T0 + 2 * HOUR + 10_000, 2, { sensor: 'stays' });
    bench.actor.seal(T0 + 2 * HOUR + 10_000);
    expect(bench.actor.seriesCount).toBe(1);
    bench.recover(bench.checkpoint());
    bench.actor.seal(T0, { all: true });
    expect(bench.rows().map((r) => [r.sensor, r.hour - H0, r.sumHi])).toEqual([
      ['stays', 1, 1],
      ['stays', 2, 2],
    ]);
  });
});
