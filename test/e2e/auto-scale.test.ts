/** A pool that follows the load: real threads, a real broker, a real database. */
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/model/config.ts';
import { connectNats } from '../../src/runtime/connections.ts';
import { startNode, type WorkerNode } from '../../src/runtime/node.ts';
import { ensureTopology } from '../../src/runtime/topology.ts';
import { startTestDatabase, type TestDatabase } from '../support/clickhouse.ts';
import { TestBroker } from '../support/nats.ts';
import { Program } from '../support/program.ts';
import { until } from '../support/until.ts';

const FOLLOW_MS_MAX = 60_000;

describe('with free processors', () => {
  let broker: TestBroker;
  let database: TestDatabase;
  let nc: NatsConnection;
  let node: WorkerNode;
  let load: ReturnType<typeof publishPacks>;
  afterEach(async () => {
    await load.stop();
    await node.stop();
    await nc.close();
    await database.stop();
    await broker.stop();
  });

  it('a load makes the pool grow, calm makes it shrink, and every message counts once', async () => {
    [broker, database] = await Promise.all([TestBroker.start(), startTestDatabase()]);
    nc = await connectNats(broker.url, 'test');
    const config = readConfig({ HOURGLASS_WORKERS: 'auto:1..3', HOURGLASS_PARTITIONS: '8' });
    const topology = await ensureTopology(nc, config);
    const said: string[] = [];
    const say = (text: string): void => void said.push(text);
    load = publishPacks(nc);
    node = await startNode({
      config,
      natsUrl: broker.url,
      clickhouseUrl: database.url,
      topology,
      log: { debug: say, info: say, warn: say, error: say },
      // What other programs leave of this machine is not the subject.
      autoScaler: { freeCores: () => 1, pace: { growAfterMs: 0, settleMs: 0, shrinkAfterMs: 1_000 } },
    });
    await node.started;
    const threads = (): number => node.stats().threads.length;
    await until('the pool has grown to its bound', FOLLOW_MS_MAX, () => threads() === 3);
    const sent = await load.stop();
    await until('all is counted', FOLLOW_MS_MAX, () => node.stats().totals.messagesUsed === sent);
    await until('the pool has shrunk to its bound', FOLLOW_MS_MAX, () => threads() === 1);
    await until('all is still counted once', FOLLOW_MS_MAX, () => node.stats().totals.messagesUsed === sent);
    expect(said.join('\n')).toMatch(/worker threads: 1 -> 2[^]*2 -> 3[^]*3 -> 2[^]*2 -> 1/);
  });
});

describe('the program', () => {
  let program: Program;
  afterEach(() => program.dispose());

  it('takes bounds from its environment, the command line and the API; a number turns them off', async () => {
    program = await Program.start({ HOURGLASS_WORKERS: 'auto:2..3' });
    const pool = (): Promise<unknown> => program.get<unknown>('/v1/admin/pool');
    expect(await pool()).toMatchObject({ workers: 2, nodes: [{ auto: { min: 2, max: 3 } }] });
    expect(await program.run('scale', '1')).toMatchObject({
      code: 0,
      output: expect.stringContaining('no longer do'),
    });
    expect(await pool()).toMatchObject({ workers: 1, nodes: [{ auto: null }] });
    expect(await program.run('scale', '--auto', '--min', '3', '--max', '4')).toMatchObject({
      code: 0,
      output: expect.stringContaining('follow the load, 3 to 4'),
    });
    expect(await pool()).toMatchObject({ workers: 3, nodes: [{ auto: { min: 3, max: 4 } }] });
    for (const bad of [['scale'], ['scale', '2', '--auto'], ['scale', '2', '--max', '3']])
      expect(await program.run(...bad), bad.join(' ')).toMatchObject({ code: 2 });
  });
});

/**
 * Packs of readings over all partitions, which cost a worker more than they cost us, since their version makes them go
 * through the full parser; `stop` gives how many there are.
 */
function publishPacks(nc: NatsConnection): { stop(): Promise<number> } {
  const js = jetstream(nc);
  const stopped = new AbortController();
  const records = Array.from({ length: 1_000 }, (_, at) => `{"bver":10,"n":"s${String(at)}/m","v":${String(at)}}`);
  const payload = `[${records.join(',')}]`;
  const running = (async (): Promise<number> => {
    let sent = 0;
    for (; !stopped.signal.aborted; sent++)
      await js.publish(`sensors.busy.d.air.gw-${String(sent % 100)}`, payload, { timeout: 30_000 });
    return sent;
  })();
  return {
    stop: () => {
      stopped.abort();
      return running;
    },
  };
}
