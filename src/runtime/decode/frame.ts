/**
 * Frames (contract, section 2, `application/msgpack`): a MessagePack map with columns of many readings.
 *
 * Job: finds the five columns, checks that they fit each other, fills the batch. Boundary: names are the shapes' affair
 * (frame-shapes.ts), the wire format the reader's. Invariants: what spoils the columns' order spoils the whole
 * frame; what is wrong with one element spoils that reading alone; equal columns `m` and `s` give the same names object.
 */
import { FRAME_KEYS_MAX, FRAME_READINGS_MAX } from '../../model/limits.ts';
import type { ReadingBatch } from '../../model/reading.ts';
import type { Columns } from './columns.ts';
import { fitsRows, readShape, ShapeCache, type FrameShape, type Span } from './frame-shapes.ts';
import type { KnownColumn } from './known-column.ts';
import { MalformedPayload } from './malformed.ts';
import { ARRAY, BIN, FLOAT, INTEGER, MAP, MsgpackReader, STR } from './msgpack-reader.ts';
import { SensorSpans } from './sensor-spans.ts';

const METRICS = 0x6d; // m
const TIME = 0x74; // t
const SENSORS = 0x73; // s
const OFFSETS = 0x64; // d
const VALUES = 0x76; // v

/** Keeps different bytes different, whatever they are. */
const latin1 = new TextDecoder('latin1');
const FIRST_OFFSETS = 1024;
const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
/** From here on, adding an int32 may leave the whole numbers that float64 holds. */
const TIME_SURE_MS_MAX = Number.MAX_SAFE_INTEGER - 2 ** 31;

export class FrameDecoder {
  readonly #columns: Columns;
  readonly #shapes: ShapeCache;
  readonly #reader = new MsgpackReader();
  readonly #spans = new SensorSpans();
  #offsets = new Int32Array(FIRST_OFFSETS);
  #offsetBytes = new Uint8Array(this.#offsets.buffer);
  /** Where the columns of the frame at hand begin and end; end 0 where the frame has no such key. */
  readonly #metrics: Span = { start: 0, end: 0 };
  readonly #sensors: Span = { start: 0, end: 0 };
  readonly #offsetsAt: Span = { start: 0, end: 0 };
  readonly #values: Span = { start: 0, end: 0 };
  /** Columns found to be those of the likely shape. */
  #likelyColumns = 0;
  #baseMs = 0;

  constructor(columns: Columns, shapes: ShapeCache = new ShapeCache()) {
    this.#columns = columns;
    this.#shapes = shapes;
  }

  /** @throws {MalformedPayload} where the frame as a whole cannot be read. */
  decode(payload: Uint8Array, channel: string, source: string): ReadingBatch {
    this.#reader.reset(payload);
    try {
      const likely = this.#shapes.enter(channel, source);
      this.#findColumns(payload, likely);
      const rows = this.#countRows();
      const shape = this.#shapeOf(payload, likely, rows, channel, source);
      this.#columns.begin(rows);
      this.#readTimes(payload, rows);
      this.#readValues(payload, rows);
      for (const row of shape.badRows) if (row < rows) this.#columns.reject(row, 'bad-name', shape.badDetail);
      return this.#columns.finish(shape.names);
    } finally {
      this.#reader.release();
    }
  }

  #findColumns(payload: Uint8Array, likely: FrameShape | undefined): void {
    const reader = this.#reader;
    this.#metrics.end = this.#sensors.end = this.#offsetsAt.end = this.#values.end = 0;
    this.#likelyColumns = 0;
    if (reader.peek() !== MAP) throw new MalformedPayload('the payload is not a MessagePack map');
    const keys = reader.readCount();
    if (keys > FRAME_KEYS_MAX) throw new MalformedPayload(`the frame has more than ${String(FRAME_KEYS_MAX)} keys`);
    let timeSeen = false;
    let others: Set<string> | null = null;
    for (let i = 0; i < keys; i++) {
      if (reader.peek() !== STR) {
        reader.skip();
        reader.skip();
        continue;
      }
      reader.readSpan();
      const key = reader.spanEnd - reader.spanStart === 1 ? payload[reader.spanStart] : 0;
      switch (key) {
        case METRICS:
          this.#takeColumn('m', this.#metrics, payload, likely?.metricColumn);
          break;
        case SENSORS:
          this.#takeColumn('s', this.#sensors, payload, likely?.sensorColumn);
          break;
        case OFFSETS:
          this.#takeColumn('d', this.#offsetsAt, payload, null);
          break;
        case VALUES:
          this.#takeColumn('v', this.#values, payload, null);
          break;
        case TIME:
          if (timeSeen) throw new MalformedPayload('the key "t" stands twice');
          timeSeen = true;
          this.#readBaseTime();
          break;
        default: {
          const bytes = latin1.decode(payload.subarray(reader.spanStart, reader.spanEnd));
          others ??= new Set();
          if (others.has(bytes)) throw new MalformedPayload('a key stands twice');
          others.add(bytes);
          reader.skip();
        }
      }
    }
    if (!reader.atEnd) throw new MalformedPayload('bytes follow the frame');
    if (!timeSeen) throw new MalformedPayload('the key "t" is missing');
    if (this.#metrics.end === 0) throw new MalformedPayload('the key "m" is missing');
    if (this.#values.end === 0) throw new MalformedPayload('the key "v" is missing');
  }

  /** Moves behind the column; by one comparison where it is the one we think of. */
  #takeColumn(key: string, span: Span, payload: Uint8Array, likely: KnownColumn | null | undefined): void {
    if (span.end !== 0) throw new MalformedPayload(`the key "${key}" stands twice`);
    const reader = this.#reader;
    span.start = reader.at;
    if (likely?.standsAt(payload, reader.at) === true) {
      reader.at += likely.length;
      this.#likelyColumns += 1;
    } else {
      reader.skip();
    }
    span.end = reader.at;
  }

  #readBaseTime(): void {
    const reader = this.#reader;
    const kind = reader.peek();
    const baseMs = kind === INTEGER || kind === FLOAT ? reader.readNumber() : NaN;
    if (!Number.isSafeInteger(baseMs)) throw new MalformedPayload('"t" is not a whole number of ms within 2^53');
    this.#baseMs = baseMs;
  }

  #countRows(): number {
    const reader = this.#reader;
    reader.at = this.#values.start;
    const kind = reader.peek();
    let rows: number;
    if (kind === BIN) {
      reader.readSpan();
      const bytes = reader.spanEnd - reader.spanStart;
      if (bytes % 8 !== 0) throw new MalformedPayload('the bin "v" is not made of 8 bytes a value');
      rows = bytes / 8;
    } else if (kind === ARRAY) {
      rows = reader.readCount();
    } else {
      throw new MalformedPayload('"v" is neither an array nor a bin');
    }
    if (rows === 0) throw new MalformedPayload('no readings');
    if (rows > FRAME_READINGS_MAX) throw new MalformedPayload(`more than ${String(FRAME_READINGS_MAX)} readings`);
    return rows;
  }

  #shapeOf(
    payload: Uint8Array,
    likely: FrameShape | undefined,
    rows: number,
    channel: string,
    source: string,
  ): FrameShape {
    const metrics = this.#metrics;
    const sensors = this.#sensors.end === 0 ? null : this.#sensors;
    const isLikely =
      this.#likelyColumns === (sensors === null ? 1 : 2) && (likely?.sensorColumn === null) === (sensors === null);
    if (likely !== undefined && isLikely && fitsRows(likely, rows)) return likely;
    const known = this.#shapes.find(payload, metrics, sensors, rows);
    if (known !== undefined) return known;
    const shape = readShape(this.#reader, payload, metrics, sensors, rows, source, this.#spans);
    this.#shapes.add(channel, source, shape);
    return shape;
  }

  #readTimes(payload: Uint8Array, rows: number): void {
    const { timeMs } = this.#columns;
    const baseMs = this.#baseMs;
    if (this.#offsetsAt.end === 0) {
      timeMs.fill(baseMs, 0, rows);
      return;
    }
    const reader = this.#reader;
    reader.at = this.#offsetsAt.start;
    const kind = reader.peek();
    if (kind === ARRAY) {
      this.#readOffsetArray(rows);
      return;
    }
    if (kind !== BIN) throw new MalformedPayload('"d" is neither an array nor a bin');
    reader.readSpan();
    const { spanStart, spanEnd } = reader;
    if (spanEnd - spanStart !== 4 * rows)
      throw new MalformedPayload('the bin "d" is not made of 4 bytes a value of "v"');
    const offsets = this.#copyOffsets(payload.subarray(spanStart, spanEnd));
    for (let row = 0; row < rows; row++) timeMs[row] = baseMs + offsets[row]!;
    if (Math.abs(baseMs) > TIME_SURE_MS_MAX) this.#rejectUnsafeTimes(rows);
  }

  #readOffsetArray(rows: number): void {
    const reader = this.#reader;
    const { timeMs } = this.#columns;
    if (reader.readCount() !== rows) throw new MalformedPayload('"d" and "v" differ in length');
    for (let row = 0; row < rows; row++) {
      const kind = reader.peek();
      let offset = NaN;
      if (kind === INTEGER || kind === FLOAT) offset = reader.readNumber();
      else reader.skip();
      timeMs[row] = Number.isInteger(offset) ? this.#baseMs + offset : NaN;
    }
    this.#rejectUnsafeTimes(rows);
  }

  #rejectUnsafeTimes(rows: number): void {
    const columns = this.#columns;
    for (let row = 0; row < rows; row++) {
      if (Number.isSafeInteger(columns.timeMs[row])) continue;
      columns.reject(row, 'malformed', '"t" + "d" is not a whole number of ms within 2^53');
    }
  }

  #readValues(payload: Uint8Array, rows: number): void {
    const reader = this.#reader;
    reader.at = this.#values.start;
    if (reader.peek() === BIN) {
      reader.readSpan();
      this.#columns.valueBytes.set(payload.subarray(reader.spanStart, reader.spanEnd));
      if (!LITTLE_ENDIAN) Buffer.from(this.#columns.value.buffer, 0, 8 * rows).swap64();
    } else {
      reader.readCount();
      this.#readValueArray(rows);
    }
    const { value } = this.#columns;
    for (let row = 0; row < rows; row++) {
      // Not 0 for NaN and the infinities alone.
      if (value[row]! - value[row]! !== 0) this.#columns.reject(row, 'not-finite', 'a value is NaN or infinite');
    }
  }

  #readValueArray(rows: number): void {
    const reader = this.#reader;
    const columns = this.#columns;
    for (let row = 0; row < rows; row++) {
      const kind = reader.peek();
      if (kind === INTEGER || kind === FLOAT) {
        columns.value[row] = reader.readNumber();
      } else {
        reader.skip();
        columns.value[row] = 0;
        columns.reject(row, 'not-numeric', 'a value is not a number');
      }
    }
  }

  /** To an aligned place: a bin begins at any byte. */
  #copyOffsets(bytes: Uint8Array): Int32Array {
    if (bytes.length > this.#offsetBytes.length) {
      this.#offsets = new Int32Array(bytes.length / 4);
      this.#offsetBytes = new Uint8Array(this.#offsets.buffer);
    }
    this.#offsetBytes.set(bytes);
    if (!LITTLE_ENDIAN) Buffer.from(this.#offsets.buffer, 0, bytes.length).swap32();
    return this.#offsets;
  }
}
