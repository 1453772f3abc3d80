/**
 * The city of a drill: seeded messages, and beside them the exact answer to what they say.
 *
 * Boundary: pure but for the time that is handed in. Every message of the same seed and time is the same. A part of the
 * readings is of the running hour, a part months late, so that rows flow to the database all the time; a few are bad in
 * known ways, and a few are sent twice under one `Nats-Msg-Id`.
 */
import { HOUR_MS } from '../model/hour.ts';
import { Random } from '../model/random.ts';
import type { OutgoingMessage } from '../publish/message-builder.ts';
import { encodeFrame } from '../runtime/decode/frame-writer.ts';
import { encodeSenml } from '../runtime/decode/senml-writer.ts';
import { ExactAnswer, type ExactSeries } from './exact-answer.ts';

export interface CityShape {
  /** Sources that send; each is in one partition. */
  readonly sources: number;
  /** Readings in a message, each of a sensor of its own. */
  readonly readings: number;
  /** Part of the messages that are months late. */
  readonly lateShare: number;
  /** Months back that late messages spread over. */
  readonly months: number;
  /** Part of the messages with something in them that cannot be used. */
  readonly badShare: number;
}

export interface CityMessage extends OutgoingMessage {
  /** `Nats-Msg-Id`; then the message is to be sent `times` times. */
  readonly id?: string;
  readonly times: number;
}

interface Source {
  readonly subject: string;
  readonly publisher: string;
  readonly metric: string;
  readonly sensors: readonly string[];
  readonly series: readonly ExactSeries[];
}

const CITIES = ['drill-a', 'drill-b'] as const;
const DISTRICTS = ['north', 'south', 'harbour'] as const;
const KINDS = [
  { kind: 'air', metric: 'pm10' },
  { kind: 'water', metric: 'level' },
] as const;
const VALUE_MAX = 1_000;
const SENML_SHARE = 0.1;
const TWICE_SHARE = 0.01;
const text = new TextEncoder();

export class DrillCity {
  readonly answer = new ExactAnswer();
  readonly cities: readonly string[] = CITIES;
  readonly #random: Random;
  readonly #shape: CityShape;
  readonly #sources: Source[];
  readonly #pastHoursMs: number[];
  #sent = 0;

  /** @param nowMs where late hours are counted back from. */
  constructor(seed: number, shape: CityShape, nowMs: number) {
    this.#random = new Random(seed);
    this.#shape = shape;
    this.#sources = Array.from({ length: shape.sources }, (_, at) => this.#sourceOf(at));
    const now = new Date(nowMs);
    this.#pastHoursMs = Array.from({ length: shape.months }, (_, back) => [
      Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1 - back, 3, 5),
      Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1 - back, 24, 23),
    ]).flat();
  }

  /** The next message; what it says is in the answer from now on. Sources take turns. */
  next(nowMs: number): CityMessage {
    const source = this.#sources[this.#sent % this.#sources.length]!;
    this.#sent += 1;
    if (this.#random.chance(this.#shape.badShare)) return this.#badMessage(source, nowMs);
    const isLate = this.#random.chance(this.#shape.lateShare);
    const hourMs = isLate ? this.#random.pick(this.#pastHoursMs) : nowMs - (nowMs % HOUR_MS);
    const lengthMs = isLate ? HOUR_MS : Math.max(1, nowMs - hourMs);
    const offsetsMs = new Int32Array(this.#shape.readings);
    const values = new Float64Array(this.#shape.readings);
    for (const [at, series] of source.series.entries()) {
      const offsetMs = this.#random.whole(0, lengthMs - 1);
      const value = this.#random.whole(-VALUE_MAX, VALUE_MAX);
      offsetsMs[at] = offsetMs;
      values[at] = value;
      series.add(hourMs + offsetMs, value);
    }
    const isSenml = this.#random.chance(SENML_SHARE);
    const isTwice = this.#random.chance(TWICE_SHARE);
    return {
      subject: source.subject,
      publisher: source.publisher,
      readings: values.length,
      ...(isSenml ? senmlOf(source, hourMs, offsetsMs, values) : frameOf(source, hourMs, offsetsMs, values)),
      ...(isTwice ? { id: `${source.publisher}.${String(this.#sent)}`, times: 2 } : { times: 1 }),
    };
  }

  #sourceOf(at: number): Source {
    const city = CITIES[at % CITIES.length]!;
    const district = DISTRICTS[at % DISTRICTS.length]!;
    const { kind, metric } = KINDS[Math.floor(at / 6) % KINDS.length]!;
    const name = `gw-${String(at)}`;
    const sensors = Array.from({ length: this.#shape.readings }, (_, sensor) => `${name}-${String(sensor)}`);
    return {
      subject: `sensors.${city}.${district}.${kind}.${name}`,
      publisher: `${city}.${district}.${name}`,
      metric,
      sensors,
      series: sensors.map((sensor) => this.answer.series({ city, district, kind, metric, sensor })),
    };
  }

  /** Two readings: the first counts where the message can be read at all, the second cannot be used. */
  #badMessage({ subject, publisher, metric, sensors, series }: Source, nowMs: number): CityMessage {
    const [sensor = ''] = sensors;
    const second = Math.floor(nowMs / 1_000);
    const value = this.#random.whole(-VALUE_MAX, VALUE_MAX);
    const good = `{"n":"${sensor}/${metric}","t":${String(second)},"v":${String(value)}}`;
    const { reason, bad } = this.#random.pick(badSecondReadings(metric, second));
    if (bad === null) {
      this.answer.reject(reason);
      const payload = text.encode(`[${good},`);
      return { subject, publisher, contentType: 'application/senml+json', payload, readings: 0, times: 1 };
    }
    series[0]?.add(second * 1_000, value);
    this.answer.reject(reason);
    const payload = text.encode(`[${good},${bad}]`);
    return { subject, publisher, contentType: 'application/senml+json', payload, readings: 1, times: 1 };
  }
}

/** By the contract, section 2. Null: the whole message is cut off. */
function badSecondReadings(metric: string, second: number): { reason: string; bad: string | null }[] {
  return [
    { reason: 'malformed', bad: null },
    { reason: 'not-numeric', bad: `{"n":"bad/${metric}","vs":"loud"}` },
    { reason: 'not-finite', bad: `{"n":"bad/${metric}","v":1e999}` },
    { reason: 'bad-name', bad: '{"n":"bad/p m","v":1}' },
    { reason: 'future', bad: `{"n":"bad/${metric}","v":1,"t":${String(second + 86_400)}}` },
    { reason: 'too-old', bad: `{"n":"bad/${metric}","v":1,"t":315532800}` },
  ];
}

function frameOf(
  { metric, sensors }: Source,
  baseMs: number,
  offsetsMs: Int32Array,
  values: Float64Array,
): { contentType: string; payload: Uint8Array } {
  return {
    contentType: 'application/msgpack',
    payload: encodeFrame({ metric, baseMs, sensors, offsetsMs, values }),
  };
}

function senmlOf(
  { metric, sensors }: Source,
  baseMs: number,
  offsetsMs: Int32Array,
  values: Float64Array,
): { contentType: string; payload: Uint8Array } {
  const readings = sensors.map((sensor, at) => ({
    sensor,
    metric,
    timeMs: baseMs + (offsetsMs[at] ?? 0),
    value: values[at] ?? 0,
  }));
  return { contentType: 'application/senml+json', payload: encodeSenml(readings) };
}
