/**
 * The names of a SenML pack: `bn + n` to sensor and metric (contract, section 2), as columns.
 *
 * Boundary: texts or bytes in, {@link NameColumns} out, reused from pack to pack. Sensors are compared and checked as UTF-8
 * bytes, so a text that has no UTF-8 (a lone surrogate, written as \ud800) is no name. Metrics keep their numbers from
 * pack to pack, since a city has few of them; their number is bounded (invariant 13).
 */
import { SENML_METRICS_REMEMBERED, SENSOR_NAME_BYTES_MAX } from '../../model/limits.ts';
import { isMetricName, isSensorName } from '../../model/names.ts';
import type { NameColumns } from '../../model/reading.ts';
import { BAD_METRIC, BAD_SENSOR } from './frame-shapes.ts';

const FIRST_ROWS = 64;
const FIRST_BYTES = 4096;
/** Metrics whose bytes are compared one by one before a text is made: most packs have a few. */
const METRICS_COMPARED = 16;
const COLON = 0x3a;
const SLASH = 0x2f;
/** The metric of a name that is all sensor. */
const WHOLE_URN_METRIC = 'value';
const LONE_SURROGATE = /\p{Surrogate}/u;
const encoder = new TextEncoder();
const latin1 = new TextDecoder('latin1');
const URN = encoder.encode('urn:');

export class SenmlNames {
  readonly #metrics: string[] = [];
  readonly #metricNumbers = new Map<string, number>();
  /** Of each metric, its name's bytes. */
  readonly #metricBytes: Uint8Array[] = [];
  #lastMetric = 0;
  #names = {
    stable: false,
    ...emptyColumns(FIRST_ROWS),
    sensorBytes: new Uint8Array(FIRST_BYTES),
    metrics: this.#metrics,
  };
  #used = 0;
  #source = '';

  get columns(): NameColumns {
    return this.#names;
  }

  begin(rows: number, source: string): void {
    if (rows > this.#names.metricOf.length)
      Object.assign(this.#names, emptyColumns(Math.max(rows, 2 * this.#names.metricOf.length)));
    if (this.#metrics.length > SENML_METRICS_REMEMBERED) this.#forgetMetrics();
    this.#used = 0;
    this.#source = source;
  }

  /**
   * {@link add} for a resolved name in two spans of `bytes`, base and own, both visible ASCII or spaces. False where the name
   * holds no sensor and metric.
   */
  addBytes(
    row: number,
    bytes: Uint8Array,
    baseStart: number,
    baseEnd: number,
    ownStart: number,
    ownEnd: number,
  ): boolean {
    const start = this.#used;
    const end = start + (baseEnd - baseStart) + (ownEnd - ownStart);
    this.#makeRoom(end);
    const into = this.#names.sensorBytes;
    let at = start;
    for (let from = baseStart; from < baseEnd; from++) into[at++] = bytes[from]!;
    for (let from = ownStart; from < ownEnd; from++) into[at++] = bytes[from]!;
    if (baseStart === baseEnd && beginsWithUrn(into, start, end)) {
      this.#used = end;
      return isSensorName(into, start, end) && this.#set(row, start, end, this.#metricNumber(WHOLE_URN_METRIC));
    }
    let separator = end - 1;
    while (separator >= start && into[separator] !== COLON && into[separator] !== SLASH) separator -= 1;
    const metric = this.#metricNumberOf(into, separator + 1, end);
    if (separator >= start) {
      this.#used = separator;
      return isSensorName(into, start, separator) && this.#set(row, start, separator, metric);
    }
    const sourceEnd = this.#write(this.#source);
    this.#used = sourceEnd;
    return isSensorName(this.#names.sensorBytes, start, sourceEnd) && this.#set(row, start, sourceEnd, metric);
  }

  #set(row: number, start: number, end: number, metric: number): boolean {
    this.#names.sensorStart[row] = start;
    this.#names.sensorEnd[row] = end;
    this.#names.metricOf[row] = metric;
    return metric >= 0;
  }

  /** Gives the row its sensor and metric; what is wrong where the resolved name holds no such two. */
  add(row: number, baseName: string, ownName: string): string | null {
    const name = baseName + ownName;
    let sensor = this.#source;
    let metric = name;
    if (baseName === '' && name.startsWith('urn:')) {
      sensor = name;
      metric = WHOLE_URN_METRIC;
    } else {
      const separator = lastSeparator(name);
      if (separator >= 0) {
        sensor = name.slice(0, separator);
        metric = name.slice(separator + 1);
      }
    }
    const start = this.#used;
    const end = this.#write(sensor);
    if (end < 0 || !isSensorName(this.#names.sensorBytes, start, end)) return BAD_SENSOR;
    const number = this.#metricNumber(metric);
    if (number < 0) return BAD_METRIC;
    this.#set(row, start, end, number);
    this.#used = end;
    return null;
  }

  /** Writes the UTF-8 of `text` behind what is there; -1 where it has none, or more than any name. */
  #write(text: string): number {
    const length = text.length;
    if (length > SENSOR_NAME_BYTES_MAX) return -1;
    const start = this.#used;
    this.#makeRoom(start + 3 * length);
    const bytes = this.#names.sensorBytes;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) {
        if (LONE_SURROGATE.test(text)) return -1;
        return start + encoder.encodeInto(text, bytes.subarray(start)).written;
      }
      bytes[start + i] = unit;
    }
    return start + length;
  }

  #makeRoom(bytes: number): void {
    if (bytes <= this.#names.sensorBytes.length) return;
    const grown = new Uint8Array(Math.max(bytes, 2 * this.#names.sensorBytes.length));
    grown.set(this.#names.sensorBytes);
    this.#names.sensorBytes = grown;
  }

  /** -1 where it is no metric. */
  #metricNumber(metric: string): number {
    const known = this.#metricNumbers.get(metric);
    if (known !== undefined) return known;
    if (!isMetricName(metric)) return -1;
    const number = this.#metrics.length;
    this.#metrics.push(metric);
    this.#metricNumbers.set(metric, number);
    this.#metricBytes.push(encoder.encode(metric));
    return number;
  }

  /** -1 where they are no metric. The last one found is looked at first, then the few that were first seen. */
  #metricNumberOf(bytes: Uint8Array, start: number, end: number): number {
    const known = this.#metricBytes;
    if (known.length > 0 && isSame(known[this.#lastMetric]!, bytes, start, end)) return this.#lastMetric;
    for (let number = 0; number < known.length && number < METRICS_COMPARED; number++) {
      if (!isSame(known[number]!, bytes, start, end)) continue;
      this.#lastMetric = number;
      return number;
    }
    const number = this.#metricNumber(latin1.decode(bytes.subarray(start, end)));
    if (number >= 0) this.#lastMetric = number;
    return number;
  }

  #forgetMetrics(): void {
    this.#metrics.length = 0;
    this.#metricBytes.length = 0;
    this.#metricNumbers.clear();
    this.#lastMetric = 0;
  }
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}

function beginsWithUrn(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < URN.length) return false;
  for (let i = 0; i < URN.length; i++) if (bytes[start + i] !== URN[i]) return false;
  return true;
}

function lastSeparator(name: string): number {
  for (let at = name.length - 1; at >= 0; at--) {
    const unit = name.charCodeAt(at);
    if (unit === COLON || unit === SLASH) return at;
  }
  return -1;
}

function emptyColumns(rows: number): Pick<NameColumns, 'sensorStart' | 'sensorEnd' | 'metricOf'> {
  return { sensorStart: new Uint32Array(rows), sensorEnd: new Uint32Array(rows), metricOf: new Uint32Array(rows) };
}
