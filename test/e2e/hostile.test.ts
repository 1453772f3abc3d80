/** Hostile messages through the real broker: none spoils another, each is in REJECTED, and the books balance. */
import { jetstream } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HOSTILE_PAYLOADS } from '../fixtures/hostile-payloads.ts';
import { checkTime } from '../../src/model/reading-time.ts';
import { Decoder } from '../../src/runtime/decode/decoder.ts';
import { encodeFrame } from '../../src/runtime/decode/frame-writer.ts';
import { readLedger, settled } from '../support/found-hours.ts';
import { Program } from '../support/program.ts';

let program: Program;
let nc: NatsConnection;
beforeAll(async () => {
  program = await Program.start();
  nc = await program.nats();
});
afterAll(async () => {
  await nc.close();
  await program.dispose();
});

/** By stream sequence: reason -> positions, empty for a whole message. */
type Expected = Map<number, Record<string, number[]>>;

async function publish(subject: string, payload: Uint8Array, contentType?: string): Promise<number> {
  const carried = headers();
  if (contentType !== undefined) carried.set('Content-Type', contentType);
  const { seq } = await jetstream(nc).publish(subject, payload, { headers: carried });
  return seq;
}

it('every bad reading is in REJECTED with its reason, every good one is counted, and the program stays up', async () => {
  const expected: Expected = new Map();
  const decoder = new Decoder();
  const text = new TextEncoder();
  let good = 0;
  let rejected = 0;
  let whole = 0;
  const subject = 'sensors.hostile.d.air.gw';
  for (const [at, { payload, contentType, rejects, whole: wholeReason }] of HOSTILE_PAYLOADS.entries()) {
    // A good one between any two.
    await publish(subject, text.encode(`[{"n":"between/m","v":${String(at)}}]`));
    good += 1;
    const sequence = await publish(subject, payload, contentType);
    const reasons: Record<string, number[]> = wholeReason === undefined ? {} : { [wholeReason]: [] };
    for (const [reason, indexes] of Object.entries(rejects)) reasons[reason] = [...indexes];
    const nowMs = Date.now();
    const decoded = decoder.decode(payload, contentType, subject, 'gw', nowMs);
    if (decoded.ok) {
      const { batch } = decoded;
      for (let i = 0; i < batch.count; i++) {
        const reason = checkTime(batch.timeMs[i] ?? 0, nowMs, 0);
        if (reason === null) good += 1;
        else (reasons[reason] ??= []).push(batch.index[i] ?? -1);
      }
    }
    if (Object.keys(reasons).length > 0) expected.set(sequence, reasons);
  }

  const months = Array.from({ length: 120 }, (_, month) => Date.UTC(2010, month, 15));
  const many = months.map((ms) => ({ n: 'months/m', t: ms / 1_000, v: 1 }));
  await publish(subject, text.encode(JSON.stringify(many)));
  good += months.length;

  const bad = encodeFrame({ metric: 'm', baseMs: Date.UTC(1980, 0), values: new Float64Array(65_536).fill(1) });
  expected.set(await publish(subject, bad), { 'too-old': Array.from({ length: 65_536 }, (_, i) => i) });
  for (const wrong of [
    'sensors.hos tile.d.air.gw',
    'sensors.höst.d.air.gw',
    `sensors.${'x'.repeat(65)}.d.air.gw`,
    'sensors.a$b.d.air.gw',
  ]) {
    if (wrong.includes(' ')) continue;
    expected.set(await publish(wrong, text.encode('[{"n":"s/m","v":1}]')), { 'bad-name': [] });
  }
  const sequence = await publishWithSequence(subject, 'no colon');
  expected.set(sequence, { malformed: [] });

  await settled(program);
  for (const reasons of expected.values()) {
    for (const indexes of Object.values(reasons)) {
      rejected += indexes.length;
      if (indexes.length === 0) whole += 1;
    }
  }
  expect(expected.size).toBeGreaterThan(60);
  expect(await readLedger(program)).toMatchObject({ balanced: true, counted: good, rejected, rejectedMessages: whole });
  expect(await readRejected()).toEqual(expected);
  const [[rows, count] = [0, 0]] = await program.query<[number, number]>(
    "SELECT count(), sum(count) FROM hourglass.hourly WHERE city = 'hostile' AND sensor = 'months'",
  );
  expect([rows, count]).toEqual([120, 120]);
  expect((await fetch(program.url('/readyz'))).status).toBe(200);
  expect(program.output).not.toContain('failed');
});

async function publishWithSequence(subject: string, value: string): Promise<number> {
  const carried = headers();
  carried.set('Hourglass-Seq', value);
  const { seq } = await jetstream(nc).publish(subject, new TextEncoder().encode('[{"n":"s/m","v":1}]'), {
    headers: carried,
  });
  return seq;
}

/** The stream REJECTED as it stands. */
async function readRejected(): Promise<Expected> {
  const found: Expected = new Map();
  const consumer = await jetstream(nc).consumers.get('REJECTED');
  const { num_pending } = await consumer.info();
  if (num_pending === 0) return found;
  for await (const message of await consumer.fetch({ max_messages: num_pending, expires: 10_000 })) {
    const header = (name: string): string => message.headers?.get(name) ?? '';
    const sequence = Number(header('Hourglass-Stream-Sequence'));
    const reason = header('Hourglass-Reason');
    expect(message.subject.startsWith(`rejected.${reason}.`)).toBe(true);
    expect(header('Hourglass-Detail')).not.toBe('');
    const reasons = found.get(sequence) ?? {};
    (reasons[reason] ??= []).push(...positions(header('Hourglass-Indexes')));
    found.set(sequence, reasons);
  }
  return found;
}

/** `0-3,7` -> 0, 1, 2, 3, 7. */
function positions(text: string): number[] {
  if (text === '') return [];
  return text.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
