import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TestBroker } from '../../test/support/nats.ts';
import { FIRST_STATE } from '../actors/actor-state.ts';
import { emptyLedger } from '../model/ledger.ts';
import { readConfig } from '../model/config.ts';
import { systemClock } from '../model/clock.ts';
import { FenceLost, IncarnationMismatch } from '../model/errors.ts';
import { acceptLostMessages } from './accept-loss.ts';
import { KvCheckpointStore } from './checkpoint-store.ts';
import { connectNats } from './connections.ts';
import { type Manifest, MANIFEST_VERSION } from './manifest.ts';
import { assertSameHistory, NatsStreamHistory } from './stream-history.ts';
import { ensureTopology } from './topology.ts';

const EMPTY_MANIFEST: Manifest = {
  version: MANIFEST_VERSION,
  partition: 0,
  incarnation: 1,
  epoch: 1,
  attempt: 'a',
  owner: 'test',
  committedMs: 0,
  state: null,
  generation: 0,
  segments: [],
  windows: null,
  sessions: null,
  rejects: null,
  blocks: [],
  lost: [],
};

let broker: TestBroker;
let nc: NatsConnection;
beforeAll(async () => {
  broker = await TestBroker.start();
});
afterAll(() => broker.stop());
beforeEach(async () => {
  nc = await connectNats(broker.url, 'test');
  await ensureTopology(nc, readConfig({}));
});
afterEach(async () => {
  const jsm = await jetstreamManager(nc);
  for (const { config } of await jsm.streams.list().next()) await jsm.streams.delete(config.name);
  await nc.close();
});

/** Publishes so many messages; what a checkpoint that has read the first `read` of them remembers. */
async function published(count: number, read: number): Promise<Pick<Manifest, 'partition' | 'state'>> {
  const js = jetstream(nc);
  for (let i = 0; i < count; i++) await js.publish('sensors.a.b.c.d', '[{"n":"m","v":1}]');
  const jsm = await jetstreamManager(nc);
  const last = read === 0 ? null : await jsm.streams.getMessage('READINGS', { seq: read });
  return {
    partition: 3,
    state: {
      ...FIRST_STATE,
      position: read + 1,
      lastSequence: read,
      lastReceivedMs: last?.time.getTime() ?? 0,
      nextBlock: 5,
    },
  };
}
const check = (manifest: Pick<Manifest, 'partition' | 'state'>, highestBlock = 0): Promise<void> =>
  assertSameHistory(manifest, new NatsStreamHistory(nc), highestBlock);

describe('invariant 10: a partition reads on only where', () => {
  it('its checkpoint has read no more than the stream has, and what it read last is still the same', async () => {
    await expect(check(await published(10, 10))).resolves.toBeUndefined();
    await expect(check(await published(10, 4), 4)).resolves.toBeUndefined();
  });

  it('or neither has had a message yet', async () => {
    await expect(check(await published(0, 0))).resolves.toBeUndefined();
    await expect(check(await published(3, 0))).resolves.toBeUndefined();
  });

  it('messages that it had used were trimmed, but none that it had not', async () => {
    const manifest = await published(10, 6);
    const jsm = await jetstreamManager(nc);
    await jsm.streams.purge('READINGS', { seq: 7 });
    await expect(check(manifest)).resolves.toBeUndefined();
    await jsm.streams.purge('READINGS', { seq: 9 });
    await expect(check(manifest)).rejects.toThrow('messages 7 to 8 were removed');
    await jsm.streams.purge('READINGS');
    await expect(check(manifest)).rejects.toThrow('messages 7 to 10 were removed');
  });

  it('the stream is not an older one', async () => {
    const manifest = await published(10, 10);
    await (await jetstreamManager(nc)).streams.delete('READINGS');
    await jetstreamManager(nc).then((jsm) => jsm.streams.add({ name: 'READINGS', subjects: ['sensors.*.*.*.*'] }));
    await expect(check(manifest)).rejects.toThrow('the stream ends at 0');
    // As many messages, but others.
    await published(12, 12);
    await expect(check(manifest)).rejects.toThrow('message 10 is another one');
    await expect(check(manifest)).rejects.toBeInstanceOf(IncarnationMismatch);
  });

  it('a checkpoint is there, where the tables have its rows', async () => {
    await expect(check({ partition: 3, state: null })).resolves.toBeUndefined();
    await expect(check({ partition: 3, state: null }, 7)).rejects.toThrow('its checkpoint is gone');
  });
});

it('an operator may accept that messages are gone: the partitions that wait for them go on behind them', async () => {
  const manifest = await published(10, 6);
  const store = await KvCheckpointStore.open(nc, systemClock);
  const stored = { ...EMPTY_MANIFEST, partition: 3, state: manifest.state };
  await store.swap(stored, 0);
  await (await jetstreamManager(nc)).streams.purge('READINGS', { seq: 9 });
  const ports = { store, history: new NatsStreamHistory(nc), clock: systemClock };
  expect(await acceptLostMessages(ports, 8)).toEqual({
    losses: [{ partition: 3, gaps: [{ from: 7, to: 8, sequences: 2, accepted: false }] }],
    unseen: 0,
  });
  const moved = await store.load(3);
  expect(moved?.manifest).toMatchObject({
    epoch: stored.epoch + 1,
    state: { position: 9, nextBlock: 5, gaps: [{ from: 7, to: 8, sequences: 2, accepted: true }] },
  });
  await expect(check(moved?.manifest ?? stored)).resolves.toBeUndefined();
  expect(await acceptLostMessages(ports, 8)).toEqual({ losses: [], unseen: 0 });
  // Whoever owned it before is fenced off.
  await expect(store.swap(stored, 1)).rejects.toBeInstanceOf(FenceLost);
});

it('an operator accepts also what is missing without anybody having seen where, and the books keep how much', async () => {
  const store = await KvCheckpointStore.open(nc, systemClock);
  const ports = { store, history: new NatsStreamHistory(nc), clock: systemClock };
  // Of ten messages the two partitions have taken four and three.
  const { state } = await published(10, 10);
  for (const [partition, messages] of [4, 3].entries()) {
    const totals = { ...emptyLedger(), messages, messagesUsed: messages };
    await store.swap({ ...EMPTY_MANIFEST, partition, state: { ...state!, totals } }, 0);
  }
  expect(await acceptLostMessages(ports, 2)).toEqual({ losses: [], unseen: 3 });
  const first = await store.load(0);
  expect(first?.manifest.state?.gaps).toEqual([{ from: 1, to: 10, sequences: 3, accepted: true }]);
  expect(await acceptLostMessages(ports, 2)).toEqual({ losses: [], unseen: 0 });
});
