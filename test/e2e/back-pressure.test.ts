/** The database freezes under load: memory stays bounded, everybody is told, it catches up by itself, nothing is lost. */
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { pack } from 'msgpackr';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { HOUR_MS } from '../../src/model/hour.ts';
import { OUTBOX_BYTES_PER_HOST_MAX } from '../../src/model/limits.ts';
import { readLedger, settled } from '../support/found-hours.ts';
import { Program } from '../support/program.ts';
import { until } from '../support/until.ts';

const SENSORS = 1_000;
const HOURS = 50;
const FRAME_READINGS = SENSORS * HOURS;
/** Each reading is a row of some 80 bytes: together more than the outbox may hold. */
const FRAMES = 120;
/** Of the whole process: heap, windows, outbox, and messages on their way. */
const RESIDENT_BYTES_MAX = 2 * 1024 ** 3;
const WAIT_MS_MAX = 150_000;

let program: Program;
let nc: NatsConnection;
beforeEach(async () => {
  program = await Program.start({ HOURGLASS_WORKERS: '1' });
  nc = await program.nats();
});
afterEach(async () => {
  await nc.close();
  await program.dispose();
});

/** Readings of hours long past, each another series' hour: every one becomes a row at once. */
function frame(at: number, nowMs: number): Uint8Array {
  const names = Array.from({ length: FRAME_READINGS }, (_, i) => `s${String(i % SENSORS)}`).join('\n');
  const offsets = Int32Array.from({ length: FRAME_READINGS }, (_, i) => Math.floor(i / SENSORS) * HOUR_MS);
  const values = new Float64Array(FRAME_READINGS).fill(1);
  return pack({
    m: 'flow',
    t: nowMs - (at + 2) * HOURS * HOUR_MS,
    s: Buffer.from(names),
    d: Buffer.from(offsets.buffer),
    v: Buffer.from(values.buffer),
  });
}

interface Partitions {
  data: { oldest_block_age_seconds: number | null; watermark_age_seconds: number | null; held_back: boolean | null }[];
  sum: {
    partitions: number;
    backlog_messages: number;
    outbox_blocks: number;
    outbox_bytes: number;
    oldest_block_age_seconds: number;
    threads_held_back: number;
  };
}

it('a database that freezes under load costs no reading and no memory, and the API says how far behind it is', async () => {
  const js = jetstream(nc);
  const subject = 'sensors.frozen.d.water.gw';
  await js.publish(subject, `[{"n":"now/flow","v":1}]`);
  await settled(program);

  const database = program.processOf('clickhouse.child');
  process.kill(database, 'SIGSTOP');
  const nowMs = Date.now();
  for (let at = 0; at < FRAMES; at++) await js.publish(subject, frame(at, nowMs), { timeout: 30_000 });

  const partitions = (): Promise<Partitions> => program.get<Partitions>('/v1/admin/partitions');
  let readings = FRAMES * FRAME_READINGS + 1;
  await until('reading pauses', WAIT_MS_MAX, async () => (await partitions()).sum.threads_held_back === 1);
  // What had been asked for when the pull stopped still comes; then they wait.
  await until('messages wait', WAIT_MS_MAX, async () => {
    await js.publish(subject, `[{"n":"now/flow","v":1}]`);
    readings += 1;
    return (await partitions()).sum.backlog_messages > 0;
  });
  const { sum, data } = await partitions();
  // What was in flight when the pull stopped still comes.
  expect(sum.outbox_bytes).toBeLessThan(OUTBOX_BYTES_PER_HOST_MAX * 1.5);
  expect(sum.oldest_block_age_seconds).toBeGreaterThan(0);
  expect(data.some((row) => row.held_back === true && (row.oldest_block_age_seconds ?? 0) > 0)).toBe(true);

  const startMs = performance.now();
  const answer = await fetch(program.url('/v1/hourly?city=frozen'));
  expect(performance.now() - startMs).toBeLessThan(15_000);
  expect({ status: answer.status, type: answer.headers.get('content-type') }).toEqual({
    status: 503,
    type: 'application/problem+json',
  });
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await fetch(program.url('/readyz'))).status).toBe(503);
  let figures = '';
  await until('the metrics say so', WAIT_MS_MAX, async () => {
    figures = await (await fetch(program.url('/metrics'))).text();
    return /^hourglass_threads_held_back 1$/m.test(figures) && /^hourglass_outbox_bytes [1-9]/m.test(figures);
  });
  expect(Number(/^process_resident_memory_bytes (\S+)$/m.exec(figures)?.[1])).toBeLessThan(RESIDENT_BYTES_MAX);
  await until('status says so', WAIT_MS_MAX, async () => / held$/m.test((await program.run('status')).output));

  // Where it has been frozen for so long that it was started anew, it is back already.
  process.kill(program.processOf('clickhouse.child'), 'SIGCONT');
  await until('it has caught up', WAIT_MS_MAX, async () => {
    const { sum: now } = await partitions();
    return (
      now.partitions === 64 && now.backlog_messages === 0 && now.outbox_blocks === 0 && now.threads_held_back === 0
    );
  });
  await settled(program);
  const [row] = await program.query<[number, number]>(
    "SELECT sum(count), sum(sum) FROM hourglass.hourly WHERE city = 'frozen'",
  );
  expect(row).toEqual([readings, readings]);
  expect(await readLedger(program)).toMatchObject({ balanced: true, counted: readings });
}, 500_000);
