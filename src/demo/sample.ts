/**
 * The bundled sample of recorded readings (demo/data), published once per stream, however often the demo starts.
 *
 * Boundary: reads the file, gives each sensor a district, publishes. Its session and numbers are the same every time,
 * and there are fewer messages than a session remembers: a second start is all duplicates.
 */
import { fileURLToPath } from 'node:url';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import { MessageBuilder, type OutgoingMessage } from '../publish/message-builder.ts';
import { Pace } from '../publish/pace.ts';
import { type Published, Publisher } from '../publish/publisher.ts';
import { readCsv } from '../publish/reading-csv.ts';

/** From src/demo/ and from dist/demo/ alike. */
export const SAMPLE_FILE = fileURLToPath(new URL('../../demo/data/aarhus_traffic.csv.gz', import.meta.url));
const SESSION = 'sample-aarhus-1';
const READINGS_PER_MESSAGE = 500;
/** Leaves the cores of a small machine to those who count. */
const READINGS_PER_SECOND = 50_000;
/** Ours, not places in Aarhus: demo/data/README.md. */
const DISTRICTS = ['centre', 'north', 'east', 'south', 'west'];

export async function publishSample(
  { nc, clock, log }: { nc: NatsConnection; clock: Clock; log: Log },
  signal: AbortSignal,
): Promise<Published> {
  const publisher = new Publisher(nc, clock, log, { session: SESSION });
  const pace = new Pace(clock, READINGS_PER_SECOND);
  for await (const message of sampleMessages(signal)) {
    await pace.take(message.readings, signal);
    if (signal.aborted) break;
    await publisher.publish(message);
  }
  await publisher.drain();
  return publisher.published;
}

/** The recorded sensors with the districts we give them. All of them speak within the first rows of the file. */
export async function sampleSensors(signal: AbortSignal): Promise<{ sensor: string; district: string }[]> {
  const names = new Set<string>();
  for await (const readings of readCsv(SAMPLE_FILE, { signal })) {
    for (const { sensor } of readings) names.add(sensor);
    break;
  }
  return Array.from(names, (sensor) => ({ sensor, district: DISTRICTS[Number(sensor) % DISTRICTS.length] ?? '' }));
}

export async function* sampleMessages(signal: AbortSignal): AsyncGenerator<OutgoingMessage> {
  const builders = DISTRICTS.map(
    (district) =>
      new MessageBuilder(
        { city: 'aarhus', district, kind: 'traffic', source: { name: 'recorded' } },
        'frame',
        READINGS_PER_MESSAGE,
      ),
  );
  for await (const readings of readCsv(SAMPLE_FILE, { signal })) {
    for (const reading of readings) {
      const message = builders[Number(reading.sensor) % DISTRICTS.length]?.add(reading);
      if (message) yield message;
    }
  }
  for (const builder of builders) {
    const last = builder.end();
    if (last !== null) yield last;
  }
}
