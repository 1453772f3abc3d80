/** A partition's life on a host, with its checkpoints in the real broker. */
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { decoding } from '../../test/support/actor-bench.ts';
import { TestBroker } from '../../test/support/nats.ts';
import { CellArena } from '../actors/cell-arena.ts';
import { ByteSpan } from '../model/byte-span.ts';
import { systemClock } from '../model/clock.ts';
import { readConfig } from '../model/config.ts';
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

function open(owner: string): Promise<PartitionRunner> {
  const ports = {
    store,
    clock: systemClock,
    rejects: { send: () => Promise.resolve() },
    decode: decoding(),
  };
  const options = { partition: 5, incarnation: 1, disorderMs: 0, horizonMs: 0, ledgerPeriodMs: 60_000 };
  return PartitionRunner.open(ports, options, owner, new CellArena());
}

function receive({ actor }: PartitionRunner, sequence: number): void {
  actor.receive({
    sequence,
    receivedMs: systemClock.nowMs(),
    subject: 'c.d.air.gw',
    tokens: { city: 'c', district: 'd', kind: 'air', source: 'gw' },
    contentType: undefined,
    sourceSequence: null,
    payload: ByteSpan.of(Buffer.from('[{"n":"s/m","v":1}]')),
  });
}

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
