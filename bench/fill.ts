/** Fills the stream for a benchmark. Boundary: publishes; what was published is known exactly. */
import type { MsgHdrs, NatsConnection } from '@nats-io/transport-node';
import type { Random } from '../src/model/random.ts';
import { systemClock } from '../src/model/clock.ts';
import { NumberedHeaders } from '../src/publish/numbered-headers.ts';
import { PublishPipeline } from '../src/publish/publish-pipeline.ts';
import { encodeFrame } from '../src/runtime/decode/frame-writer.ts';
import type { Servers } from './servers.ts';

const ACKNOWLEDGE_MS_MAX = 30_000;
/** Messages without acknowledgement. */
const UNDER_WAY_MAX = 1_000;
export const FRAME_READINGS = 500;
/** An hour of the past: every run is the same. */
export const HOUR_START_MS = Date.UTC(2026, 0, 5, 10);

export interface Filled {
  readonly messages: number;
  readonly readings: number;
  /** Values are whole numbers: the sum is exact. */
  readonly sum: number;
}

/**
 * One SenML reading a message: 10,000 sensors behind 200 gateways, in a fixed order.
 *
 * @param isNumbered with `Content-Type` and `Hourglass-Seq`; else as plain devices do, without headers.
 */
export async function fillSingles(servers: Servers, messages: number, isNumbered = false): Promise<Filled> {
  const headers = isNumbered ? new NumberedHeaders('application/senml+json', 'bench') : null;
  const encoder = new TextEncoder();
  const publish = new Sender(servers.nc);
  let sum = 0;
  for (let i = 0; i < messages; i++) {
    const sensor = i % 10_000;
    const gateway = sensor % 200;
    const value = i % 1_000;
    sum += value;
    const timeS = (HOUR_START_MS + Math.floor((i / messages) * 3_500_000)) / 1_000;
    const payload = `[{"n":"sensor-${String(sensor).padStart(5, '0')}/temp","t":${String(timeS)},"v":${String(value)}}]`;
    const subject = `sensors.city.d${String(gateway % 10)}.air.gw${String(gateway)}`;
    await publish.one(subject, encoder.encode(payload), () => headers?.of(i) ?? null);
  }
  await publish.all();
  return { messages, readings: messages, sum };
}

/** Frames of 500 readings: `series` sensors, 500 behind each gateway, round after round. */
export async function fillFrames(servers: Servers, frames: number, series: number): Promise<Filled> {
  const gateways = Math.max(1, Math.ceil(series / FRAME_READINGS));
  const publish = new Sender(servers.nc);
  let sum = 0;
  for (let i = 0; i < frames; i++) {
    const timeMs = HOUR_START_MS + Math.floor((i / frames) * 3_500_000);
    const value = i % 1_000;
    sum += value * FRAME_READINGS;
    await publish.one(subjectOf(i % gateways), frameOf(i % gateways, timeMs, value));
  }
  await publish.all();
  return { messages: frames, readings: frames * FRAME_READINGS, sum };
}

/** One frame of every gateway, acknowledged. */
export async function publishRound(
  nc: NatsConnection,
  gateways: Iterable<number>,
  timeMs: number,
  value: number,
): Promise<void> {
  const all = [...gateways];
  await publishFrames(nc, all.length, (i) => [all[i] ?? 0, frameOf(all[i] ?? 0, timeMs, value)]);
}

/** Acknowledged. @param of gateway and payload of each. */
export async function publishFrames(
  nc: NatsConnection,
  count: number,
  of: (i: number) => readonly [gateway: number, payload: Uint8Array],
): Promise<void> {
  const publish = new Sender(nc);
  for (let i = 0; i < count; i++) {
    const [gateway, payload] = of(i);
    await publish.one(subjectOf(gateway), payload);
  }
  await publish.all();
}

/** Acknowledged. A stream drops what comes faster than it stores. */
class Sender {
  readonly #pipeline: PublishPipeline;
  #underWay = 0;
  #failure: unknown = null;
  #wake: () => void = () => undefined;

  constructor(nc: NatsConnection) {
    this.#pipeline = new PublishPipeline(nc, systemClock, ACKNOWLEDGE_MS_MAX);
  }

  async one(subject: string, payload: Uint8Array, headers: () => MsgHdrs | null = () => null): Promise<void> {
    this.#underWay += 1;
    const settle = (error: unknown): void => {
      this.#underWay -= 1;
      this.#failure ??= error;
      this.#wake();
    };
    this.#pipeline.send({
      subject,
      payload,
      headers,
      acknowledged: () => settle(null),
      failed: settle,
    });
    if (this.#underWay > UNDER_WAY_MAX) await this.#atMost(UNDER_WAY_MAX);
  }

  async all(): Promise<void> {
    await this.#atMost(0);
    this.#pipeline.release();
  }

  async #atMost(count: number): Promise<void> {
    while (this.#underWay > count && this.#failure === null)
      await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#failure !== null) throw new Error('a message was not acknowledged', { cause: this.#failure });
  }
}

function subjectOf(gateway: number): string {
  return `sensors.city.d${String(gateway % 10)}.power.gw${String(gateway)}`;
}

/** Names of 16 bytes. A gateway's frames differ in time and values alone, and it writes no more than that anew. */
export function frameOf(gateway: number, timeMs: number, value: number): Uint8Array {
  let first = frames.get(gateway);
  if (first === undefined) {
    const values = new Float64Array(FRAME_READINGS);
    first = encodeFrame({ metric: 'kwh', baseMs: 0, sensors: namesOf(gateway), values });
    frames.set(gateway, first);
  }
  const frame = first.slice();
  const view = new DataView(frame.buffer);
  view.setBigInt64(TIME_AT, BigInt(timeMs));
  for (let at = frame.length - VALUE_BYTES * FRAME_READINGS; at < frame.length; at += VALUE_BYTES)
    view.setFloat64(at, value, true);
  return frame;
}

const frames = new Map<number, Uint8Array<ArrayBuffer>>();
/** After the map's first byte, `m` and `kwh`, `t`, and the tag of an int64. */
const TIME_AT = 1 + 2 + 4 + 2 + 1;
const VALUE_BYTES = 8;

/** The same sensors, in another order each time. */
export function shuffledFrameOf(gateway: number, timeMs: number, value: number, random: Random): Uint8Array {
  const sensors = namesOf(gateway);
  for (let at = sensors.length - 1; at > 0; at--) {
    const other = random.whole(0, at);
    [sensors[at], sensors[other]] = [sensors[other] ?? '', sensors[at] ?? ''];
  }
  return encodeFrame({
    metric: 'kwh',
    baseMs: timeMs,
    sensors,
    values: new Float64Array(FRAME_READINGS).fill(value),
  });
}

/** Not kept: a million texts in the heap would be the garbage collector's work for as long as frames are made. */
function namesOf(gateway: number): string[] {
  const first = gateway * FRAME_READINGS;
  return Array.from({ length: FRAME_READINGS }, (_, i) => `meter-${String(first + i).padStart(10, '0')}`);
}
