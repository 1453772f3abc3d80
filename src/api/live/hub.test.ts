import { describe, expect, it } from 'vitest';
import { liveRow, LiveWorld, OPEN_HOUR, TestThread } from '../../../test/support/live-world.ts';
import { LIVE_HEARTBEAT_MS, LIVE_LINGER_MS, LIVE_SILENCE_MS_MAX, LIVE_STALL_MS_MAX } from '../../model/limits.ts';

const rowsOf = (count: number) => Array.from({ length: count }, (_, at) => liveRow({ metric: `m${String(at)}` }));

describe('invariant 8: no gap and no double', () => {
  it('an event adds up the threads’ figures and what the table held when they began', async () => {
    const world = new LiveWorld();
    world.base = [liveRow({ count: 100, sumHi: 1_000, min: -3, max: 4 })];
    const client = world.open();
    new TestThread(world, 'n/0').begin([0], [liveRow({ count: 2, sumHi: 50, min: 20, max: 30 })]);
    new TestThread(world, 'n/1').begin([1], [liveRow({ count: 3, sumHi: 70, min: 10, max: 25 })]);
    await world.pass(400);
    expect(client.events).toMatchObject([
      { city: 'lisbon', district: 'a', kind: 'air', metric: 'temp', hour: '2026-11-23T14:00:00Z' },
    ]);
    const figures = { count: 105, sum: 1_120, min: -3, max: 30, mean: 1_120 / 105, status: 'provisional' };
    expect(client.events[0]).toMatchObject({ ...figures, sensors: null, watermark: '2026-11-23T14:29:55.000Z' });
    expect(world.reads).toBe(1);
  });

  it('nothing is said while a partition is told of by nobody, or by two', async () => {
    const world = new LiveWorld();
    const client = world.open();
    const first = new TestThread(world, 'n/0');
    first.begin([0], [liveRow({})]);
    await world.pass(1_000);
    new TestThread(world, 'n/1').begin([0, 1], [liveRow({})]);
    await world.pass(1_000);
    expect(client.events).toEqual([]);
    expect(world.asked.at(-1)?.whole).toEqual(['lisbon']);
    first.begin([], []);
    await world.pass(1_000);
    expect(client.counts).toEqual([[1, 'provisional']]);
    expect(world.asked.at(-1)?.whole).toEqual([]);
  });

  it('a later owner of a partition replaces the earlier one, whose late words change nothing; the table is read again', async () => {
    const world = new LiveWorld();
    const client = world.open();
    const [dead, heir] = [new TestThread(world, 'n/0'), new TestThread(world, 'm/0')];
    dead.begin([0, 1], [liveRow({ count: 5 })], 3);
    await world.pass(400);
    world.base = [liveRow({ count: 4 })];
    heir.begin([0, 1], [liveRow({ count: 2 })], 4);
    dead.tellAll([liveRow({ count: 9 })]);
    await world.pass(1_400);
    expect(client.counts).toEqual([
      [5, 'provisional'],
      [6, 'provisional'],
    ]);
    expect(world.reads).toBe(2);
  });

  it('a message that was missed is noticed, and all rows are asked for', async () => {
    const world = new LiveWorld();
    const client = world.open();
    const thread = new TestThread(world, 'n/0');
    thread.begin([0, 1], [liveRow({ count: 1 })]);
    await world.pass(1_000);
    thread.lose();
    thread.tell(liveRow({ metric: 'other' }));
    await world.pass(1_000);
    expect(client.counts).toEqual([[1, 'provisional']]);
    expect(world.asked.at(-1)?.whole).toEqual(['lisbon']);
    thread.tellAll([liveRow({ count: 7 }), liveRow({ metric: 'other' })]);
    await world.pass(1_000);
    expect(client.counts.slice(1)).toEqual([
      [7, 'provisional'],
      [1, 'provisional'],
    ]);
    expect(world.asked.at(-1)?.whole).toEqual([]);
  });

  it('a thread that has fallen silent is no part of it any more', async () => {
    const world = new LiveWorld();
    const client = world.open();
    new TestThread(world, 'n/0').begin([0, 1], [liveRow({ count: 5 })]);
    await world.pass(LIVE_SILENCE_MS_MAX + 1_000);
    expect(world.asked.at(-1)?.whole).toEqual(['lisbon']);
    new TestThread(world, 'm/0').begin([0, 1], [liveRow({ count: 6 })], 2);
    await world.pass(1_000);
    expect(client.counts.map(([count]) => count)).toEqual([5, 6]);
  });
});

describe('events', () => {
  it('there is at most one a second for each key, with the newest figures', async () => {
    const world = new LiveWorld();
    const client = world.open();
    const thread = new TestThread(world, 'n/0');
    thread.begin([0, 1], []);
    await world.pass(400);
    for (let count = 1; count <= 30; count++) {
      thread.tell(liveRow({ count }));
      await world.pass(200);
    }
    await world.pass(1_000);
    // Six seconds of readings.
    expect(client.events.length).toBeGreaterThanOrEqual(6);
    expect(client.events.length).toBeLessThanOrEqual(8);
    expect(client.events.at(-1)?.count).toBe(30);
  });

  it('a filter is a filter', async () => {
    const world = new LiveWorld();
    const client = world.open({ district: 'b', metric: 'temp' });
    const rows = [liveRow({}), liveRow({ district: 'b' }), liveRow({ district: 'b', metric: 'hum' })];
    new TestThread(world, 'n/0').begin([0, 1], [...rows, liveRow({ district: 'b', kind: 'water' })]);
    await world.pass(400);
    expect(client.events.map(({ district, kind, metric }) => [district, kind, metric])).toEqual([
      ['b', 'air', 'temp'],
      ['b', 'water', 'temp'],
    ]);
  });

  it('an hour that becomes final is said once more, as the table has it, and never provisional again', async () => {
    const world = new LiveWorld();
    const client = world.open();
    const thread = new TestThread(world, 'n/0');
    thread.begin([0, 1], [liveRow({ count: 5 }), liveRow({ count: 1, hour: OPEN_HOUR + 1 })]);
    await world.pass(400);
    const final = { district: 'a', kind: 'air', metric: 'temp', hour: OPEN_HOUR, min: 20, max: 20, mean: 20 };
    world.finals = [{ ...final, count: 6, sum: 120, sensors: 3 }];
    world.finalHour += 1;
    thread.tell(liveRow({ count: 6 }));
    await world.pass(2_000);
    expect(client.events.map(({ count, status, sensors }) => [count, status, sensors])).toEqual([
      [5, 'provisional', null],
      [1, 'provisional', null],
      [6, 'final', 3],
    ]);
    // Hours below are of no interest to anybody now.
    expect(world.asked.at(-1)?.fromHour).toBe(OPEN_HOUR + 1);
    // Who comes after the full hour is told of it too.
    const late = world.open();
    await world.pass(200);
    expect(late.counts).toEqual([
      [1, 'provisional'],
      [6, 'final'],
    ]);
  });

  it('a table that cannot be read is read again, and said to be', async () => {
    const world = new LiveWorld();
    const client = world.open();
    world.base = new Proxy([], {
      get: () => {
        throw new Error('the database is away');
      },
    });
    new TestThread(world, 'n/0').begin([0, 1], [liveRow({})]);
    await world.pass(400);
    expect([client.events, world.errors.length]).toEqual([[], 1]);
    world.base = [];
    await world.pass(1_400);
    expect(client.counts).toEqual([[1, 'provisional']]);
  });
});

describe('resume', () => {
  it('who comes back with its last event id gets what has changed since, and no more', async () => {
    const world = new LiveWorld();
    const thread = new TestThread(world, 'n/0');
    const client = world.open();
    thread.begin([0, 1], rowsOf(3));
    await world.pass(400);
    client.subscription.end('closed');
    thread.tell(liveRow({ metric: 'm1', count: 2 }));
    await world.pass(2_000);
    const again = world.open({ lastEventId: client.events.at(-1)?.id });
    await world.pass(200);
    expect(again.events.map(({ metric, count }) => [metric, count])).toEqual([['m1', 2]]);
  });

  it('who comes with an id that is not known gets everything', async () => {
    const world = new LiveWorld();
    const first = world.open();
    new TestThread(world, 'n/0').begin([0, 1], rowsOf(3));
    await world.pass(400);
    const run = first.events[0]?.id.split('-')[0] ?? '';
    for (const lastEventId of ['00000000-3', `${run}-x`, run, '', `${run}--1`]) {
      const client = world.open({ lastEventId });
      await world.pass(200);
      expect([lastEventId, client.events.length]).toEqual([lastEventId, 3]);
    }
    // An id from the future is the newest there is.
    const ahead = world.open({ lastEventId: `${run}-999999` });
    await world.pass(200);
    expect(ahead.events).toEqual([]);
  });
});

describe('back pressure (invariant 13)', () => {
  it('a slow client gets the newest figures, once, and none of those in between', async () => {
    const world = new LiveWorld();
    const slow = world.open();
    const quick = world.open();
    const thread = new TestThread(world, 'n/0');
    thread.begin([0, 1], [liveRow({ count: 1 })]);
    await world.pass(400);
    slow.stall();
    for (let count = 2; count <= 21; count++) {
      thread.tell(liveRow({ count }));
      await world.pass(1_000);
    }
    slow.take();
    await world.pass(200);
    expect(quick.events.length).toBe(21);
    // It had asked once more before it stalled.
    expect(slow.counts.map(([count]) => count)).toEqual([1, 2, 21]);
  });

  it('a chunk is bounded; the rest comes with the next', async () => {
    const world = new LiveWorld();
    world.open();
    new TestThread(world, 'n/0').begin([0, 1], rowsOf(1_000));
    await world.pass(400);
    const subscription = world.hub.open({ city: 'lisbon', address: '::1', transport: 'sse' });
    const sizes: number[] = [];
    for (let got = 0; got < 1_000; got += sizes.at(-1) ?? 0) {
      const events = await subscription.next();
      sizes.push(events?.length ?? 0);
    }
    expect(sizes.length).toBeGreaterThan(2);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1_000);
  });

  it('after 15 s of silence there is a heartbeat; one that takes nothing for a minute is cut', async () => {
    const world = new LiveWorld();
    const [quick, dead] = [world.open(), world.open()];
    dead.stall();
    await world.pass(LIVE_HEARTBEAT_MS + 400);
    expect(quick.heartbeats).toBe(1);
    await world.pass(LIVE_STALL_MS_MAX + 400);
    expect(quick.ended).toBeNull();
    expect(dead.ended).toBe('too-slow');
    expect(world.hub.clients()).toEqual({ sse: 1, websocket: 0 });
  });

  it('clients, clients of an address, cities and keys have bounds', async () => {
    const world = new LiveWorld({ clientsMax: 4, clientsPerAddressMax: 2, citiesMax: 2, keysPerCityMax: 2 });
    const first = world.open();
    world.open({ transport: 'websocket' });
    expect(() => world.open()).toThrow(/2 live streams from your address/);
    world.open({ address: '::2', city: 'porto' });
    expect(() => world.open({ address: '::2', city: 'faro' })).toThrow(/as many cities/);
    world.open({ address: '::2' });
    expect(() => world.open({ address: '::3' })).toThrow(/has 4 live streams/);
    first.subscription.end('closed');
    const last = world.open({ address: '::3' });
    new TestThread(world, 'n/0').begin([0, 1], rowsOf(3));
    await world.pass(400);
    expect(last.ended).toBe('too-large');
    expect(() => world.open()).toThrow(/too many open hours/);
  });

  it('a city without clients is forgotten after a minute, and interest with it', async () => {
    const world = new LiveWorld();
    world.open().subscription.end('closed');
    await world.pass(LIVE_LINGER_MS - 400);
    expect(world.cities).toEqual(['lisbon']);
    await world.pass(800);
    expect(world.cities).toEqual([]);
    const asked = world.asked.length;
    await world.pass(5_000);
    expect(world.asked.length).toBe(asked);
    // Another feed, of which no earlier id is known.
    const again = world.open();
    new TestThread(world, 'n/0').begin([0, 1], [liveRow({})]);
    await world.pass(400);
    expect(again.counts).toEqual([[1, 'provisional']]);
  });

  it('closing ends every stream and opens no more', async () => {
    const world = new LiveWorld();
    const clients = [world.open(), world.open({ city: 'porto' })];
    await world.hub.close();
    expect(clients.map(({ ended }) => ended)).toEqual(['closing', 'closing']);
    expect(world.cities).toEqual([]);
    expect(() => world.open()).toThrow(/closing/);
  });
});
