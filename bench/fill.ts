/** Fills the stream for a benchmark. Boundary: publishes; what was published is known exactly. */
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { READINGS_STREAM } from '../src/runtime/message-source.ts';
import { encodeFrame } from '../src/runtime/decode/frame-writer.ts';
import type { Servers } from './servers.ts';
import { waitUntil } from './waiting.ts';

const FILL_MS_MAX = 300_000;
/** Publishes between two waits for the broker: bounds what is under way. */
const FLUSH_EVERY = 5_000;
export const FRAME_READINGS = 500;
/** An hour of the past: every run is the same. */
export const HOUR_START_MS = Date.UTC(2026, 0, 5, 10);

export interface Filled {
  readonly messages: number;
  readonly readings: number;
  /** Values are whole numbers: the sum is exact. */
  readonly sum: number;
}

/** One SenML reading a message: 10,000 sensors behind 200 gateways, in a fixed order. */
export async function fillSingles(servers: Servers, messages: number): Promise<Filled> {
  const encoder = new TextEncoder();
  const contentType = headers();
  contentType.set('Content-Type', 'application/senml+json');
  let sum = 0;
  for (let i = 0; i < messages; i++) {
    const sensor = i % 10_000;
    const gateway = sensor % 200;
    const value = i % 1_000;
    sum += value;
    const timeS = (HOUR_START_MS + Math.floor((i / messages) * 3_500_000)) / 1_000;
    const payload = `[{"n":"sensor-${String(sensor).padStart(5, '0')}/temp","t":${String(timeS)},"v":${String(value)}}]`;
    const subject = `sensors.city.d${String(gateway % 10)}.air.gw${String(gateway)}`;
    servers.nc.publish(subject, encoder.encode(payload), { headers: contentType });
    if (i % FLUSH_EVERY === 0) await servers.nc.flush();
  }
  await stored(servers, messages);
  return { messages, readings: messages, sum };
}

/** Frames of 500 readings: `series` sensors, 500 behind each gateway, round after round. */
export async function fillFrames(servers: Servers, frames: number, series: number): Promise<Filled> {
  const gateways = Math.max(1, Math.ceil(series / FRAME_READINGS));
  let sum = 0;
  for (let i = 0; i < frames; i++) {
    const timeMs = HOUR_START_MS + Math.floor((i / frames) * 3_500_000);
    sum += publishFrame(servers.nc, i % gateways, timeMs, i % 1_000);
    if (i % 500 === 0) await servers.nc.flush();
  }
  await stored(servers, frames);
  return { messages: frames, readings: frames * FRAME_READINGS, sum };
}

/** Names of 16 bytes. Gives the sum of the frame's values. */
export function publishFrame(nc: NatsConnection, gateway: number, timeMs: number, value: number): number {
  const payload = encodeFrame({
    metric: 'kwh',
    baseMs: timeMs,
    sensors: namesOf(gateway),
    values: new Float64Array(FRAME_READINGS).fill(value),
  });
  nc.publish(`sensors.city.d${String(gateway % 10)}.power.gw${String(gateway)}`, payload);
  return value * FRAME_READINGS;
}

const names = new Map<number, string[]>();

function namesOf(gateway: number): string[] {
  let known = names.get(gateway);
  if (known === undefined) {
    const first = gateway * FRAME_READINGS;
    known = Array.from({ length: FRAME_READINGS }, (_, i) => `meter-${String(first + i).padStart(10, '0')}`);
    names.set(gateway, known);
  }
  return known;
}

/** Everything has been stored: core publishes have no acknowledgement, the stream's count is. */
export async function stored(servers: Servers, messages: number): Promise<void> {
  await servers.nc.flush();
  await waitUntil('the stream has every message', FILL_MS_MAX, async () => {
    const { state } = await servers.jsm.streams.info(READINGS_STREAM);
    return state.messages >= messages;
  });
}
