/** The pull from the real broker: every message once and in order, whatever happens to the broker. */
import { connect } from 'node:net';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestBroker } from '../../test/support/nats.ts';
import { until } from '../../test/support/until.ts';
import { systemClock } from '../model/clock.ts';
import { readConfig } from '../model/config.ts';
import { connectNats } from './connections.ts';
import { PullSource } from './message-source.ts';
import { SubjectTable } from './delivery/subject-table.ts';
import type { SequenceRange } from './ports.ts';
import { NatsStreamHistory } from './stream-history.ts';
import { ensureTopology } from './topology.ts';

const WAIT_MS_MAX = 60_000;
const PARTITIONS = 8;
let broker: TestBroker;
let nc: NatsConnection;
let published = 0;
beforeAll(async () => {
  broker = await TestBroker.start();
  nc = await connectNats(broker.url, 'test');
  await ensureTopology(nc, { ...readConfig({}), partitions: PARTITIONS });
});
afterAll(async () => {
  await nc.close();
  await broker.stop();
});

/** As a careful device does: again, with the same id, until it is acknowledged. */
async function publish(count: number): Promise<void> {
  const js = jetstream(nc);
  for (let i = 0; i < count; i++) {
    const text = String(published);
    await until('the broker acknowledges', WAIT_MS_MAX, () =>
      js.publish(`sensors.c.d.k.s${String(published % 50)}`, text, { msgID: text, timeout: 1_000 }).then(
        () => true,
        () => false,
      ),
    );
    published += 1;
  }
}

/** As a client that looks at nothing: whatever the header's lines are. */
async function publishRaw(lines: string): Promise<void> {
  const text = String(published);
  const head = `NATS/1.0\r\n${lines === '' ? '' : `${lines}\r\n`}\r\n`;
  const sizes = `${String(head.length)} ${String(head.length + text.length)}`;
  const { hostname, port } = new URL(broker.url);
  const socket = connect(Number(port), hostname);
  let said = '';
  socket.on('data', (bytes) => (said += bytes.toString()));
  socket.write(
    `CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\nSUB answer 1\r\nHPUB sensors.c.d.k.s answer ${sizes}\r\n${head}${text}\r\n`,
  );
  await until('the broker acknowledges', WAIT_MS_MAX, () => said.includes('"stream":"READINGS"'));
  socket.destroy();
  published += 1;
}

/** A source that is read into a list. */
function reading(partitions: readonly number[], { from = 1, isPaused = false } = {}) {
  const source = new PullSource(nc, systemClock, partitions, new SubjectTable());
  const taken: { sequence: number; partition: number; text: string }[] = [];
  const headersOf: unknown[][] = [];
  const idle: number[] = [];
  const passed: number[] = [];
  const removed: SequenceRange[] = [];
  const broken: string[] = [];
  if (isPaused) source.pause();
  const started = source.start(from, {
    onMessage: ({ sequence, subject, contentType, sourceSequence, payload }) => {
      taken.push({ sequence, partition: subject.partition, text: Buffer.from(payload.view()).toString() });
      headersOf.push([contentType, sourceSequence]);
    },
    onIdle: (frontierMs) => idle.push(frontierMs),
    onPassed: (sequence) => passed.push(sequence),
    onRemoved: (range) => removed.push(range),
    onBroken: (error) => broken.push(error.message),
  });
  return { source, taken, headersOf, idle, passed, removed, broken, started };
}
const all = Array.from({ length: PARTITIONS }, (_, partition) => partition);
const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));

describe('the source of a worker thread', { timeout: 120_000 }, () => {
  it('hands out every message once and in order, also where the broker is killed with -9 and comes back', async () => {
    await publish(300);
    const { source, taken, started } = reading(all);
    await started;
    await until('what was there is read', WAIT_MS_MAX, () => taken.length === published);
    await broker.kill();
    await broker.start();
    await publish(200);
    await until('what came later is read', WAIT_MS_MAX, () => taken.length >= published);
    await broker.kill();
    await broker.start();
    await publish(100);
    await until('and what came then', WAIT_MS_MAX, () => taken.length >= published);
    expect(taken.map(({ text }) => text)).toEqual(numbers(published));
    await source.stop();
  });

  it('hands out the messages of its partitions only, from the sequence it was told', async () => {
    const whole = reading(all);
    const part = reading([1, 4], { from: 100 });
    await Promise.all([whole.started, part.started]);
    await until('all is read', WAIT_MS_MAX, () => whole.taken.length === published && part.source.backlog === 0);
    const wanted = whole.taken.filter(({ sequence, partition }) => sequence >= 100 && [1, 4].includes(partition));
    await until('the part is read', WAIT_MS_MAX, () => part.taken.length === wanted.length);
    expect(part.taken).toEqual(wanted);
    await Promise.all([whole.source.stop(), part.source.stop()]);
  });

  it('invariant 7: says that nothing is pending only when nothing is, and never while it is paused', async () => {
    const { source, taken, idle, started } = reading(all);
    await started;
    await until('nothing is pending', WAIT_MS_MAX, () => idle.length > 0);
    expect(taken).toHaveLength(published);
    source.pause();
    const asked = taken.length;
    await publish(5_000);
    // What had been asked for still comes; the rest waits.
    await until('the open pulls are over', WAIT_MS_MAX, () => taken.length > asked);
    idle.length = 0;
    source.resume();
    await until('all is read and nothing is pending', WAIT_MS_MAX, () => idle.length > 0);
    expect(taken.map(({ text }) => text)).toEqual(numbers(published));
    await source.stop();
  });

  it('hands out messages with headers, also such as the client library refuses to read', async () => {
    const { source, headersOf, taken, started } = reading(all);
    await started;
    const before = published;
    for (const lines of ['Bad Name: x\r\nContent-Type: text/plain', 'X: a\nb\r\nhourglass-SEQ:  s:7 ', 'no colon', ''])
      await publishRaw(lines);
    await until('they are read', WAIT_MS_MAX, () => taken.length === published);
    expect(headersOf.slice(before)).toEqual([
      ['text/plain', null],
      [undefined, { session: 's', number: 7 }],
      [undefined, null],
      [undefined, null],
    ]);
    expect(taken.map(({ text }) => text)).toEqual(numbers(published));
    await source.stop();
  });

  it('invariant 12: its position follows the stream behind its own last message, when it has them all', async () => {
    const { state } = await (await jetstreamManager(nc)).streams.info('READINGS', { subjects_filter: 'readings.0.>' });
    const own = Object.values(state.subjects ?? {}).reduce((sum, count) => sum + count, 0);
    expect(own).toBeGreaterThan(0);
    const { source, taken, passed, started } = reading([0]);
    await started;
    await until('it has come past all', WAIT_MS_MAX, () => source.backlog === 0 && taken.length === own);
    const sequences = [...taken.map(({ sequence }) => sequence), ...passed].sort((a, b) => a - b);
    expect(sequences).toEqual(Array.from({ length: state.last_seq }, (_, at) => at + 1));
    await source.stop();
  });

  it('invariant 14: says where messages of its partitions were removed before it could read them', async () => {
    await publish(400);
    // Paused: they have been told how much there is, and have asked for nothing.
    const whole = reading(all, { isPaused: true });
    const part = reading([1, 4], { isPaused: true });
    await Promise.all([whole.started, part.started]);
    const jsm = await jetstreamManager(nc);
    const own: number[] = [];
    for (let sequence = 200; own.length < 2; sequence++) {
      const message = await jsm.streams.getMessage('READINGS', { seq: sequence });
      if (!/^readings\.[14]\./.test(message?.subject ?? '')) continue;
      own.push(sequence);
      sequence += 50;
    }
    for (const sequence of own) await jsm.streams.deleteMessage('READINGS', sequence);
    await jsm.streams.purge('READINGS', { seq: 31 });
    for (const { source } of [whole, part]) source.resume();
    await until('the rest is read', WAIT_MS_MAX, () => whole.taken.length === published - 32);
    await until('and the part', WAIT_MS_MAX, () => part.source.backlog === 0);
    const gone = [{ from: 1, to: 30 }, ...own.map((sequence) => ({ from: sequence, to: sequence }))];
    expect(whole.removed).toEqual(gone);
    // It comes past the others' messages: it sees the same holes.
    expect(part.removed).toEqual(gone);
    expect([...whole.broken, ...part.broken]).toEqual([]);
    await Promise.all([whole.source.stop(), part.source.stop()]);

    const history = new NatsStreamHistory(nc);
    expect(await history.gone(1, 1e6)).toEqual(gone);
    expect(await history.gone(20, own[0]!)).toEqual([{ from: 20, to: 30 }, gone[1]]);
  });

  it('invariant 10: ends where the stream is made again', async () => {
    const { source, broken, started } = reading(all);
    await started;
    const jsm = await jetstreamManager(nc);
    const { config } = await jsm.streams.info('READINGS');
    await jsm.streams.delete('READINGS');
    await jsm.streams.add(config);
    await until('it has said so', WAIT_MS_MAX, () => broken.length > 0);
    expect(broken).toEqual([expect.stringMatching(/^the stream READINGS was made again/)]);
    await source.stop();
  });
});
