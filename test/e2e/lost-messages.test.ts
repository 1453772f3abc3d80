/**
 * Messages, checkpoints and rows that somebody has taken away (invariants 10 and 14): each loss is found, and said by
 * name, in the log, by GET /v1/ledger and by `hourglass audit`. On a real broker and database that outlive the program.
 */
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { connect } from '@nats-io/transport-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../support/clickhouse.ts';
import { type Ledger, settled } from '../support/found-hours.ts';
import { TestBroker } from '../support/nats.ts';
import { Program } from '../support/program.ts';
import { until } from '../support/until.ts';

const WAIT_MS_MAX = 60_000;

let broker: TestBroker;
let database: TestDatabase;
let program: Program;
let nc: NatsConnection;
let jsm: JetStreamManager;
beforeEach(async () => {
  broker = await TestBroker.start();
  database = await startTestDatabase(false);
  program = await Program.create({
    HOURGLASS_NATS_URL: broker.url,
    HOURGLASS_CLICKHOUSE_URL: database.url,
    HOURGLASS_WORKERS: '2',
    HOURGLASS_PARTITIONS: '8',
  });
  nc = await connect({ servers: broker.url.slice('nats://'.length) });
  await program.start();
  jsm = await jetstreamManager(nc);
});
afterEach(async () => {
  await nc.close().catch(() => undefined);
  await program.dispose();
  await Promise.all([broker.stop(), database.stop()]);
});

async function publish(count: number, bytes = 0): Promise<void> {
  const js = jetstream(nc);
  const padding = ' '.repeat(bytes);
  const acks = Array.from({ length: count }, (_, i) =>
    js.publish(`sensors.c.d.air.gw-${String(i % 40)}`, `[{"n":"s/m","v":${String(i)}}]${padding}`, { timeout: 30_000 }),
  );
  await Promise.all(acks);
}

const readBooks = (query = ''): Promise<Ledger> => program.get<Ledger>(`/v1/ledger${query}`);
const takenOf = ({ data }: Ledger): number => data.reduce((sum, { messages }) => sum + messages.taken, 0);

/**
 * The books when every message that is still there was taken. While partitions commit one after the other how far they have read,
 * what is missing is known at one moment and not at the next.
 */
async function booksAtRest(messages: number, query = ''): Promise<Ledger> {
  let books = await readBooks(query);
  await until('all that is left is taken, and all partitions have read equally far', WAIT_MS_MAX, async () => {
    books = await readBooks(query);
    return takenOf(books) === messages && books.missing !== null && books.missing > 0;
  });
  return books;
}

async function auditSays(code: number, text: RegExp): Promise<void> {
  await until(`audit says ${String(text)}`, WAIT_MS_MAX, async () => {
    const audit = await program.run('audit');
    return audit.code === code && text.test(audit.output);
  });
}

describe('messages that were removed from the stream before they were read', () => {
  it('from its middle while nothing ran: counted exactly, and for ever, also when an operator has accepted it', async () => {
    await publish(100);
    await settled(program);
    await auditSays(0, /missing: {2}0 messages/);
    await program.stop();
    await publish(50);
    for (const sequence of [110, 111, 130]) await jsm.streams.deleteMessage('READINGS', sequence);
    await program.start();

    const books = await booksAtRest(147);
    expect(books).toMatchObject({ missing: 3, balanced: false, problems: [] });
    expect(books.data.map(({ gaps }) => gaps)).toEqual(Array.from({ length: 8 }, () => null));
    expect(program.output).toMatch(/messages 110 to 111 were removed from the stream before it had read them/);
    await auditSays(1, /missing: {2}3 messages[^]*message 130 of the stream was removed[^]*--accept-lost/);

    await program.stop();
    const accepted = await program.run('migrate', '--accept-lost-messages');
    expect(accepted).toMatchObject({
      code: 0,
      output: expect.stringContaining('without messages 110 to 111, 130 to 130'),
    });
    await program.start();
    await publish(10);
    expect(await booksAtRest(157)).toMatchObject({ missing: 3, balanced: true });
    await auditSays(0, /missing: {2}3 messages[^]*8 partitions balance/);
    expect(await booksAtRest(157, '?from=2020-01-01')).toMatchObject({ missing: 3, balanced: true });
  });

  it('from its beginning while it is read: what is left counts, and the rest is missing to the message', async () => {
    await publish(40);
    await settled(program);
    // Frozen, so that most of what comes now is still in the stream when it is purged.
    process.kill(program.pid, 'SIGSTOP');
    await publish(6_000, 16_000);
    await jsm.streams.purge('READINGS', { seq: 6_001 });
    process.kill(program.pid, 'SIGCONT');
    await until('the last message is taken', WAIT_MS_MAX, async () => {
      const { data } = await program.get<{ data: { position: number }[] }>('/v1/admin/partitions');
      return data.length === 8 && data.every(({ position }) => position > 6_040);
    });
    await program.flush();
    await until('the loss is in the books', WAIT_MS_MAX, async () => {
      const books = await readBooks();
      return books.missing === 6_040 - takenOf(books) && !books.balanced;
    });
    const books = await readBooks();
    expect(books.missing).toBeGreaterThan(0);
    expect(books.data.some(({ gaps }) => gaps === null)).toBe(true);
    await until('the log says it', WAIT_MS_MAX, () => /were removed (from the stream )?before/.test(program.output));
    expect((await program.run('audit')).code).toBe(1);
  });
});

describe('what was put back, or made again', () => {
  it('a stream that was made again stops the partitions, and is named', async () => {
    await publish(60);
    await settled(program);
    const { config } = await jsm.streams.info('READINGS');
    await jsm.streams.delete('READINGS');
    await jsm.streams.add(config);
    await publish(20);
    await until('the log says it', WAIT_MS_MAX, () => /the stream READINGS was made again/.test(program.output));
    await until('nobody reads it', WAIT_MS_MAX, async () =>
      (await readBooks()).data.every(({ owner }) => owner === null),
    );
    expect((await readBooks()).balanced).toBe(false);
    await until('why is in the log', WAIT_MS_MAX, () => /the stream ends at 20: it is older/.test(program.output));
    expect((await program.run('audit')).code).not.toBe(0);
  });

  it('a checkpoint of the past: the stream gives what it lacks, or the partition stops and says why', async () => {
    const kv = await new Kvm(nc).open('HOURGLASS');
    await publish(80);
    await settled(program);
    const old = await kv.get('manifest.3');
    await publish(80);
    await settled(program);
    await program.stop();
    await kv.put('manifest.3', old!.value);
    await program.start().catch(() => undefined);
    const isNamed = (): boolean => /checkpoint of partition 3: chunk [^ ]+ is missing/.test(program.output);
    await until(
      'it has counted all, or said why not',
      WAIT_MS_MAX,
      async () => isNamed() || takenOf(await readBooks()) === 160,
    );
    const books = await readBooks();
    if (isNamed()) expect(books).toMatchObject({ balanced: false, data: { 3: { owner: null } } });
    else expect(await program.run('audit')).toMatchObject({ code: 0 });
  });

  it('a table that has lost rows is named, with the partition', async () => {
    await publish(50);
    await settled(program);
    expect((await program.run('audit')).code).toBe(0);
    await database.client.command({
      query: 'ALTER TABLE hourglass.district_facts DELETE WHERE partition = 2 SETTINGS mutations_sync = 2',
    });
    const { output, code } = await program.run('audit');
    expect(code).toBe(1);
    expect(output).toMatch(/partition 2: district_facts has 0 readings of \d+ in blocks/);
    expect(await readBooks()).toMatchObject({
      balanced: false,
      data: { 2: { balanced: false }, 3: { balanced: true } },
    });
  });
});
