/** The life of an hour: open, provisional, final, corrected. */
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Program } from '../support/program.ts';
import { until } from '../support/until.ts';

const HOUR_MS = 3_600_000;
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

const send = async (timeMs: number, value: number): Promise<void> => {
  await jetstream(nc).publish(
    'sensors.hours.d.air.gw',
    `[{"n":"s/m","t":${String(timeMs / 1_000)},"v":${String(value)}}]`,
  );
};
const rows = async (): Promise<Record<string, unknown>[]> => (await program.get('/v1/hourly?city=hours')).data;

it('an open hour is shown from memory, before and after a flush, without a gap or a double', async () => {
  const nowMs = Date.now();
  const hourMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS;
  for (let i = 1; i <= 10; i++) await send(Math.max(hourMs, nowMs - 1_000), i);
  await until('ten readings are shown', 10_000, async () => (await rows())[0]?.['count'] === 10);
  expect(await rows()).toMatchObject([
    { count: 10, sum: 55, min: 1, max: 10, mean: 5.5, status: 'provisional', revision: 0 },
  ]);
  await program.flush();
  expect(await rows()).toMatchObject([{ count: 10, sum: 55, status: 'provisional' }]);
  for (let i = 11; i <= 20; i++) await send(Math.max(hourMs, nowMs - 1_000), i);
  const seen: number[] = [];
  await until('twenty readings are shown', 10_000, async () => {
    const count = Number((await rows())[0]?.['count']);
    seen.push(count);
    return count === 20;
  });
  // Never fewer than before, never more than there are.
  expect(seen.every((count, at) => count >= (seen[at - 1] ?? 10) && count <= 20)).toBe(true);
  await program.flush();
  expect(await rows()).toMatchObject([{ count: 20, sum: 210 }]);
});

it('an hour that is over is final within seconds; a late reading corrects it within 30 s, and the revision rises', async () => {
  const pastMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 3 * HOUR_MS + 60_000;
  const hour = new Date(Math.floor(pastMs / HOUR_MS) * HOUR_MS).toISOString().replace('.000', '');
  const past = async (): Promise<Record<string, unknown> | undefined> =>
    (await rows()).find((row) => row['hour'] === hour);
  await send(pastMs, 1);
  await until('the hour is there and final', 30_000, async () => (await past())?.['status'] === 'final');
  const first = Number((await past())?.['revision']);
  await send(pastMs + 1_000, 3);
  const sentMs = performance.now();
  await until('the hour is corrected in the tables', 30_000, async () => {
    const [[count] = [0]] = await program.query<[number]>(
      `SELECT count FROM hourglass.hourly WHERE city = 'hours' AND hour = toDateTime('${hour.slice(0, 19).replace('T', ' ')}', 'UTC')`,
    );
    return count === 2;
  });
  expect(performance.now() - sentMs).toBeLessThan(30_000);
  expect(await past()).toMatchObject({ count: 2, sum: 4, mean: 2, status: 'final', revision: first + 1 });
});
