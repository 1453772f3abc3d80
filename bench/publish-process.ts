/**
 * A publisher in a process of its own, as a gateway is: the program's own Publisher, every message acknowledged.
 *
 * Job: publishes so many messages and says how long that took and what it cost. Boundary: frames are written while it
 * runs, as a gateway writes them; what single readings are is made before.
 */
import { connectNats } from '../src/runtime/connections.ts';
import { systemClock } from '../src/model/clock.ts';
import type { OutgoingMessage } from '../src/publish/message-builder.ts';
import { Publisher } from '../src/publish/publisher.ts';
import { encodeSenml } from '../src/runtime/decode/senml-writer.ts';
import { FRAME_READINGS, frameOf, HOUR_START_MS } from './fill.ts';
import type { PublishPlan, PublishResult } from './publish.ts';
import { quiet } from './servers.ts';

const GATEWAYS = 400;

process.on('disconnect', () => process.exit(1));
process.once('message', (plan) => void run(plan as PublishPlan));

async function run({ natsUrl, what, messages, session }: PublishPlan): Promise<void> {
  const nc = await connectNats(natsUrl, 'bench/publisher');
  const publisher = new Publisher(nc, systemClock, quiet, { session });
  const messageOf = what === 'frames' ? frame : singles();
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  for (let i = 0; i < messages; i++) await publisher.publish(messageOf(i));
  await publisher.drain();
  const ms = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpu);
  const result: PublishResult = { ms, cpuMs: (user + system) / 1_000, readings: publisher.published.readings };
  await nc.close();
  process.send?.(result, () => process.exit(0));
}

function frame(i: number): OutgoingMessage {
  const gateway = i % GATEWAYS;
  const payload = frameOf(gateway, HOUR_START_MS + i, i % 1_000);
  return { ...addressOf(gateway), contentType: 'application/msgpack', payload, readings: FRAME_READINGS };
}

function singles(): (i: number) => OutgoingMessage {
  const known = Array.from({ length: GATEWAYS }, (_, gateway) => ({
    ...addressOf(gateway),
    contentType: 'application/senml+json',
    payload: encodeSenml([{ timeMs: HOUR_START_MS, sensor: `sensor-${String(gateway)}`, metric: 'temp', value: 21.5 }]),
    readings: 1,
  }));
  return (i) => known[i % GATEWAYS]!;
}

function addressOf(gateway: number): { subject: string; publisher: string } {
  const [district, source] = [`d${String(gateway % 10)}`, `gw${String(gateway)}`];
  return { subject: `sensors.city.${district}.power.${source}`, publisher: `city.${district}.${source}` };
}
