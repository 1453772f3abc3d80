/**
 * The baseline: nats.js `consume()` of an ordered consumer that only counts, with buffers large enough that it never
 * waits for a pull (16,384 messages, refilled at half). Its process does nothing else.
 */
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { BareResult } from './processes.ts';

const MAX_MESSAGES = 16_384;

const [natsUrl = '', wanted = '0'] = process.argv.slice(2);
const nc = await connect({ servers: natsUrl.replace('nats://', '') });
const consumer = await jetstream(nc).consumers.get('READINGS', { filter_subjects: ['readings.>'] });
const messages = await consumer.consume({ max_messages: MAX_MESSAGES, threshold_messages: MAX_MESSAGES / 2 });
let count = 0;
let bytes = 0;
let startMs = 0;
let startCpu = process.cpuUsage();
for await (const message of messages) {
  if (count === 0) {
    startMs = performance.now();
    startCpu = process.cpuUsage();
  }
  count += 1;
  bytes += message.data.length;
  if (count === Number(wanted)) break;
}
const { user, system } = process.cpuUsage(startCpu);
const result: BareResult = { messages: count, bytes, ms: performance.now() - startMs, cpuMs: (user + system) / 1_000 };
await nc.close();
process.send?.(result, () => process.exit(0));
