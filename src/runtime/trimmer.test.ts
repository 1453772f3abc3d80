import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestBroker } from '../../test/support/nats.ts';
import { type Clock, systemClock } from '../model/clock.ts';
import { readConfig } from '../model/config.ts';
import type { Log } from '../model/log.ts';
import { connectNats } from './connections.ts';
import { ensureTopology } from './topology.ts';
import { startTrimmer } from './trimmer.ts';

const silent = (): void => undefined;
const log: Log = { debug: silent, info: silent, warn: silent, error: silent };
const REPLAY_MS = 3_600_000;

let broker: TestBroker;
let nc: NatsConnection;
beforeAll(async () => {
  broker = await TestBroker.start();
  nc = await connectNats(broker.url, 'test');
});
afterAll(async () => {
  await nc.close();
  await broker.stop();
});

/** A clock that goes on when told; whoever sleeps is woken then. */
class SteppedClock implements Clock {
  #ms = 0;
  #wake: () => void = silent;
  #asleep: () => void = silent;
  nowMs = (): number => systemClock.nowMs();
  monotonicMs = (): number => this.#ms;
  sleep = (_ms: number, signal?: AbortSignal): Promise<void> => {
    this.#asleep();
    return new Promise((resolve) => {
      this.#wake = resolve;
      signal?.addEventListener('abort', () => resolve());
    });
  };
  /** Resolves when the trimmer has done what was due and sleeps again. */
  step(ms: number): Promise<void> {
    this.#ms += ms;
    const done = new Promise<void>((resolve) => (this.#asleep = resolve));
    this.#wake();
    return done;
  }
}

it('invariant 12: only what every committed checkpoint had used a replay period ago is removed', async () => {
  await ensureTopology(nc, readConfig({}));
  for (let i = 0; i < 100; i++) await jetstream(nc).publish('sensors.a.b.c.d', 'x');
  const firstSequence = async (): Promise<number> =>
    (await (await jetstreamManager(nc)).streams.info('READINGS')).state.first_seq;
  let leastPosition = 1;
  const cluster = {
    partitions: 64,
    incarnation: 1,
    finalThroughMs: () => 0,
    ownerOf: () => null,
    watermarkMs: () => 0,
    books: () => [],
    dataVersion: () => 0,
    tablesAreSettled: () => true,
    leastPosition: () => leastPosition,
    close: () => Promise.resolve(),
  };
  const clock = new SteppedClock();
  const trimmer = startTrimmer({ nc, cluster, clock, log }, REPLAY_MS);

  await clock.step(1_000);
  leastPosition = 40;
  await clock.step(1_000);
  expect(await firstSequence()).toBe(1);
  leastPosition = 90;
  await clock.step(REPLAY_MS - 2_000);
  expect(await firstSequence()).toBe(1);
  // The position that was seen a replay period ago, not today's.
  await clock.step(2_000);
  expect(await firstSequence()).toBe(40);
  await clock.step(REPLAY_MS);
  expect(await firstSequence()).toBe(90);
  await trimmer.stop();
});
