import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { TestBroker } from '../../test/support/nats.ts';
import { readConfig } from '../model/config.ts';
import { connectNats } from './connections.ts';
import { ensureTopology, readTopology } from './topology.ts';

let broker: TestBroker;
let nc: NatsConnection;
beforeAll(async () => {
  broker = await TestBroker.start();
});
afterAll(() => broker.stop());
beforeEach(async () => {
  nc = await connectNats(broker.url, 'test');
});
afterEach(async () => {
  const jsm = await jetstreamManager(nc);
  for (const { config } of await jsm.streams.list().next()) await jsm.streams.delete(config.name);
  await nc.close();
});
const CONFIG = readConfig({});

it('streams and buckets are made once, whoever comes first, and stay as they are', async () => {
  await expect(readTopology(nc)).rejects.toThrow('the stream READINGS is not there');
  const made = await Promise.all(Array.from({ length: 4 }, () => ensureTopology(nc, CONFIG)));
  for (const topology of made) expect(topology).toEqual(made[0]);
  expect(await ensureTopology(nc, { ...CONFIG, partitions: 8 })).toEqual({ ...made[0], partitions: 64 });
  expect(await readTopology(nc)).toEqual(made[0]);
});

/** Partitions of gw-1 and gw-2 in Aarhus north and gw-1 in Riga: what nats-server 2.12 gave. A change would move every sensor. */
const GOLDEN = ['40', '33', '57'];

it('a district’s readings are spread over partitions by their source, and each keeps its own (golden vector)', async () => {
  await ensureTopology(nc, CONFIG);
  const partitionOf = async (subject: string): Promise<string> => {
    const { seq } = await jetstream(nc).publish(subject, 'x');
    const message = await (await jetstreamManager(nc)).streams.getMessage('READINGS', { seq });
    expect(message?.subject.split('.').slice(2).join('.')).toBe(subject.slice('sensors.'.length));
    return message?.subject.split('.')[1] ?? '';
  };
  // The kind does not decide: a source's sequence numbers are over all its kinds.
  const first = await partitionOf('sensors.aarhus.north.air.gw-1');
  expect(await partitionOf('sensors.aarhus.north.traffic.gw-1')).toBe(first);
  expect([
    first,
    await partitionOf('sensors.aarhus.north.air.gw-2'),
    await partitionOf('sensors.riga.centrs.air.gw-1'),
  ]).toEqual(GOLDEN);
});

it('invariant 10: a stream that was made again does not go with the checkpoints of the old one', async () => {
  await ensureTopology(nc, CONFIG);
  await (await jetstreamManager(nc)).streams.delete('READINGS');
  await expect(ensureTopology(nc, CONFIG)).rejects.toThrow('was made again');
});

it('invariant 12: the stream refuses when it is full, and keeps what it has', async () => {
  await ensureTopology(nc, { ...CONFIG, streamBytesMax: 64 * 1024 });
  const js = jetstream(nc);
  const payload = 'x'.repeat(10_000);
  let taken = 0;
  await expect(
    (async () => {
      for (;;) {
        await js.publish('sensors.a.b.c.d', payload);
        taken += 1;
      }
    })(),
  ).rejects.toThrow('maximum bytes exceeded');
  const { state } = await (await jetstreamManager(nc)).streams.info('READINGS');
  expect([state.first_seq, state.messages]).toEqual([1, taken]);
});

it('a stream of that name that is not ours is left alone', async () => {
  const jsm = await jetstreamManager(nc);
  await jsm.streams.add({ name: 'READINGS', subjects: ['else'] });
  await expect(ensureTopology(nc, CONFIG)).rejects.toThrow('has no subject transform of ours');
});
