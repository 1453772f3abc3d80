/** A partition's life on a host, with its checkpoints in the real broker. */
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decoding } from '../../test/support/actor-bench.ts';
import { blocksOf, encode, fact } from '../../test/support/clickhouse.ts';
import { TestBroker } from '../../test/support/nats.ts';
import { CellArena } from '../actors/cell-arena.ts';
import { ByteSpan } from '../model/byte-span.ts';
import { systemClock } from '../model/clock.ts';
import { readConfig } from '../model/config.ts';
import { hourStartMs } from '../model/hour.ts';
import { KvCheckpointStore } from './checkpoint-store.ts';
import { connectNats } from './connections.ts';
import { PartitionRunner } from './partition-runner.ts';
import { ensureTopology } from './topology.ts';

let broker: TestBroker;
let nc: NatsConnection;
let store: KvCheckpointStore;
beforeAll(async () => {
  broker = await TestBroker.start();
  nc = await connectNats(broker.url, 'test');
  await ensureTopology(nc, readConfig({}));
  store = await KvCheckpointStore.open(nc, systemClock);
});
afterAll(async () => {
  await nc.close();
  await broker.stop();
});

const HOUR = 490_000;

function open(owner: string, partition = 5): Promise<PartitionRunner> {
  const ports = {
    store,
    clock: systemClock,
    rejects: { send: () => Promise.resolve() },
    decode: decoding(),
  };
  const options = { partition, incarnation: 1, disorderMs: 0, horizonMs: 0, ledgerPeriodMs: 60_000 };
  return PartitionRunner.open(ports, options, owner, new CellArena());
}

function receive({ actor }: PartitionRunner, sequence: number, hour?: number): void {
  actor.receive({
    sequence,
    receivedMs: hour === undefined ? systemClock.nowMs() : hourStartMs(hour),
    subject: 'c.d.air.gw',
    tokens: { city: 'c', district: 'd', kind: 'air', source: 'gw' },
    contentType: undefined,
    sourceSequence: null,
    payload: ByteSpan.of(Buffer.from('[{"n":"s/m","v":1}]')),
  });
}

describe('confirmations alone', () => {
  /** With an hour that has ended and one that is open, a committed block of each. */
  async function withEndedHour(partition: number): Promise<{ runner: PartitionRunner; confirm: () => void }> {
    const runner = await open('one', partition);
    receive(runner, 1, HOUR);
    receive(runner, 2, HOUR + 1);
    runner.actor.seal(0);
    const blocks = await runner.commit();
    expect(blocks.map(({ rows }) => rows)).toEqual([1, 1]);
    return {
      runner,
      confirm: () => {
        for (const { block } of blocks) runner.confirm(block);
      },
    };
  }

  it('make an hour final and leave all else as the last checkpoint has it', async () => {
    const { runner, confirm } = await withEndedHour(1);
    const before = (await store.load(1))!.manifest;
    expect(runner.confirmsFinalHours).toBe(false);
    receive(runner, 3, HOUR + 1);
    confirm();
    expect(runner.confirmsFinalHours).toBe(true);
    await runner.commitConfirmations();
    const { manifest } = (await store.load(1))!;
    expect(manifest).toMatchObject({ windows: before.windows, blocks: [], committedMs: before.committedMs });
    expect(manifest.state).toEqual({ ...before.state, finalThroughMs: hourStartMs(HOUR + 1) });
    expect(runner).toMatchObject({ confirmsFinalHours: false, makesHoursFinal: false, hasNews: true });
    expect((await open('two', 1)).actor).toMatchObject({ position: 3, openReadings: 0 });
  });

  it('do not make an hour final that was closed after the last checkpoint', async () => {
    const { runner, confirm } = await withEndedHour(2);
    confirm();
    receive(runner, 3, HOUR + 3);
    runner.actor.seal(0);
    expect(runner.actor.outbox.size).toBe(2);
    expect(runner.actor.finalThroughMs()).toBe(hourStartMs(HOUR + 3));
    await runner.commitConfirmations();
    expect((await store.load(2))!.manifest.state?.finalThroughMs).toBe(hourStartMs(HOUR + 1));
  });

  it('are not taken for the checkpoint for which somebody waits', async () => {
    const { runner, confirm } = await withEndedHour(3);
    confirm();
    receive(runner, 3, HOUR + 1);
    const confirming = runner.commitConfirmations();
    await Promise.all([runner.commit(), confirming]);
    expect((await store.load(3))!.manifest).toMatchObject({ blocks: [], state: { position: 4 } });
  });
});

it('a block of rows that a checkpoint of an earlier release holds is taken over as one of columns, and kept where it is', async () => {
  const before = await open('earlier', 6);
  receive(before, 1, HOUR);
  await before.commit();
  const { manifest, revision } = (await store.load(6))!;
  const facts = [fact({ partition: 6, block: 1 }), fact({ partition: 6, block: 1, sensor: 's2' })];
  const blob = await store.putBlob(6, manifest.epoch, 1_000, 0, encode(facts));
  const blocks = [{ block: 1, month: 202_611, rows: 2, readings: 2, blob }];
  await store.swap({ ...manifest, blocks }, revision);

  const now = await open('now', 6);
  expect(now.actor.outbox.unconfirmed().map(({ bytes }) => bytes)).toEqual(blocksOf(facts));
  receive(now, 2, HOUR);
  await now.commit();
  expect((await store.load(6))!.manifest.blocks).toEqual(blocks);
});

it('invariant 1: a runner whose memory was given back commits nothing, though the fence still holds', async () => {
  const first = await open('first');
  receive(first, 1);
  receive(first, 2);
  await first.commit();
  expect(first.actor.openReadings).toBe(2);
  const committed = await store.load(5);

  receive(first, 3);
  first.release();
  // Who was stopping while its lease was lost comes by again.
  expect(await first.commit()).toEqual([]);
  await first.commitFinally();
  expect(await store.load(5)).toEqual(committed);

  const second = await open('second');
  expect(second.actor).toMatchObject({ position: 3, openReadings: 2 });
});
