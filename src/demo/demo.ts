/**
 * The demo of `npm start`: a sample of recorded readings, and a made-up city that lives.
 *
 * Boundary: publishes, as any sensor does; what counts them does not know that they are a demo's.
 */
import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../model/clock.ts';
import { explain } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import { publishCity } from './city-publisher.ts';
import { publishRegistry } from './registry-publisher.ts';
import { publishSample } from './sample.ts';

export function startDemo(ports: { nc: NatsConnection; clock: Clock; log: Log }): { stop(): Promise<void> } {
  const { log } = ports;
  const stop = new AbortController();
  const sample = publishSample(ports, stop.signal).then(({ readings }) =>
    log.info(`the demo has published ${readings.toLocaleString('en')} recorded readings of Aarhus, August 2014`),
  );
  const parts = [publishRegistry(ports, stop.signal), sample, publishCity(ports, stop.signal)].map((part) =>
    part.catch((error: unknown) => {
      if (!stop.signal.aborted) log.error(`the demo has ended: ${explain(error)}`);
    }),
  );
  return {
    stop: async () => {
      stop.abort();
      await Promise.all(parts);
    },
  };
}
