/**
 * The sensors of the `city` benchmark: every gateway sends a frame a second, spread over it.
 *
 * Boundary: a process of its own; publishes with the program's own publisher, every message acknowledged. Frames that are due
 * within the same tick are written together, at its end. Where the broker does not keep up, frames are late, and how late,
 * from there, is said.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../src/model/clock.ts';
import { Publisher } from '../src/publish/publisher.ts';
import { connectNats } from '../src/runtime/connections.ts';
import type { CityPlan, CityResult } from './city.ts';
import { FRAME_READINGS, frameOf } from './fill.ts';
import { quiet } from './servers.ts';

process.on('disconnect', () => process.exit(1));
process.once('message', (plan) => void run(plan as CityPlan));

async function run({ natsUrl, gateways, seconds, tickMs, endedHour }: CityPlan): Promise<void> {
  const nc = await connectNats(natsUrl, 'bench/city');
  const publisher = new Publisher(nc, systemClock, quiet, { session: 'city' });
  const startMs = performance.now();
  let lateMs = 0;
  for (let i = 0; i < gateways * seconds; i++) {
    // The end of its tick.
    const dueMs = startMs + Math.ceil((i * 1_000) / gateways / tickMs) * tickMs;
    const aheadMs = dueMs - performance.now();
    if (aheadMs > 0) await pause(aheadMs);
    lateMs = Math.max(lateMs, performance.now() - dueMs);
    const gateway = i % gateways;
    const subject = `sensors.city.d${String(gateway % 10)}.power.gw${String(gateway)}`;
    const nowMs = Date.now();
    const timeMs = endedHour !== null && nowMs < endedHour.untilMs ? endedHour.endMs - 1 : nowMs;
    const payload = frameOf(gateway, timeMs, i % 100);
    await publisher.publish({
      subject,
      publisher: subject,
      contentType: 'application/msgpack',
      payload,
      readings: FRAME_READINGS,
    });
  }
  await publisher.drain();
  const { readings } = publisher.published;
  const result: CityResult = { readings, lateMs, ms: performance.now() - startMs };
  await nc.close();
  process.send?.(result, () => process.exit(0));
}
