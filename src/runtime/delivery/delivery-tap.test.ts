/** The tap against the library's own parser: whatever the bytes, and wherever they are cut, the same in the same order. */
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Kind, Parser } from '@nats-io/nats-core/internal';
import { headers, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestBroker } from '../../../test/support/nats.ts';
import { until } from '../../../test/support/until.ts';
import { connectNats } from '../connections.ts';
import { DeliveryLine } from './delivery-line.ts';
import { DeliverySubject } from './delivery-subject.ts';
import { DeliveryTap, type TakeDelivery, TappedParser } from './delivery-tap.ts';

const TAPPED = 7;
const WAIT_MS_MAX = 30_000;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** What a stream of bytes says: one line for each operation. */
function heard(chunks: readonly Uint8Array[], isTapped: boolean): { said: string[]; tapped: number } {
  const said: string[] = [];
  const place = new DeliverySubject();
  const inner = new Parser({
    push: (event) => {
      if (typeof event === 'function') return;
      const { kind, msg, data } = event;
      if (kind !== Kind.MSG || msg === undefined) {
        said.push(`${String(kind)} ${data === undefined ? '' : text(data)}`);
        return;
      }
      const { subject, sid, reply, hdr } = msg;
      let stands = reply === undefined ? '' : text(reply);
      if (sid === TAPPED && /^\$JS\.ACK(\.[^.]+){7}$/.test(stands)) {
        place.read(stands);
        stands = standsAt(place);
      }
      said.push(`msg ${String(sid)} ${text(subject)} ${stands} ${String(hdr)} ${text(data ?? new Uint8Array())}`);
    },
  });
  let tapped = 0;
  const take: TakeDelivery = (line, bytes) => {
    tapped += 1;
    const subject = text(bytes.subarray(line.subjectStart, line.subjectEnd));
    const headerBytes = line.payloadStart - line.headersStart;
    const head = headerBytes === 0 ? -1 : headerBytes;
    said.push(
      `msg ${String(line.sid)} ${subject} ${standsAt(line)} ${String(head)} ${text(bytes.subarray(line.headersStart, line.payloadEnd))}`,
    );
  };
  const parser = isTapped ? new TappedParser(inner, new Map([[TAPPED, take]]), new DeliveryLine()) : inner;
  for (const chunk of chunks) parser.parse(chunk);
  return { said, tapped };
}

function standsAt({ sequence, delivery, receivedMs, pending }: DeliveryLine | DeliverySubject): string {
  return [sequence, delivery, receivedMs, pending].join('/');
}

const whole = fc.integer({ min: 0, max: 2 ** 40 });
const token = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/);
/** Anything, line ends and words of the protocol among it. */
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map(text),
  fc.constantFrom('', '\r\n', 'MSG a 7 $JS.ACK.a.b.1.2.3.4.5 2\r\nxx\r\n', 'PING\r\n', ' 12\r\n'),
);
/** A subscription has one consumer. */
const consumers = fc.tuple(token, token);
const replyOf = ([stream, consumer]: readonly [string, string]): fc.Arbitrary<string> =>
  fc
    .tuple(whole, whole, fc.bigInt({ min: 1n, max: 2n ** 62n }), whole)
    .map((numbers) => `$JS.ACK.${stream}.${consumer}.1.${numbers.join('.')}`);
const withDomain = fc
  .tuple(token, token, whole, whole, token)
  .map(([domain, stream, sequence, delivery, random]) =>
    ['$JS.ACK', domain, 'hash', stream, 'consumer', '1', sequence, delivery, '1764000000123456789', 5, random].join(
      '.',
    ),
  );
const operationOf = (reply: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constantFrom(TAPPED, 7, 8, 71), reply, payload).map(message) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom(TAPPED, 9), withDomain, payload).map(message) },
    { weight: 1, arbitrary: fc.tuple(fc.constant(TAPPED), token, payload).map(message) },
    { weight: 1, arbitrary: payload.map((of) => `MSG _INBOX.x ${String(TAPPED)} ${String(of.length)}\r\n${of}\r\n`) },
    {
      weight: 2,
      arbitrary: fc.tuple(fc.constantFrom(TAPPED, 8), reply, payload, payload).map(([sid, to, line, of]) => {
        const head = `NATS/1.0\r\nContent-Type: application/json\r\n${line}\r\n\r\n`;
        const sizes = `${String(head.length)} ${String(head.length + of.length)}`;
        return `HMSG readings.1.a.b.c.d ${String(sid)} ${to} ${sizes}\r\n${head}${of}\r\n`;
      }),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('100 Idle Heartbeat', '408 Request Timeout\r\nNats-Pending-Messages: 1')
        .map((status) => {
          const head = `NATS/1.0 ${status}\r\n\r\n`;
          return `HMSG _INBOX.x ${String(TAPPED)} ${String(head.length)} ${String(head.length)}\r\n${head}\r\n`;
        }),
    },
    { weight: 1, arbitrary: fc.constantFrom('PING\r\n', 'PONG\r\n', '+OK\r\n', `-ERR 'Stale Connection'\r\n`) },
    { weight: 1, arbitrary: fc.constant('INFO {"server_id":"x","max_payload":1048576}\r\n') },
  );

const operations = consumers.chain((consumer) => fc.array(operationOf(replyOf(consumer)), { maxLength: 12 }));

function message([sid, to, of]: readonly [number, string, string]): string {
  return `MSG readings.12.city.d-1.air.gw_7 ${String(sid)} ${to} ${String(of.length)}\r\n${of}\r\n`;
}

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...sorted].map((from, at) => bytes.subarray(from, sorted[at] ?? bytes.length));
}

describe('deliveries from the bytes of a connection', () => {
  it('are what the library reads, in the same order, wherever the bytes are cut', () => {
    let tapped = 0;
    fc.assert(
      fc.property(operations, fc.array(fc.nat(), { maxLength: 30 }), (said, places) => {
        const bytes = Buffer.from(said.join(''), 'latin1');
        const ours = heard(cut(bytes, places), true);
        tapped += ours.tapped;
        expect(ours.said).toEqual(heard([bytes], false).said);
      }),
      { numRuns: 1_000 },
    );
    expect(tapped).toBeGreaterThan(500);
  });

  it('come byte by byte as well', () => {
    const bytes = Buffer.from(
      `${message([TAPPED, '$JS.ACK.R.c.1.17.3.1764000000123456789.9', 'PING\r\n'])}PING\r\n${message([8, 'x', ''])}`,
    );
    const ours = heard(
      Array.from(bytes, (byte) => Uint8Array.of(byte)),
      true,
    );
    expect(ours).toEqual({ said: heard([bytes], false).said, tapped: 1 });
    expect(ours.said[0]).toBe('msg 7 readings.12.city.d-1.air.gw_7 17/3/1764000000123/9 -1 PING\r\n');
  });

  it('are nobody’s where nobody listens: the library has them', () => {
    const line = message([8, '$JS.ACK.R.c.1.17.3.1764000000123456789.9', '[]']);
    expect(heard([Buffer.from(line)], true).tapped).toBe(0);
  });
});

describe('the tap on a real connection', { timeout: 120_000 }, () => {
  let broker: TestBroker;
  let nc: NatsConnection;
  beforeAll(async () => {
    broker = await TestBroker.start();
    nc = await connectNats(broker.url, 'test');
  });
  afterAll(async () => {
    await nc.close();
    await broker.stop();
  });

  it('finds the library as it knows it, and stays over a reconnect', async () => {
    const tap = DeliveryTap.of(nc);
    expect(tap).not.toBeNull();
    expect(DeliveryTap.of(nc)).toBe(tap);
    const jsm = await jetstreamManager(nc);
    await jsm.streams.add({ name: 'T', subjects: ['t.>'] });
    const tapped: string[] = [];
    const byLibrary: string[] = [];
    const subscription = nc.subscribe('pulled', { callback: (_, msg) => void byLibrary.push(text(msg.data)) });
    tap?.listen(subscription.getID(), (line, bytes) => {
      tapped.push(`${String(line.sequence)} ${text(bytes.subarray(line.payloadStart, line.payloadEnd))}`);
    });
    const publish = async (of: string, extra?: MsgHdrs): Promise<void> => {
      const { seq } = await jetstream(nc).publish('t.x', of, extra && { headers: extra });
      const { name } = await jsm.consumers.add('T', {
        ack_policy: AckPolicy.None,
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: seq,
      });
      nc.publish(`$JS.API.CONSUMER.MSG.NEXT.T.${name}`, '{"batch":1}', { reply: 'pulled' });
    };
    const withHeaders = headers();
    withHeaders.set('Content-Type', 'text/plain');
    await publish('first');
    await publish('with headers', withHeaders);
    await until('both are there', WAIT_MS_MAX, () => tapped.length === 2);
    await broker.kill();
    await broker.start();
    await until('it is connected again', WAIT_MS_MAX, () =>
      nc.flush().then(
        () => true,
        () => false,
      ),
    );
    await publish('second');
    await until('what came later too', WAIT_MS_MAX, () => tapped.length === 3);
    tap?.forget(subscription.getID());
    await publish('third');
    await until('the library has it again', WAIT_MS_MAX, () => byLibrary.length === 1);
    expect({ tapped, byLibrary }).toEqual({ tapped: ['1 first', '2 with headers', '3 second'], byLibrary: ['third'] });
  });
});
