/**
 * What is published in a run, and what must come of it.
 *
 * Boundary: messages to the stream, expectations beside them. Values are whole numbers, so that sums are exact.
 */
import { ByteSpan } from '../../src/model/byte-span.ts';
import { HOUR_MS } from '../../src/model/hour.ts';
import type { Stream } from './broker.ts';
import type { World } from './world.ts';

export interface Expected {
  count: number;
  sum: number;
  min: number;
  max: number;
}

export interface Workload {
  /** By `<partition>|<sensor>|<hour index>`. */
  readonly hours: Map<string, Expected>;
  readonly rejects: Set<string>;
  /** Messages published, by partition. */
  readonly messages: number[];
  /** Readings to be counted of each message, by stream sequence - 1. */
  readonly readings: number[];
  publish(): void;
}

const SENSORS = 3;
const LATE_SHARE = 0.15;
const BAD_SHARE = 0.04;
const TWICE_SHARE = 0.08;
const SEQUENCED_SHARE = 0.4;
/** Of runs' messages: each ends two owners. */
const POISON_SHARE = 0.001;
const POISON = new TextEncoder().encode('poison');
const MONTH_MS = 31 * 24 * HOUR_MS;

/** Stands for a message on which the actor's code has a bug. */
export function isPoison(payload: Uint8Array): boolean {
  return payload.length === POISON.length && payload.every((byte, at) => byte === POISON[at]);
}

export function createWorkload(world: World, stream: Stream, partitions: number): Workload {
  const { random } = world;
  const hours = new Map<string, Expected>();
  const rejects = new Set<string>();
  const messages = Array.from({ length: partitions }, () => 0);
  const readings: number[] = [];
  const sent: { partition: number; sourceSequence: string; payload: Uint8Array }[] = [];
  let number = 0;

  const append = (partition: number, payload: Uint8Array, sourceSequence: string | null, counted: number): void => {
    messages[partition] = (messages[partition] ?? 0) + 1;
    readings.push(counted);
    stream.append({
      receivedMs: world.nowMs,
      subject: `readings.${String(partition)}.c.d.k.g${String(partition)}`,
      contentType: undefined,
      sourceSequence,
      payload: ByteSpan.of(payload),
    });
  };

  const count = (partition: number, sensor: string, timeMs: number, value: number): void => {
    const key = `${String(partition)}|${sensor}|${String(Math.floor(timeMs / HOUR_MS))}`;
    const known = hours.get(key);
    if (known === undefined) {
      hours.set(key, { count: 1, sum: value, min: value, max: value });
      return;
    }
    known.count += 1;
    known.sum += value;
    known.min = Math.min(known.min, value);
    known.max = Math.max(known.max, value);
  };

  const timeOf = (): number => {
    if (!random.chance(LATE_SHARE)) return world.nowMs - random.whole(0, 3_000);
    return world.nowMs - random.pick([random.whole(1, 3) * HOUR_MS, random.whole(1, 4) * MONTH_MS]);
  };

  return {
    hours,
    rejects,
    messages,
    readings,
    publish: () => {
      const again = random.chance(TWICE_SHARE) ? sent.at(-random.whole(1, 20)) : undefined;
      if (again !== undefined) {
        append(again.partition, again.payload, again.sourceSequence, 0);
        return;
      }
      const partition = random.whole(0, partitions - 1);
      if (random.chance(POISON_SHARE)) {
        rejects.add(`${String(stream.messages.length + 1)} poison 0`);
        append(partition, POISON, null, 0);
        return;
      }
      const records: object[] = [];
      for (let i = random.whole(1, 4); i > 0; i--) {
        const sensor = `s${String(random.whole(1, SENSORS))}`;
        const timeMs = timeOf();
        const value = random.whole(-1_000, 1_000);
        records.push({ n: `${sensor}/m`, t: timeMs / 1_000, v: value });
        count(partition, sensor, timeMs, value);
      }
      const counted = records.length;
      if (random.chance(BAD_SHARE)) {
        records.push({ n: 'x/m', vs: 'text' });
        rejects.add(`${String(stream.messages.length + 1)} not-numeric 0`);
      }
      const payload = new TextEncoder().encode(JSON.stringify(records));
      const sourceSequence = random.chance(SEQUENCED_SHARE) ? `session:${String(number++)}` : null;
      if (sourceSequence !== null) sent.push({ partition, sourceSequence, payload });
      append(partition, payload, sourceSequence, counted);
    },
  };
}
