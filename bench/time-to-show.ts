/** How soon one reading shows in the open hour: from the publish until the workers' answer has it. Boundary: one at a time. */
import type { NatsConnection } from '@nats-io/transport-node';
import type { WorkerQueries } from '../src/model/cluster.ts';
import { hourOf } from '../src/model/hour.ts';

const SHOW_MS_MAX = 120_000;

/** Asked again at once. @param timeMs of the reading. @returns ms. */
export async function timeToShow(
  nc: NatsConnection,
  workers: WorkerQueries,
  sensor: string,
  timeMs: number,
): Promise<number> {
  const hour = hourOf(timeMs);
  const startMs = performance.now();
  nc.publish('sensors.city.d0.single.gw', `[{"n":"${sensor}/m","t":${String(timeMs / 1_000)},"v":1}]`);
  for (;;) {
    const { rows } = await workers.openHours({ sensor, fromHour: hour, toHour: hour + 1, limit: 10 });
    if (rows.length > 0) return performance.now() - startMs;
    if (performance.now() - startMs > SHOW_MS_MAX) throw new Error('a reading does not show');
  }
}
