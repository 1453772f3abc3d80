/** The ways in: NATS with headers, MQTT, HTTP; sent twice, counted once. */
import { jetstream } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SESSION_NUMBERS_REMEMBERED } from '../../src/model/limits.ts';
import { encodeFrame } from '../../src/runtime/decode/frame-writer.ts';
import { readLedger, settled } from '../support/found-hours.ts';
import { Program } from '../support/program.ts';
import { until } from '../support/until.ts';

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

const pack = (value: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.from(`[{"n":"s/m","v":${String(value)}}]`));

async function countsOf(city: string): Promise<number> {
  const { data } = await program.get(`/v1/hourly?city=${city}`);
  return data.reduce((sum, row) => sum + Number(row['count']), 0);
}

it('MQTT: a topic is a subject, QoS 1 and 0, SenML and frames', async () => {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${String(program.ports.mqtt)}`, { clientId: 'sensor-1' });
  const frame = encodeFrame({ metric: 'm', baseMs: Date.now(), values: Float64Array.of(1, 2, 3) });
  await client.publishAsync('sensors/mqtt/north/air/sensor-1', Buffer.from(pack(1)), { qos: 1 });
  await client.publishAsync('sensors/mqtt/north/air/sensor-1', Buffer.from(pack(2)), { qos: 0 });
  await client.publishAsync('sensors/mqtt/north/air/sensor-1', Buffer.from(frame), { qos: 1 });
  await client.endAsync();
  await until('five readings are there', 10_000, async () => (await countsOf('mqtt')) >= 5);
  expect(await countsOf('mqtt')).toBe(5);
});

it('HTTP: 202 and counted; 422 with reasons, 415, 413, 404', async () => {
  const post = (path: string, body: Uint8Array<ArrayBuffer>, type = 'application/senml+json'): Promise<Response> =>
    fetch(program.url(path), { method: 'POST', body, headers: { 'Content-Type': type } });
  const path = '/v1/readings/http/north/air/gw';
  expect((await post(path, pack(1))).status).toBe(202);
  const frame = encodeFrame({ metric: 'm', baseMs: Date.now(), values: Float64Array.of(1, 2) });
  expect((await post(path, frame, 'application/msgpack')).status).toBe(202);
  const refused = await post(path, Uint8Array.from(Buffer.from('[{"n":"s/m","vs":"warm"}]')));
  expect(refused.status).toBe(422);
  expect(await refused.json()).toMatchObject({ reasons: [{ reason: 'not-numeric' }] });
  expect((await post(path, pack(1), 'text/plain')).status).toBe(415);
  expect((await post(path, new Uint8Array(9 * 1024 * 1024))).status).toBe(413);
  expect((await post('/v1/readings/http/north/air', pack(1))).status).toBe(404);
  await until('three readings are there', 10_000, async () => (await countsOf('http')) === 3);
});

it('sent twice, counted once: Nats-Msg-Id, Hourglass-Seq in any order, and too old a number is stale', async () => {
  const js = jetstream(nc);
  const send = async (header: Record<string, string>, kind = 'air'): Promise<void> => {
    const carried = headers();
    for (const [name, value] of Object.entries(header)) carried.set(name, value);
    await js.publish(`sensors.twice.north.${kind}.gw`, pack(1), { headers: carried });
  };
  const before = await readLedger(program);
  for (let i = 0; i < 3; i++) await send({ 'Nats-Msg-Id': 'twice.north.gw.1' });
  for (const n of [5, 3, 4, 3, 5]) await send({ 'hourglass-seq': `boot:${String(n)}` });
  // One session over all kinds of a source.
  await send({ 'Hourglass-Seq': 'boot:4' }, 'weather');
  await send({ 'Hourglass-Seq': 'other:4' });
  await send({ 'Hourglass-Seq': `boot:${String(5 + SESSION_NUMBERS_REMEMBERED)}` });
  await send({ 'Hourglass-Seq': 'boot:5' });
  await send({});
  await send({});
  await settled(program);
  const after = await readLedger(program);
  const grown = (what: string): number => Number(after[what]) - Number(before[what]);
  // 1 by its id; 5, 3, 4; the other session; the high number; two that say nothing.
  expect(await countsOf('twice')).toBe(8);
  expect({ duplicate: grown('duplicate'), rejected: grown('rejectedMessages') }).toEqual({ duplicate: 3, rejected: 1 });
  expect(after.balanced).toBe(true);
});
