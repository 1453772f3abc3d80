import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestBroker } from '../../test/support/nats.ts';
import { until } from '../../test/support/until.ts';
import { type AskedHost, answerQueries } from './query-responder.ts';
import { createWorkerQueries } from './worker-queries.ts';

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

/** Answers for what it holds then; `flushes` has the partitions of each flush that it was asked for. */
class Holder implements AskedHost {
  readonly flushes: (readonly number[])[] = [];
  readonly held: Set<number>;
  readonly #written = new Set<number>();
  readonly #work: () => Promise<void>;
  constructor(held: number[], work: () => Promise<void> = () => Promise.resolve()) {
    this.held = new Set(held);
    this.#work = work;
  }
  openHours(): ReturnType<AskedHost['openHours']> {
    return { rows: [], edges: [] };
  }
  status(): ReturnType<AskedHost['status']> {
    return [];
  }
  async flush(wanted: readonly number[] = []): ReturnType<AskedHost['flush']> {
    this.flushes.push(wanted);
    const partitions = wanted.filter((partition) => this.held.has(partition));
    await this.#work();
    const rows = partitions.filter((partition) => !this.#written.has(partition));
    for (const partition of rows) this.#written.add(partition);
    return { partitions, rows: rows.length };
  }
}

it('a flush waits for a partition that changes hands, and asks only for what is left', async () => {
  const giver = new Holder([0, 1]);
  const heir = new Holder([2]);
  const answering = [giver, heir].map((host) => answerQueries(worker, host, log));
  await worker.flush();
  const flushed = createWorkerQueries(api, 4).flush();
  await until('both were asked twice', 10_000, () => giver.flushes.length > 1 && heir.flushes.length > 1);
  heir.held.add(3);
  expect(await flushed).toEqual({ rows: 4 });
  expect(heir.flushes[0]).toEqual([0, 1, 2, 3]);
  expect(heir.flushes.at(-1)).toEqual([3]);
  for (const one of answering) one.stop();
});

it('a flush that takes long is asked for again and again, and made once', async () => {
  let finish = (): void => undefined;
  const slow = new Holder([0, 1], () => new Promise((resolve) => (finish = resolve)));
  const answering = answerQueries(worker, slow, log);
  let asked = 0;
  worker.subscribe('hourglass.flush', { callback: () => void asked++ });
  await worker.flush();
  const flushed = createWorkerQueries(api, 2).flush();
  await until('it was asked three times', 10_000, () => asked >= 3);
  finish();
  expect(await flushed).toEqual({ rows: 2 });
  expect(slow.flushes).toEqual([[0, 1]]);
  answering.stop();
});
