/**
 * One in a hundred of a million messages is hostile: each must be in REJECTED, and nothing else be harmed.
 *
 * The answer is the table's (test/fixtures/hostile-payloads.ts), written by hand; times that are too old or in the
 * future are counted beside it. Payloads of more than 16 KiB are sent once each: a broker's disk is not what is tried.
 */
import { randomUUID } from 'node:crypto';
import { systemClock } from '../../src/model/clock.ts';
import { checkTime } from '../../src/model/reading-time.ts';
import { Publisher } from '../../src/publish/publisher.ts';
import { Decoder } from '../../src/runtime/decode/decoder.ts';
import { HOSTILE_PAYLOADS, type HostilePayload } from '../fixtures/hostile-payloads.ts';
import type { Campaign } from './campaign.ts';

const HOSTILE_SHARE = 0.01;
const OFTEN_BYTES_MAX = 16 * 1_024;
/** Not one of the drill's cities: only the number of its readings is compared. */
const CITY = 'hostile';
const SOURCES = 100;

export const HOSTILE: Campaign = {
  name: 'hostile',
  fault: '1 % hostile messages among good ones',
  tries: 1,
  checkEvery: 1,
  arena: { nodes: 2, perSecond: null, shape: { lateShare: 0.01, badShare: 0 } },
  attempt: async (arena, { messages }) => {
    await arena.load.pause();
    const before = arena.load.published.messages;
    const { answer } = arena.city;
    const publisher = new Publisher(arena.nc, systemClock, arena.log, { session: randomUUID() });
    const decoder = new Decoder();
    const often = HOSTILE_PAYLOADS.filter(({ payload }) => payload.length <= OFTEN_BYTES_MAX);
    const once = HOSTILE_PAYLOADS.filter(({ payload }) => payload.length > OFTEN_BYTES_MAX);
    const hostile = Math.round(messages * HOSTILE_SHARE);
    let readings = 0;
    arena.load.resume();
    const everyMessages = Math.round(1 / HOSTILE_SHARE);
    for (let sent = 0; sent < hostile; sent++) {
      const payload = once[sent] ?? often[(sent - once.length) % often.length]!;
      const source = `gw-${String(sent % SOURCES)}`;
      const subject = `sensors.${CITY}.d.air.${source}`;
      const { good, rejects } = expected(decoder, payload, subject, source);
      readings += good;
      for (const [reason, count] of rejects) for (let n = 0; n < count; n++) answer.reject(reason);
      const { contentType = '' } = payload;
      await publisher.publish({ subject, publisher: subject, contentType, payload: payload.payload, readings: good });
      // Among the good ones, not before or after them.
      while (arena.load.published.messages - before < sent * (everyMessages - 1)) await systemClock.sleep(1);
    }
    await publisher.drain();
    while (arena.load.published.messages - before < messages - hostile) await systemClock.sleep(1);
    await arena.load.pause();
    answer.countElsewhere(readings);
    return { messages: arena.load.published.messages - before + hostile, hostile_messages: hostile };
  },
  verify: async (arena) => {
    const [row] = await arena.instance.query<[number]>(
      `SELECT sum(count) FROM hourglass.hourly WHERE city = '${CITY}'`,
    );
    const want = arena.city.answer.elsewhere;
    return row?.[0] === want ? [] : [`hostile messages: ${String(row?.[0])} usable readings, must be ${String(want)}`];
  },
};

/** Usable readings, and rejects by reason: a message rejected whole is one. */
function expected(
  decoder: Decoder,
  { payload, contentType, rejects, whole }: HostilePayload,
  subject: string,
  source: string,
): { good: number; rejects: Map<string, number> } {
  const reasons = new Map<string, number>();
  const add = (reason: string, count: number): void => void reasons.set(reason, (reasons.get(reason) ?? 0) + count);
  if (whole !== undefined) add(whole, 1);
  for (const [reason, indexes] of Object.entries(rejects)) add(reason, indexes.length);
  const nowMs = systemClock.nowMs();
  const decoded = decoder.decode(payload, contentType, subject, source, nowMs);
  let good = 0;
  if (decoded.ok) {
    for (let at = 0; at < decoded.batch.count; at++) {
      const reason = checkTime(decoded.batch.timeMs[at] ?? 0, nowMs, 0);
      if (reason === null) good += 1;
      else add(reason, 1);
    }
  }
  return { good, rejects: reasons };
}
