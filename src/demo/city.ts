/**
 * What the made-up city publishes: the messages of any second, and those of the time before the demo began.
 *
 * Boundary: pure; times in, messages out, the same every time. Who sends how:
 *   air, traffic, power, water: gateways, one frame a second and district; a traffic gateway is often minutes late;
 *   parking: a gateway, SenML with `Nats-Msg-Id`, sometimes sent twice;
 *   weather: single devices, SenML with `Hourglass-Seq`, sometimes sent twice;
 *   noise: single devices, bare SenML without any header, some of which send what cannot be used.
 */
import { encodeFrame } from '../runtime/decode/frame-writer.ts';
import { encodeSenml, type SenmlReading } from '../runtime/decode/senml-writer.ts';
import { badPayload } from './bad-payloads.ts';
import { CITY, DISTRICTS, isSilent, type Kind, KINDS, phaseMs, sensorName, type Site, valueAt } from './city-model.ts';
import { chance } from './noise.ts';

export interface CityMessage {
  readonly subject: string;
  readonly contentType?: string;
  readonly messageId?: string;
  /** Number of `Hourglass-Seq` within the session of the demo's start. */
  readonly number?: number;
  /** How often it is sent: more than once, it still counts once. */
  readonly times: number;
  readonly payload: Uint8Array;
  readonly readings: number;
}

interface Measured {
  readonly site: Site;
  readonly timeMs: number;
}

export const SECOND_MS = 1_000;
/** A gateway that is late is this late. */
const LATE_MS = 7 * 60_000;
const LATE_SHARE = 0.05;
const TWICE_SHARE = 0.02;
/** Of the messages of noise sensors. */
const BAD_SHARE = 0.01;
/** Before the demo began, every sensor measured this often. */
export const BACKFILL_EVERY_MS = 5 * 60_000;

const SENDS_ALONE = new Set(['weather', 'noise']);

/** Messages of the second that begins at `secondMs`. */
export function* messagesOf(seed: number, secondMs: number): Generator<CityMessage> {
  for (const kind of KINDS) {
    for (let district = 0; district < DISTRICTS.length; district++) {
      if (SENDS_ALONE.has(kind.name)) yield* deviceMessages(seed, kind, district, secondMs);
      else yield* gatewayMessages(seed, kind, district, secondMs);
    }
  }
}

/** Frames of all sensors for one moment of the time before the demo began, one a kind and district. */
export function* backfillOf(seed: number, timeMs: number): Generator<CityMessage> {
  for (const kind of KINDS) {
    for (let district = 0; district < DISTRICTS.length; district++) {
      const measured = sitesOf(kind, district)
        .filter((site) => !isSilent(seed, site, timeMs))
        .map((site) => ({ site, timeMs: timeMs + phaseMs(seed, site) }));
      if (measured.length > 0) yield frame(seed, kind, district, measured);
    }
  }
}

function* gatewayMessages(seed: number, kind: Kind, district: number, secondMs: number): Generator<CityMessage> {
  const isLate = (atMs: number): boolean =>
    kind.name === 'traffic' && chance(seed, 13, district, atMs / SECOND_MS) < LATE_SHARE;
  const due = isLate(secondMs) ? [] : [secondMs];
  if (isLate(secondMs - LATE_MS)) due.push(secondMs - LATE_MS);
  for (const timeMs of due) {
    const measured = measuredAt(seed, kind, district, timeMs);
    if (measured.length === 0) continue;
    if (kind.name !== 'parking') {
      yield frame(seed, kind, district, measured);
      continue;
    }
    const subject = `sensors.${CITY}.${nameOf(district)}.parking.gateway`;
    yield {
      subject,
      contentType: 'application/senml+json',
      messageId: `${CITY}.${nameOf(district)}.gateway.${String(timeMs)}`,
      times: chance(seed, 17, district, timeMs) < TWICE_SHARE ? 2 : 1,
      payload: encodeSenml(measured.flatMap((one) => senmlOf(seed, one, sensorName(one.site)))),
      readings: measured.length * kind.metrics.length,
    };
  }
}

function* deviceMessages(seed: number, kind: Kind, district: number, secondMs: number): Generator<CityMessage> {
  for (const one of measuredAt(seed, kind, district, secondMs)) {
    const { number } = one.site;
    const subject = `sensors.${CITY}.${nameOf(district)}.${kind.name}.${sensorName(one.site)}`;
    const pack = senmlOf(seed, one, null);
    if (kind.name === 'weather') {
      const times = chance(seed, 19, district, number, secondMs) < TWICE_SHARE ? 2 : 1;
      const headers = { contentType: 'application/senml+json', number: secondMs / SECOND_MS };
      yield { subject, ...headers, times, payload: encodeSenml(pack), readings: pack.length };
    } else {
      const draw = chance(seed, 23, district, number, secondMs);
      const payload = draw < BAD_SHARE ? badPayload(draw / BAD_SHARE, secondMs) : encodeSenml(pack);
      yield { subject, times: 1, payload, readings: pack.length };
    }
  }
}

function frame(seed: number, kind: Kind, district: number, measured: readonly Measured[]): CityMessage {
  const readings = measured.flatMap((one) => kind.metrics.map((metric) => ({ ...one, metric })));
  const baseMs = Math.min(...measured.map(({ timeMs }) => timeMs));
  const [onlyMetric] = kind.metrics;
  return {
    subject: `sensors.${CITY}.${nameOf(district)}.${kind.name}.gateway`,
    contentType: 'application/msgpack',
    times: 1,
    payload: encodeFrame({
      metric: kind.metrics.length === 1 && onlyMetric !== undefined ? onlyMetric : readings.map(({ metric }) => metric),
      baseMs,
      sensors: readings.map(({ site }) => sensorName(site)),
      offsetsMs: Int32Array.from(readings, ({ timeMs }) => timeMs - baseMs),
      values: Float64Array.from(readings, ({ site, metric, timeMs }) => valueAt(seed, site, metric, timeMs)),
    }),
    readings: readings.length,
  };
}

function senmlOf(seed: number, { site, timeMs }: Measured, sensor: string | null): SenmlReading[] {
  return site.kind.metrics.map((metric) => ({ sensor, metric, timeMs, value: valueAt(seed, site, metric, timeMs) }));
}

function measuredAt(seed: number, kind: Kind, district: number, secondMs: number): Measured[] {
  return sitesOf(kind, district)
    .filter((site) => secondMs % kind.everyMs === phaseMs(seed, site) && !isSilent(seed, site, secondMs))
    .map((site) => ({ site, timeMs: secondMs }));
}

const sites = new Map<Kind, Site[][]>(
  KINDS.map((kind) => [
    kind,
    DISTRICTS.map((_, district) =>
      Array.from({ length: kind.sensorsPerDistrict }, (_unused, number) => ({ kind, district, number })),
    ),
  ]),
);

function sitesOf(kind: Kind, district: number): readonly Site[] {
  return sites.get(kind)?.[district] ?? [];
}

function nameOf(district: number): string {
  return DISTRICTS[district] ?? '';
}
