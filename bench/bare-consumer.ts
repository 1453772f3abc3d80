/**
 * The baseline: nats.js `consume()` of an ordered consumer that only counts, with buffers large enough that it never
 * waits for a pull (up to 16,384 messages, refilled at half). Its process does nothing else.
 *
 * The buffer is bounded in bytes too: the broker cuts a connection that has more than 64 MB waiting, and an ordered
 * consumer that was cut in the middle of a pull may never come back.
 */
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { BareResult } from './processes.ts';

const MESSAGES_MAX = 16_384;
const BYTES_MAX = 32 * 1024 * 1024;

const [natsUrl = '', wanted = '0', messageBytes = '1'] = process.argv.slice(2);
const maxMessages = Math.min(MESSAGES_MAX, Math.floor(BYTES_MAX / Number(messageBytes)));
const nc = await connect({ servers: natsUrl.replace('nats://', '') });
const consumer = await jetstream(nc).consumers.get('READINGS', {});
const messages = await consumer.consume({ max_messages: maxMessages, threshold_messages: maxMessages / 2 });
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
