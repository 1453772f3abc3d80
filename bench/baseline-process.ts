/**
 * What one would write instead of Hourglass, in a process of its own; it reads the stream once, to its last message.
 *
 * `naive`: a Map of sums an hour, inserted as JSONEachRow at the end. `raw`: every reading into ClickHouse as RowBinary, in
 * batches, where a materialized view makes the hours.
 * Both are decent: an ordered nats.js consumer with large buffers, JSON.parse or msgpackr, one insert under way while the next
 * batch is filled. Neither has checkpoints: what they have read is lost with them, or counted twice after a restart.
 */
import { createClient } from '@clickhouse/client';
import { jetstream, type JsMsg } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Unpackr } from 'msgpackr';
import type { BaselinePlan, BaselineResult } from './baselines.ts';
import { RawBatches } from './raw-batches.ts';

const MESSAGES_MAX = 16_384;
const BYTES_MAX = 32 * 1024 * 1024;
const HOUR_MS = 3_600_000;

/** Called for each reading; the names are those of the message's subject. */
type Visit = (place: readonly string[], metric: string, sensor: string, timeMs: number, value: number) => void;

interface Frame {
  m: string;
  t: number;
  s: Uint8Array;
  d?: Uint8Array;
  v: Uint8Array;
}

process.on('disconnect', () => process.exit(1));
process.once('message', (plan) => void run(plan as BaselinePlan));

async function run(plan: BaselinePlan): Promise<void> {
  const { natsUrl, clickhouseUrl, messages, messageBytes } = plan;
  const nc = await connect({ servers: natsUrl.replace('nats://', '') });
  const client = createClient({ url: clickhouseUrl });
  const max = Math.max(2, Math.min(MESSAGES_MAX, Math.floor(BYTES_MAX / messageBytes)));
  const consumer = await jetstream(nc).consumers.get('READINGS', { filter_subjects: ['readings.>'] });
  const source = await consumer.consume({ max_messages: max, threshold_messages: max / 2 });
  const sink = plan.what === 'naive' ? sumsInto(client) : new RawBatches(client);
  const startMs = performance.now();
  let count = 0;
  for await (const message of source) {
    decode(message, sink.visit);
    await sink.room();
    if (++count === messages) break;
  }
  await sink.end();
  const ms = performance.now() - startMs;
  const { user, system } = process.cpuUsage();
  const result: BaselineResult = { ms, cpuMs: (user + system) / 1_000 };
  await nc.close();
  await client.close();
  process.send?.(result, () => process.exit(0));
}

const unpackr = new Unpackr({ useRecords: false, int64AsType: 'number' });
const utf8 = new TextDecoder();

function decode(message: JsMsg, visit: Visit): void {
  const place = message.subject.split('.').slice(2);
  if (message.data[0] === 0x5b) {
    for (const { n, t, v } of message.json<{ n: string; t: number; v: number }[]>()) {
      const slash = n.lastIndexOf('/');
      visit(place, n.slice(slash + 1), n.slice(0, slash), t * 1_000, v);
    }
    return;
  }
  const { m, t, s, d, v } = unpackr.unpack(message.data) as Frame;
  const sensors = utf8.decode(s).split('\n');
  const values = new DataView(v.buffer, v.byteOffset, v.byteLength);
  const offsets = d === undefined ? null : new DataView(d.buffer, d.byteOffset, d.byteLength);
  for (const [at, sensor] of sensors.entries())
    visit(place, m, sensor, t + (offsets?.getInt32(4 * at, true) ?? 0), values.getFloat64(8 * at, true));
}

interface Sum {
  readonly row: Record<string, string | number>;
  count: number;
  sum: number;
  min: number;
  max: number;
}

function sumsInto(client: ReturnType<typeof createClient>): { visit: Visit; room(): void; end(): Promise<void> } {
  const sums = new Map<string, Sum>();
  return {
    visit: ([city = '', district = '', kind = ''], metric, sensor, timeMs, value) => {
      const hour = Math.floor(timeMs / HOUR_MS);
      const key = `${city}\0${district}\0${kind}\0${metric}\0${sensor}\0${String(hour)}`;
      const sum = sums.get(key);
      if (sum === undefined) {
        const row = { city, district, kind, metric, sensor, hour: (hour * HOUR_MS) / 1_000 };
        sums.set(key, { row, count: 1, sum: value, min: value, max: value });
        return;
      }
      sum.count += 1;
      sum.sum += value;
      if (value < sum.min) sum.min = value;
      if (value > sum.max) sum.max = value;
    },
    room: () => undefined,
    end: async () => {
      const values = [...sums.values()].map(({ row, count, sum, min, max }) => ({ ...row, count, sum, min, max }));
      await client.insert({ table: 'bench.naive_hourly', values, format: 'JSONEachRow' });
    },
  };
}
