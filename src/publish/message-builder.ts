/**
 * Readings in file order to messages: a message is a run of readings of one source, at most so many.
 *
 * Boundary: pure. Invariant: the readings of all messages, one after the other, are the readings that were added.
 */
import { ConfigError } from '../model/errors.ts';
import { SUBJECT_TOKEN_CHARS_MAX } from '../model/limits.ts';
import { encodeFrame } from '../runtime/decode/frame-writer.ts';
import { encodeSenml } from '../runtime/decode/senml-writer.ts';
import type { RecordedReading } from './reading-csv.ts';

export type Format = 'senml' | 'frame';

export interface Addressing {
  readonly city: string;
  readonly district: string;
  readonly kind: string;
  /** `sensor`: each sensor is a source of its own, and its readings carry no other name. */
  readonly source: { readonly name: string } | 'sensor';
}

export interface OutgoingMessage {
  readonly subject: string;
  /** `<city>.<district>.<source>`: what message ids begin with. */
  readonly publisher: string;
  readonly contentType: string;
  readonly payload: Uint8Array;
  readonly readings: number;
}

const TOKEN = new RegExp(`^[A-Za-z0-9_-]{1,${String(SUBJECT_TOKEN_CHARS_MAX)}}$`);
const CONTENT_TYPES: Record<Format, string> = { senml: 'application/senml+json', frame: 'application/msgpack' };
/** Offsets of a frame are int32, ms. */
const OFFSET_MS_MAX = 2 ** 31 - 1;

export class MessageBuilder {
  readonly #to: Addressing;
  readonly #format: Format;
  readonly #batch: number;
  #run: RecordedReading[] = [];

  /** @throws {ConfigError} where city, district, kind or source cannot stand in a subject. */
  constructor(to: Addressing, format: Format, batch: number) {
    this.#to = to;
    this.#format = format;
    this.#batch = batch;
    const { city, district, kind, source } = to;
    assertToken('city', city);
    assertToken('district', district);
    assertToken('kind', kind);
    if (source !== 'sensor') assertToken('source', source.name);
  }

  /** The message that is full or ended by this reading, which then begins the next one. */
  add(reading: RecordedReading): OutgoingMessage | null {
    const done = this.#run.length > 0 && !this.#belongs(reading) ? this.end() : null;
    this.#run.push(reading);
    return done;
  }

  /** What is left; null where nothing is. */
  end(): OutgoingMessage | null {
    const [first] = this.#run;
    if (first === undefined) return null;
    const run = this.#run;
    this.#run = [];
    const { city, district, kind, source } = this.#to;
    if (source === 'sensor') assertToken('sensor', first.sensor);
    const name = source === 'sensor' ? first.sensor : source.name;
    return {
      subject: `sensors.${city}.${district}.${kind}.${name}`,
      publisher: `${city}.${district}.${name}`,
      contentType: CONTENT_TYPES[this.#format],
      payload: this.#format === 'frame' ? this.#frame(run, first) : this.#senml(run),
      readings: run.length,
    };
  }

  #belongs({ sensor, timeMs }: RecordedReading): boolean {
    const [first] = this.#run;
    if (first === undefined || this.#run.length >= this.#batch) return false;
    if (this.#to.source === 'sensor' && sensor !== first.sensor) return false;
    return this.#format === 'senml' || Math.abs(timeMs - first.timeMs) <= OFFSET_MS_MAX;
  }

  #frame(run: readonly RecordedReading[], first: RecordedReading): Uint8Array {
    const isOneMetric = run.every(({ metric }) => metric === first.metric);
    const isOneTime = run.every(({ timeMs }) => timeMs === first.timeMs);
    return encodeFrame({
      metric: isOneMetric ? first.metric : run.map(({ metric }) => metric),
      baseMs: first.timeMs,
      sensors: this.#to.source === 'sensor' ? undefined : run.map(({ sensor }) => sensor),
      offsetsMs: isOneTime ? undefined : Int32Array.from(run, ({ timeMs }) => timeMs - first.timeMs),
      values: Float64Array.from(run, ({ value }) => value),
    });
  }

  #senml(run: readonly RecordedReading[]): Uint8Array {
    try {
      return encodeSenml(this.#to.source === 'sensor' ? run.map((reading) => ({ ...reading, sensor: null })) : run);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new ConfigError(error.message, 'Publish with --format frame.');
    }
  }
}

function assertToken(what: string, token: string): void {
  if (TOKEN.test(token)) return;
  const advice =
    what === 'sensor'
      ? 'Use --source NAME: then sensors may have any name.'
      : `Use 1-${String(SUBJECT_TOKEN_CHARS_MAX)} characters of A-Z a-z 0-9 _ -.`;
  throw new ConfigError(`the ${what} "${token}" cannot stand in a subject`, advice);
}
