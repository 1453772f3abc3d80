/**
 * Publishes what the made-up city says, as it says it: first the time it was not running, then every second.
 *
 * Boundary: the city is in city.ts; this is time and broker. Gateways send until they are acknowledged; single devices
 * send once and lose what the broker does not take, as devices do.
 */
import { randomUUID } from 'node:crypto';
import { jetstream, type JetStreamClient, jetstreamManager } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import { Publisher } from '../publish/publisher.ts';
import { BACKFILL_EVERY_MS, backfillOf, type CityMessage, messagesOf, SECOND_MS } from './city.ts';
import { CITY, CITY_SEED } from './city-model.ts';

/** How far back the first start goes. */
const BACKFILL_MS = 24 * 3_600_000;
/** A second that cannot be published in time (a laptop that slept) is left out beyond this. */
const BEHIND_MS_MAX = 60_000;
const STREAM = 'READINGS';

export async function publishCity(
  ports: { nc: NatsConnection; clock: Clock; log: Log },
  signal: AbortSignal,
): Promise<void> {
  const { nc, clock, log } = ports;
  const session = randomUUID();
  const gateways = new Publisher(nc, clock, log, { session });
  const js = jetstream(nc);
  await backfill(ports, gateways, signal);
  let secondMs = Math.floor(clock.nowMs() / SECOND_MS) * SECOND_MS;
  while (!signal.aborted) {
    for (const message of messagesOf(CITY_SEED, secondMs)) {
      if (message.contentType === 'application/msgpack') await gateways.publish(outgoing(message));
      else sendOnce(js, message, session, log);
    }
    secondMs += SECOND_MS;
    const aheadMs = secondMs - clock.nowMs();
    if (aheadMs < -BEHIND_MS_MAX) secondMs = Math.floor(clock.nowMs() / SECOND_MS) * SECOND_MS;
    else if (aheadMs > 0) await clock.sleep(aheadMs, signal);
  }
  await gateways.drain();
}

/** From the newest reading that the stream has, or a day ago, until now: so no hour has a hole, and none is filled twice. */
async function backfill(
  { nc, clock, log }: Parameters<typeof publishCity>[0],
  gateways: Publisher,
  signal: AbortSignal,
): Promise<void> {
  const nowMs = clock.nowMs();
  const newestMs = await newestMessageMs(nc);
  const fromMs = Math.max(nowMs - BACKFILL_MS, newestMs ?? 0);
  const firstMs = Math.ceil(fromMs / BACKFILL_EVERY_MS) * BACKFILL_EVERY_MS;
  // A sensor speaks up to a minute into its interval.
  const lastMs = nowMs - 60_000;
  if (newestMs === null) log.info(`the demo city ${CITY} publishes the last 24 hours, then lives on`);
  for (let timeMs = firstMs; timeMs < lastMs && !signal.aborted; timeMs += BACKFILL_EVERY_MS) {
    for (const message of backfillOf(CITY_SEED, timeMs)) await gateways.publish(outgoing(message));
  }
}

/** The broker's time of the city's newest message; null where there is none. */
async function newestMessageMs(nc: NatsConnection): Promise<number | null> {
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const newest = await jsm.streams.getMessage(STREAM, { last_by_subj: `readings.*.${CITY}.>` }).catch(() => null);
  return newest === null ? null : newest.time.getTime();
}

function outgoing({ subject, contentType = '', payload, readings }: CityMessage): Parameters<Publisher['publish']>[0] {
  return { subject, publisher: subject, contentType, payload, readings };
}

function sendOnce(js: JetStreamClient, message: CityMessage, session: string, log: Log): void {
  const { subject, contentType, messageId, number, times, payload } = message;
  const carried = headers();
  if (contentType !== undefined) carried.set('Content-Type', contentType);
  if (messageId !== undefined) carried.set('Nats-Msg-Id', messageId);
  if (number !== undefined) carried.set('Hourglass-Seq', `${session}:${String(number)}`);
  for (let time = 0; time < times; time++) {
    js.publish(subject, payload, { headers: carried }).catch((error: unknown) => {
      log.debug(`demo: ${subject} was not taken: ${error instanceof Error ? error.message : String(error)}`);
    });
  }
}
