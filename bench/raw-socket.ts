/**
 * What the broker can give: a TCP socket that pulls the stream and passes over the messages, by their length.
 *
 * Boundary: speaks as much of the protocol as that takes; reads no subject and no payload. Two pulls are always open.
 */
import { connect } from 'node:net';
import { jetstreamManager, AckPolicy, DeliverPolicy } from '@nats-io/jetstream';
import { connect as connectNats, nanos } from '@nats-io/transport-node';
import type { BareResult } from './processes.ts';

const PULL_MESSAGES = 16_384;
const PULL_BYTES = 16 * 1024 * 1024;
const STALL_MS_MAX = 60_000;
const NEWLINE = 0x0a;
const ZERO = 0x30;
const LETTER_M = 0x4d;
const LETTER_H = 0x48;
const LETTER_P = 0x50;
const DELIVERY = ' $JS.ACK.';

const [natsUrl = '', wanted = '0', ...filters] = process.argv.slice(2);
const { hostname, port } = new URL(natsUrl);
const nc = await connectNats({ servers: `${hostname}:${port}` });
const jsm = await jetstreamManager(nc);
const { name } = await jsm.consumers.add('READINGS', {
  ack_policy: AckPolicy.None,
  deliver_policy: DeliverPolicy.All,
  ...(filters.length === 0 ? {} : { filter_subjects: filters }),
  mem_storage: true,
  // A machine that is busy elsewhere must not lose it before the first pull.
  inactive_threshold: nanos(120_000),
});

const socket = connect({ host: hostname, port: Number(port), noDelay: true });
const pull = JSON.stringify({ batch: PULL_MESSAGES, max_bytes: PULL_BYTES, expires: nanos(30_000) });
const request = `PUB $JS.API.CONSUMER.MSG.NEXT.READINGS.${name} drain.x ${String(pull.length)}\r\n${pull}\r\n`;

let messages = 0;
/** Of the older of the two open pulls: the broker fulfils one after the other. */
let messagesOfPull = 0;
let bytes = 0;
let startMs = 0;
let startCpu = process.cpuUsage();
/** Bytes of the message begun that are still to come. */
let toSkip = 0;
let line = Buffer.alloc(0);
await new Promise<void>((resolve, reject) => {
  socket.once('error', reject);
  socket.once('close', () => reject(new Error('the broker has closed the connection')));
  socket.setTimeout(STALL_MS_MAX, () => reject(new Error('the broker sends no more')));
  socket.on('data', (chunk: Buffer) => {
    let at = Math.min(toSkip, chunk.length);
    toSkip -= at;
    while (at < chunk.length) {
      const end = chunk.indexOf(NEWLINE, at);
      if (end < 0) {
        line = Buffer.concat([line, chunk.subarray(at)]);
        break;
      }
      const piece = chunk.subarray(at, end);
      const whole = line.length === 0 ? piece : Buffer.concat([line, piece]);
      line = Buffer.alloc(0);
      at = end + 1;
      if (whole[0] === LETTER_P && whole[1] === 0x49) socket.write('PONG\r\n');
      if (whole[0] !== LETTER_M && whole[0] !== LETTER_H) continue;
      const size = lengthOf(whole);
      const next = at + size + 2;
      toSkip = Math.max(0, next - chunk.length);
      at = Math.min(next, chunk.length);
      // With headers and no place in the stream: the end of a pull by its bytes.
      if (whole[0] === LETTER_H && !whole.includes(DELIVERY)) {
        messagesOfPull = 0;
        socket.write(request);
        continue;
      }
      if (messages === 0) {
        startMs = performance.now();
        startCpu = process.cpuUsage();
      }
      messages += 1;
      bytes += size;
      messagesOfPull += 1;
      if (messagesOfPull === PULL_MESSAGES) {
        messagesOfPull = 0;
        socket.write(request);
      }
      if (messages === Number(wanted)) resolve();
    }
  });
  socket.write(`CONNECT {"verbose":false,"headers":true,"protocol":1}\r\nSUB drain.> 1\r\n${request}${request}`);
});
const ms = performance.now() - startMs;
const { user, system } = process.cpuUsage(startCpu);
const result: BareResult = { messages, bytes, ms, cpuMs: (user + system) / 1_000 };
socket.destroy();
await nc.close();
process.send?.(result, () => process.exit(0));

/** The number at the end of a line, `MSG <subject> <sid> <reply> <bytes>` or the like, and its carriage return. */
function lengthOf(of: Buffer): number {
  let value = 0;
  let place = 1;
  for (let at = of.length - 2; of[at] !== 0x20; at--) {
    value += ((of[at] ?? ZERO) - ZERO) * place;
    place *= 10;
  }
  return value;
}
