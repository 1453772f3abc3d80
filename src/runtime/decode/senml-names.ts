/**
 * The names of a SenML pack: `bn + n` to sensor and metric (contract, section 2), as columns.
 *
 * Boundary: texts in, {@link NameColumns} out, reused from pack to pack. Sensors are compared and checked as UTF-8 bytes, so a
 * text that has no UTF-8 (a lone surrogate, written as \ud800) is no name.
 */
import { SENSOR_NAME_BYTES_MAX } from '../../model/limits.ts';
import { isMetricName, isSensorName } from '../../model/names.ts';
import type { NameColumns } from '../../model/reading.ts';
import { BAD_METRIC, BAD_SENSOR } from './frame-shapes.ts';

const FIRST_ROWS = 64;
const FIRST_BYTES = 4096;
const COLON = 0x3a;
const SLASH = 0x2f;
/** The metric of a name that is all sensor. */
const WHOLE_URN_METRIC = 'value';
const LONE_SURROGATE = /\p{Surrogate}/u;
const encoder = new TextEncoder();

export class SenmlNames {
  readonly #metrics: string[] = [];
  readonly #metricNumbers = new Map<string, number>();
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
    this.#metrics.length = 0;
    this.#metricNumbers.clear();
    this.#used = 0;
    this.#source = source;
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
    this.#names.sensorStart[row] = start;
    this.#names.sensorEnd[row] = end;
    this.#names.metricOf[row] = number;
    this.#used = end;
    return null;
  }

  /** Writes the UTF-8 of `text` behind what is there; -1 where it has none, or more than any name. */
  #write(text: string): number {
    const length = text.length;
    if (length > SENSOR_NAME_BYTES_MAX) return -1;
    const start = this.#used;
    const most = start + 3 * length;
    if (most > this.#names.sensorBytes.length) {
      const grown = new Uint8Array(Math.max(most, 2 * this.#names.sensorBytes.length));
      grown.set(this.#names.sensorBytes);
      this.#names.sensorBytes = grown;
    }
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

  /** -1 where it is no metric. */
  #metricNumber(metric: string): number {
    const last = this.#metrics.length - 1;
    if (last >= 0 && this.#metrics[last] === metric) return last;
    const known = this.#metricNumbers.get(metric);
    if (known !== undefined) return known;
    if (!isMetricName(metric)) return -1;
    this.#metrics.push(metric);
    this.#metricNumbers.set(metric, last + 1);
    return last + 1;
  }
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
