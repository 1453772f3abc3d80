/** Worker threads that stand still or take too much memory: real threads, a real broker, a real database. */
import { fileURLToPath } from 'node:url';
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { Piscina } from 'piscina';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../src/model/clock.ts';
import { readConfig } from '../src/model/config.ts';
import { PROGRESS_REBUILD_MS, THREAD_MEMORY_MS_MAX } from '../src/model/limits.ts';
import { connectNats } from '../src/runtime/connections.ts';
import { budgetOf, type MemoryBudget } from '../src/runtime/memory-budget.ts';
import { READINGS_STREAM } from '../src/runtime/message-source.ts';
import { SupervisedThread } from '../src/runtime/supervised-thread.ts';
import { ensureTopology } from '../src/runtime/topology.ts';
import { startTestDatabase, type TestDatabase } from './support/clickhouse.ts';
import { TestBroker } from './support/nats.ts';
import { until } from './support/until.ts';

const HOST = fileURLToPath(new URL('../dist/runtime/host.worker.js', import.meta.url));
const START_MS_MAX = 30_000;
const PATIENCE_MS = 60_000;
const ROOM = budgetOf(4 * 1024 ** 3, 1, false);

describe('a worker thread', { timeout: 120_000 }, () => {
  let broker: TestBroker;
  let database: TestDatabase;
  let nc: NatsConnection;
  let jsm: JetStreamManager;
  let pool: Piscina;
  let thread: SupervisedThread;
  let said: string[];
  beforeEach(async () => {
    [broker, database] = await Promise.all([TestBroker.start(), startTestDatabase()]);
    nc = await connectNats(broker.url, 'test');
    jsm = await jetstreamManager(nc);
    pool = new Piscina({ filename: HOST, maxThreads: 1, atomics: 'disabled' });
    said = [];
  });
  afterEach(async () => {
    await thread.stop({ patienceMs: 0, nodeLeaves: null });
    await pool.destroy();
    await nc.close();
    await database.stop();
    await broker.stop();
  });

  async function start(budget: MemoryBudget): Promise<void> {
    const topology = await ensureTopology(nc, readConfig({ HOURGLASS_PARTITIONS: '2' }));
    const say = (text: string): void => void said.push(text);
    thread = new SupervisedThread(
      pool,
      {
        natsUrl: broker.url,
        clickhouseUrl: database.url,
        partitionsOfStream: topology.partitions,
        host: {
          owner: 'test/0',
          incarnation: topology.incarnation,
          disorderMs: 0,
          horizonMs: 0,
          ledgerPeriodMs: 3_600_000,
        },
      },
      { accuse: () => Promise.resolve(1) },
      { clock: systemClock, log: { debug: say, info: say, warn: say, error: say }, budget },
    );
    thread.join();
    await Promise.race([
      thread.started,
      systemClock.sleep(START_MS_MAX).then(() => {
        throw new Error(said.join('\n'));
      }),
    ]);
  }

  it('that stands still while messages wait reads through a new consumer', async () => {
    await start(ROOM);
    const [consumer] = await jsm.consumers.list(READINGS_STREAM).next();
    // The broker goes on sending signs of life, and no message: what a consumer that stalls looks like.
    await jsm.consumers.pause(READINGS_STREAM, consumer?.name ?? '', new Date(Date.now() + 3_600_000));
    await jetstream(nc).publish('sensors.c.d.air.gw', '[{"n":"s/m","v":1}]');
    await until(
      'the message is taken',
      PROGRESS_REBUILD_MS + PATIENCE_MS,
      () => thread.stats?.totals.messagesUsed === 1,
    );
    expect(said.join('\n')).toMatch(/1 messages wait and none has come for 10 s: reading anew/);
    expect(thread.restarts).toBe(0);
  });

  it('that stays above its memory is started anew, and says why', async () => {
    await start({ ...ROOM, threadBytesMax: 1024 });
    await until('it is started anew', THREAD_MEMORY_MS_MAX + PATIENCE_MS, () => thread.restarts > 0);
    expect(said.join('\n')).toMatch(
      /worker test\/0 failed \(it takes \d+ MiB, its part of the machine's memory is 0 MiB/,
    );
    // Its budget grows: it goes on from its checkpoints.
    thread.setBudget(ROOM);
    await jetstream(nc).publish('sensors.c.d.air.gw', '[{"n":"s/m","v":1}]');
    await until('it counts', PATIENCE_MS, () => thread.stats?.totals.messagesUsed === 1);
  });
});
