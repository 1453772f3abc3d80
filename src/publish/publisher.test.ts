import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterEach, expect, it } from 'vitest';
import { TcpProxy } from '../../test/chaos/tcp-proxy.ts';
import { TestBroker } from '../../test/support/nats.ts';
import { until } from '../../test/support/until.ts';
import { type Clock, systemClock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import { connectNats } from '../runtime/connections.ts';
import type { OutgoingMessage } from './message-builder.ts';
import { Publisher } from './publisher.ts';

const STREAM = 'READINGS';
const SUBJECT = 'sensors.a.b.c.gw';
const UNTIL_MS_MAX = 15_000;
const RUSH = 200;

const said: string[] = [];
const silent = (): void => undefined;
const log: Log = { debug: silent, info: silent, warn: (text) => void said.push(text), error: silent };
/** Whoever waits for seconds waits for some hundredths of one. */
const hasty: Clock = {
  nowMs: () => systemClock.nowMs(),
  monotonicMs: () => systemClock.monotonicMs() * RUSH,
  sleep: (ms, signal) => systemClock.sleep(ms / RUSH, signal),
};

const opened: { end(): Promise<void> }[] = [];
afterEach(async () => {
  said.length = 0;
  for (const resource of opened.splice(0).toReversed()) await resource.end();
});

async function startBroker(settings = ''): Promise<TestBroker> {
  const broker = await TestBroker.start(settings);
  opened.push({ end: () => broker.stop() });
  return broker;
}

async function open(url: string): Promise<NatsConnection> {
  const nc = await connectNats(url, 'test');
  opened.push({ end: () => nc.close() });
  return nc;
}

async function addStream(nc: NatsConnection, settings: object = {}): Promise<void> {
  const jsm = await jetstreamManager(nc);
  await jsm.streams.add({ name: STREAM, subjects: ['sensors.>'], ...settings });
}

function reading(i: number, subject = SUBJECT): OutgoingMessage {
  const payload = new TextEncoder().encode(`[{"n":"s/t","v":${String(i)}}]`);
  return { subject, publisher: 'a.b.gw', contentType: 'application/senml+json', payload, readings: 1 };
}

async function stored(nc: NatsConnection): Promise<{ text: string; seq: string; id: string; type: string }[]> {
  const jsm = await jetstreamManager(nc);
  const { messages } = (await jsm.streams.info(STREAM)).state;
  const found = [];
  for (let seq = 1; seq <= messages; seq++) {
    const message = await jsm.streams.getMessage(STREAM, { seq });
    const header = (name: string): string => message?.header.get(name) ?? '';
    found.push({
      text: message?.string() ?? '',
      seq: header('Hourglass-Seq'),
      id: header('Nats-Msg-Id'),
      type: header('Content-Type'),
    });
  }
  return found;
}

it('messages are stored in their order, each with the next number of the session', async () => {
  const broker = await startBroker();
  const nc = await open(broker.url);
  await addStream(nc);
  const publisher = new Publisher(nc, systemClock, log, { session: 'boot-1', first: 7 });
  const amount = 700;
  let bytes = 0;
  for (let i = 0; i < amount; i++) {
    const message = reading(i);
    bytes += message.payload.length;
    await publisher.publish(message);
  }
  await publisher.drain();
  expect(publisher.published).toEqual({ messages: amount, readings: amount, duplicates: 0, bytes });
  expect(await stored(nc)).toEqual(
    Array.from({ length: amount }, (_, i) => ({
      text: `[{"n":"s/t","v":${String(i)}}]`,
      seq: `boot-1:${String(i + 7)}`,
      id: '',
      type: 'application/senml+json',
    })),
  );
  // A publisher that has drained may go on.
  await publisher.publish(reading(amount), 'an-id');
  await publisher.publish(reading(amount), 'an-id');
  await publisher.drain();
  expect(publisher.published).toMatchObject({ messages: amount + 2, duplicates: 1 });
  expect((await stored(nc)).at(-1)).toMatchObject({ seq: `boot-1:${String(amount + 7)}`, id: 'an-id' });
});

it('a message whose acknowledgement is lost is sent again with its number, and counted once', async () => {
  const broker = await startBroker();
  const direct = await open(broker.url);
  await addStream(direct);
  const proxy = await TcpProxy.to(broker.url);
  opened.push({ end: () => proxy.close() });
  const nc = await open(`nats://127.0.0.1:${String(proxy.port)}`);
  const publisher = new Publisher(nc, systemClock, log, { session: 's' });
  const amount = 100;
  proxy.swallowReplies();
  for (let i = 0; i < amount; i++) await publisher.publish(reading(i), i < amount / 2 ? `id-${String(i)}` : undefined);
  await until('all are stored', UNTIL_MS_MAX, async () => (await stored(direct)).length === amount);
  expect(publisher.published.messages).toBe(0);
  proxy.mend();
  await publisher.drain();
  expect(publisher.published).toMatchObject({ messages: amount, readings: amount, duplicates: amount / 2 });
  const copies = new Map<string, number>();
  for (const { seq } of await stored(direct)) copies.set(seq, (copies.get(seq) ?? 0) + 1);
  expect(copies.size).toBe(amount);
  for (let i = 0; i < amount; i++) expect(copies.get(`s:${String(i)}`)).toBe(i < amount / 2 ? 1 : 2);
});

it('a broker that is killed in the middle loses nothing that was acknowledged, and gets the rest when it is back', async () => {
  const broker = await startBroker();
  const nc = await open(broker.url);
  await addStream(nc);
  const publisher = new Publisher(nc, systemClock, log, { session: 's' });
  const killed = new AbortController();
  let sent = 0;
  const send = async (): Promise<void> => publisher.publish(reading(sent++));
  const running = (async () => {
    while (!killed.signal.aborted) {
      for (let i = 0; i < 50; i++) await send();
      await systemClock.sleep(1);
    }
    for (let i = 0; i < 50; i++) await send();
    await publisher.drain();
  })();
  await until('some are acknowledged', UNTIL_MS_MAX, () => publisher.published.messages > 0);
  await broker.kill();
  killed.abort();
  await broker.start();
  await running;
  expect(publisher.published).toMatchObject({ messages: sent, readings: sent });
  const numbers = new Set((await stored(nc)).map(({ seq }) => seq));
  expect(numbers).toEqual(new Set(Array.from({ length: sent }, (_, i) => `s:${String(i)}`)));
});

it('a message that is not answered is sent again after its time, with no other answer to hurry it', async () => {
  const broker = await startBroker();
  const nc = await open(broker.url);
  let heard = 0;
  const deaf = nc.subscribe('sensors.>', { callback: () => void (heard += 1) });
  await nc.flush();
  const publisher = new Publisher(nc, hasty, log, { session: 's' });
  await publisher.publish(reading(1));
  await until('it is sent again', UNTIL_MS_MAX, () => heard >= 3);
  expect(publisher.published.messages).toBe(0);
  expect(said[0]).toBe('the broker does not acknowledge: sending again until it does');
  await addStream(nc);
  deaf.unsubscribe();
  await publisher.drain();
  expect(publisher.published.messages).toBe(1);
});

it('a full stream is waited for, and nothing is lost', async () => {
  const broker = await startBroker();
  const nc = await open(broker.url);
  await addStream(nc, { max_msgs: 3, discard: 'new' });
  const publisher = new Publisher(nc, hasty, log, { session: 's' });
  for (let i = 0; i < 5; i++) await publisher.publish(reading(i));
  await until('it is said', UNTIL_MS_MAX, () => said.length > 0);
  expect(said[0]).toContain('READINGS is full');
  expect(publisher.published.messages).toBe(3);
  await (await jetstreamManager(nc)).streams.update(STREAM, { max_msgs: 10 });
  await publisher.drain();
  expect((await stored(nc)).map(({ seq }) => seq).toSorted()).toEqual(['s:0', 's:1', 's:2', 's:3', 's:4']);
});

it('without a stream it gives up after a while and says what to do', async () => {
  const broker = await startBroker();
  const publisher = new Publisher(await open(broker.url), hasty, log, { session: 's' });
  await publisher.publish(reading(1));
  await expect(publisher.drain()).rejects.toMatchObject({
    message: `no stream takes ${SUBJECT}`,
    advice: 'Run `hourglass migrate`, or start `hourglass up`.',
  });
  await expect(publisher.publish(reading(2))).rejects.toThrow('no stream takes');
});

it('a stream that has taken messages is waited for, however long nobody answers for it', async () => {
  const broker = await startBroker();
  const nc = await open(broker.url);
  await addStream(nc);
  const publisher = new Publisher(nc, hasty, log, { session: 's' });
  await publisher.publish(reading(1));
  await publisher.drain();
  const jsm = await jetstreamManager(nc);
  await jsm.streams.delete(STREAM);
  await publisher.publish(reading(2));
  // Five times as long as without a stream.
  await hasty.sleep(100_000);
  await addStream(nc);
  await publisher.drain();
  expect((await stored(nc)).map(({ seq }) => seq)).toEqual(['s:1']);
});

it('what the broker will never take ends the publisher with the reason', async () => {
  const broker = await startBroker(`max_payload: 1024
    authorization { users: [
      { user: all, password: all }
      { user: one, password: one, permissions: { publish: ["sensors.a.>"], subscribe: ["_INBOX.>"] } }
      { user: deaf, password: deaf, permissions: { publish: ["sensors.a.>"], subscribe: ["other.>"] } }
    ] }
    no_auth_user: all`);
  await addStream(await open(broker.url));
  const as = async (user: string): Promise<Publisher> =>
    new Publisher(await open(broker.url.replace('//', `//${user}:${user}@`)), systemClock, log, { session: 's' });

  const large = await as('one');
  await large.publish({ ...reading(1), payload: new Uint8Array(2_000) });
  await expect(large.drain()).rejects.toThrow('a message of 2000 bytes is larger than the broker takes');

  const elsewhere = await as('one');
  await elsewhere.publish(reading(1));
  await elsewhere.publish(reading(2, 'sensors.z.b.c.gw'));
  await expect(elsewhere.drain()).rejects.toThrow(/refuses sensors\.z\.b\.c\.gw: .*permissions violation/i);

  const unheard = await as('deaf');
  await unheard.publish(reading(1));
  await expect(unheard.drain()).rejects.toThrow(/permissions violation for subscription/i);

  const spaced = await as('one');
  await spaced.publish(reading(1), 'an\r\nid');
  await expect(spaced.drain()).rejects.toThrow(/refuses .* cannot contain/);
});

it('a closed connection is said to whoever still publishes', async () => {
  const broker = await startBroker();
  const nc = await open(broker.url);
  nc.subscribe('sensors.>', { callback: silent });
  await nc.flush();
  const publisher = new Publisher(nc, systemClock, log, { session: 's' });
  await publisher.publish(reading(1));
  await nc.flush();
  await nc.close();
  await expect(publisher.drain()).rejects.toThrow(`the broker refuses ${SUBJECT}`);
  await expect(publisher.publish(reading(2))).rejects.toThrow(`the broker refuses ${SUBJECT}`);
});
