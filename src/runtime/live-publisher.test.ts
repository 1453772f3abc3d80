import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { ActorBench, HOUR, T0 } from '../../test/support/actor-bench.ts';
import { TestBroker } from '../../test/support/nats.ts';
import { until } from '../../test/support/until.ts';
import type { Clock } from '../model/clock.ts';
import { hourOf } from '../model/hour.ts';
import { LIVE_LEASE_MS, LIVE_ROWS_PER_MESSAGE } from '../model/limits.ts';
import type { LiveInterest, LiveSource, LiveUpdate } from '../model/live.ts';
import { createLiveSource } from './live-listener.ts';
import { type LiveHost, LivePublisher } from './live-publisher.ts';

const WAIT_MS = 10_000;
const H0 = hourOf(T0);
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

let broker: TestBroker;
let api: NatsConnection;
let worker: NatsConnection;
beforeAll(async () => {
  broker = await TestBroker.start();
  api = await connect({ servers: broker.url });
  worker = await connect({ servers: broker.url });
});
afterAll(async () => {
  await api.close();
  await worker.close();
  await broker.stop();
});

/** A publisher whose rounds and time the test makes; its actor's city is `city`. */
class World implements LiveHost {
  readonly bench = new ActorBench();
  readonly updates: LiveUpdate[] = [];
  epoch = 1;
  isHeld = true;
  nowMs = 0;
  #goOn: () => void = () => undefined;
  #rounds = 0;
  readonly source: LiveSource;
  readonly publisher: LivePublisher;
  #runner = { actor: this.bench.actor, epoch: 1, edge: () => this.#edge() };

  constructor() {
    const clock: Clock = {
      nowMs: () => 0,
      monotonicMs: () => this.nowMs,
      sleep: (ms, signal) =>
        ms === 0
          ? Promise.resolve()
          : new Promise((resolve) => {
              this.#rounds += 1;
              this.#goOn = resolve;
              signal?.addEventListener('abort', () => resolve());
            }),
    };
    this.source = createLiveSource(api);
    this.source.listen('city', (update) => this.updates.push(update));
    this.publisher = new LivePublisher(worker, this, { clock, log, owner: 'n/0' });
    this.publisher.start();
  }

  answering(): ReturnType<LiveHost['answering']> {
    return this.isHeld ? [this.#runner] : [];
  }

  /** The partition was lost and claimed again. */
  claimAgain(): void {
    this.#runner = { ...this.#runner, epoch: this.#runner.epoch + 1 };
  }

  async ask(more: Partial<LiveInterest> = {}): Promise<void> {
    await worker.flush();
    this.source.ask({ api: 'a', fromHour: H0, cities: ['city'], whole: [], ...more });
    await api.flush();
    await worker.flush();
  }

  /** Waits for the round that is under way, makes one more, and returns what was told in it. */
  async round(): Promise<LiveUpdate[]> {
    const [rounds, told] = [this.#rounds, this.updates.length];
    this.#goOn();
    await until('a round is over', WAIT_MS, () => this.#rounds > rounds);
    await worker.flush();
    await api.flush();
    return this.updates.slice(told);
  }

  async toldOnce(): Promise<LiveUpdate[]> {
    await until('something is told', WAIT_MS, () => this.updates.at(-1)?.isLast === true);
    return this.updates.splice(0);
  }

  #edge(): ReturnType<ReturnType<LiveHost['answering']>[number]['edge']> {
    const { partition, nextBlock, outbox } = this.bench.actor;
    return { partition, nextBlock, unconfirmed: outbox.unconfirmed().map(({ block }) => block) };
  }
}

let world: World;
beforeEach(() => {
  world = new World();
  return async () => {
    await world.publisher.stop();
  };
});

it('who begins to look is told all rows of the city at once, then those that have changed', async () => {
  world.bench.reading(T0 + 1, 5);
  world.bench.reading(T0 + 2, 6, { metric: 'hum' });
  world.bench.send({ subject: 'other.mid.air.gw', payload: [{ n: 's/temp', t: T0 / 1000, v: 1 }] });
  await world.ask();
  const [whole] = await world.toldOnce();
  expect(whole).toMatchObject({ owner: 'n/0', sequence: 0, isLast: true });
  expect(whole?.edges).toEqual([{ partition: 7, epoch: 1, nextBlock: 1, unconfirmed: [] }]);
  expect(whole?.rows.map(({ metric, count, sumHi }) => [metric, count, sumHi])).toEqual([
    ['temp', 1, 5],
    ['hum', 1, 6],
  ]);
  world.bench.reading(T0 + 3, 7);
  const [changed] = await world.round();
  expect(changed).toMatchObject({ session: whole?.session, sequence: 1, edges: null, isLast: true });
  expect(changed?.rows).toMatchObject([{ metric: 'temp', count: 2, sumHi: 12, min: 5, max: 7 }]);
  // Nothing has changed: it says that it lives.
  expect(await world.round()).toMatchObject([{ sequence: 2, rows: [] }]);
  await world.ask({ whole: ['city'] });
  expect(await world.round()).toMatchObject([{ sequence: 3, rows: [{ count: 2 }, { count: 1 }] }]);
});

it('an account of many rows is cut into messages, of which the last says so', async () => {
  const payload = Array.from({ length: LIVE_ROWS_PER_MESSAGE + 1 }, (_, at) => ({
    n: `s/m${String(at)}`,
    t: T0 / 1000,
    v: 1,
  }));
  world.bench.send({ payload });
  await world.ask();
  const told = await world.toldOnce();
  expect(told.map(({ rows, isLast, sequence }) => [rows.length, isLast, sequence])).toEqual([
    [LIVE_ROWS_PER_MESSAGE, false, 0],
    [1, true, 1],
  ]);
  expect(told.map(({ edges }) => edges?.length)).toEqual([1, undefined]);
});

it('another claim, or an earlier hour than anybody asked for, begins a new session with edges of its own', async () => {
  world.bench.reading(T0 - HOUR, 1);
  world.bench.reading(T0, 2);
  await world.ask();
  const [first] = await world.toldOnce();
  expect(first?.rows.length).toBe(1);
  world.bench.actor.seal(T0, { all: true });
  world.claimAgain();
  const [second] = await world.round();
  expect(second?.edges).toMatchObject([{ epoch: 2, nextBlock: 2, unconfirmed: [1] }]);
  await world.ask({ fromHour: H0 - 1 });
  const [third] = await world.round();
  expect(third?.rows.length).toBe(2);
  expect(new Set([first?.session, second?.session, third?.session]).size).toBe(3);
});

it('without the lease, and when nobody has asked for a while, nothing is told and nothing is kept', async () => {
  world.bench.reading(T0, 1);
  await world.ask();
  await world.toldOnce();
  world.isHeld = false;
  // It owns nothing, and says that.
  expect(await world.round()).toMatchObject([{ edges: [], rows: [] }]);
  world.isHeld = true;
  expect(await world.round()).toMatchObject([{ rows: [{ count: 1 }] }]);
  world.nowMs += LIVE_LEASE_MS;
  const told = world.updates.length;
  await world.publisher.stop();
  expect(world.updates.length).toBe(told);
  expect([...world.bench.actor.liveRows(H0)]).toEqual([]);
});
