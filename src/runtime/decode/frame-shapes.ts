/**
 * The shapes of frames: which sensors and metrics their rows are, remembered from frame to frame.
 *
 * Job: a source sends the same sensors in the same order, so the raw bytes of the columns `m` and `s` are compared
 * with those of its last few frames; equal bytes are the same names, which then need no look. Boundary: bytes in,
 * {@link NameColumns} out; values and times are the frame's.
 * Invariants: a shape never changes, so its names are `stable` and their identity stands for their content. A row
 * with a bad name stands in `badRows`. 13: channels, shapes and bytes are bounded; names that an actor keeps as well are kept
 * once (known-column.ts).
 */
import {
  FRAME_READINGS_MAX,
  SHAPE_CACHE_BYTES_MAX,
  SHAPE_CHANNELS_MAX,
  SHAPE_OVERHEAD_BYTES,
  SHAPES_PER_CHANNEL_MAX,
} from '../../model/limits.ts';
import { isMetricName, isSensorName } from '../../model/names.ts';
import type { KeptNames, NameColumns } from '../../model/reading.ts';
import { GenerationCache } from './generation-cache.ts';
import { KnownColumn } from './known-column.ts';
import { MalformedPayload } from './malformed.ts';
import { ARRAY, STR, type MsgpackReader } from './msgpack-reader.ts';
import type { SensorSpans } from './sensor-spans.ts';

/** One raw column of a payload: `[start, end)`; the whole MessagePack value. */
export interface Span {
  start: number;
  end: number;
}

export interface FrameShape {
  /** The value of key `m`, as it stood in the payload. */
  readonly metricColumn: KnownColumn;
  /** The value of key `s`; null where the frame has none. */
  readonly sensorColumn: KnownColumn | null;
  readonly rows: number;
  readonly names: NameColumns;
  /** Rows whose sensor or metric is not a name, ascending. */
  readonly badRows: Uint32Array;
  /** What is wrong with the first of them. */
  readonly badDetail: string;
}

const latin1 = new TextDecoder('latin1');

/** Whether a frame of `rows` rows with this shape's columns has this shape's names. */
export function fitsRows(shape: FrameShape, rows: number): boolean {
  if (rows === shape.rows) return true;
  // One metric for all and no sensors: every row has the same name, so fewer rows are the same shape.
  return rows < shape.rows && shape.sensorColumn === null && isText(shape.metricColumn.bytes());
}

function isText(column: Buffer): boolean {
  const tag = column[0] ?? 0;
  return (tag >= 0xa0 && tag < 0xc0) || (tag >= 0xd9 && tag <= 0xdb);
}

interface ChannelShapes {
  readonly source: string;
  /** The last one used first. */
  readonly shapes: FrameShape[];
}

export class ShapeCache {
  readonly #channels: GenerationCache<ChannelShapes>;
  #current: ChannelShapes | undefined;

  constructor(channelsMax: number = SHAPE_CHANNELS_MAX, bytesMax: number = SHAPE_CACHE_BYTES_MAX) {
    const limits = { entriesMax: channelsMax, weightMax: bytesMax };
    this.#channels = new GenerationCache(limits, ({ shapes }) => shapes.reduce((sum, shape) => sum + weight(shape), 0));
  }

  /** Chooses the channel that {@link find} and {@link add} speak of; gives its last shape, the likely one. */
  enter(channel: string, source: string): FrameShape | undefined {
    const known = this.#channels.get(channel);
    this.#current = known?.source === source ? known : undefined;
    return this.#current?.shapes[0];
  }

  find(payload: Uint8Array, metrics: Span, sensors: Span | null, rows: number): FrameShape | undefined {
    const shapes = this.#current?.shapes ?? [];
    for (let i = 0; i < shapes.length; i++) {
      const shape = shapes[i]!;
      const { metricColumn, sensorColumn } = shape;
      if (!fitsRows(shape, rows) || !metricColumn.standsAt(payload, metrics.start)) continue;
      if ((sensors === null) !== (sensorColumn === null)) continue;
      if (sensors !== null && sensorColumn?.standsAt(payload, sensors.start) === false) continue;
      shapes.splice(i, 1);
      shapes.unshift(shape);
      return shape;
    }
    return undefined;
  }

  add(channel: string, source: string, shape: FrameShape): void {
    const current = this.#current;
    if (current === undefined) {
      this.#channels.set(channel, { source, shapes: [shape] });
      return;
    }
    const forgotten = current.shapes.length >= SHAPES_PER_CHANNEL_MAX ? current.shapes.pop() : undefined;
    current.shapes.unshift(shape);
    this.#channels.reweigh(weight(shape) - (forgotten === undefined ? 0 : weight(forgotten)));
  }
}

/** Less from the time on when somebody else keeps its names: then the rows' slots need no memory, either. */
function weight(shape: FrameShape): number {
  const { names, metricColumn, sensorColumn, badRows, rows } = shape;
  const ownBytes = sensorColumn?.ownBytes ?? 0;
  const slots = sensorColumn !== null && ownBytes < sensorColumn.length ? 0 : 4 * rows;
  const columns = metricColumn.length + ownBytes + badRows.byteLength + slots;
  return SHAPE_OVERHEAD_BYTES + columns + 128 * names.metrics.length;
}

/** Sensors are in the column as it stood in the payload, or all the source. */
class ShapeNames implements NameColumns {
  readonly stable = true;
  readonly metricOf: Uint32Array;
  readonly metrics: readonly string[];
  readonly #sensors: KnownColumn | Uint8Array;
  readonly #rows: number;
  readonly #spans: SensorSpans;

  /** @param sensors the column, or the one name of all rows. */
  constructor(
    sensors: KnownColumn | Uint8Array,
    metrics: Pick<NameColumns, 'metricOf' | 'metrics'>,
    rows: number,
    spans: SensorSpans,
  ) {
    this.#sensors = sensors;
    this.metricOf = metrics.metricOf;
    this.metrics = metrics.metrics;
    this.#rows = rows;
    this.#spans = spans;
  }

  get sensorBytes(): Uint8Array {
    return this.#sensors instanceof KnownColumn ? this.#sensors.bytes() : this.#sensors;
  }

  get sensorStart(): Uint32Array {
    return this.#read().start;
  }

  get sensorEnd(): Uint32Array {
    return this.#read().end;
  }

  #read(): SensorSpans {
    return this.#sensors instanceof KnownColumn
      ? this.#spans.ofColumn(this.#sensors, this.#rows)
      : this.#spans.ofOne(this.#sensors, this.#rows);
  }

  shareWith(kept: KeptNames, first: number): void {
    if (this.#sensors instanceof KnownColumn) this.#sensors.shareWith(kept, first, this.#rows);
  }
}

/**
 * Reads the columns `m` and `s` of a frame of `rows` rows.
 * @param spans shared by all shapes of one decoder. @throws {MalformedPayload} where the columns do not fit the frame.
 */
export function readShape(
  reader: MsgpackReader,
  payload: Uint8Array,
  metrics: Span,
  sensors: Span | null,
  rows: number,
  source: string,
  spans: SensorSpans,
): FrameShape {
  const badMetric = new Uint8Array(rows);
  const sensorColumn = sensors === null ? null : new KnownColumn(payload, sensors.start, sensors.end);
  const metricNames = readMetrics(reader, payload, metrics, rows, badMetric);
  const names = new ShapeNames(sensorColumn ?? Buffer.from(source), metricNames, rows, spans);
  const bad: number[] = [];
  let badDetail = '';
  const { sensorBytes, sensorStart, sensorEnd } = names;
  for (let row = 0; row < rows; row++) {
    const goodSensor = isSensorName(sensorBytes, sensorStart[row]!, sensorEnd[row]!);
    if (goodSensor && badMetric[row] === 0) continue;
    if (bad.length === 0) badDetail = goodSensor ? BAD_METRIC : BAD_SENSOR;
    bad.push(row);
  }
  return {
    metricColumn: new KnownColumn(payload, metrics.start, metrics.end),
    sensorColumn,
    rows,
    names,
    badRows: bad.length === 0 ? NO_ROWS : Uint32Array.from(bad),
    badDetail,
  };
}

export const BAD_SENSOR = 'a sensor is not 1-256 bytes of UTF-8 text without control characters and outer spaces';
export const BAD_METRIC = 'a metric is not 1-64 characters of A-Z a-z 0-9 _ . % -';

const NO_ROWS = new Uint32Array();

/** Shared by all shapes of one metric: every row has metric 0. Never written to. */
const onlyMetric = new Uint32Array(FRAME_READINGS_MAX);

function readMetrics(
  reader: MsgpackReader,
  payload: Uint8Array,
  span: Span,
  rows: number,
  bad: Uint8Array,
): Pick<NameColumns, 'metricOf' | 'metrics'> {
  reader.at = span.start;
  const kind = reader.peek();
  if (kind === STR) {
    const metric = readAscii(reader, payload);
    if (!isMetricName(metric)) bad.fill(1);
    return { metricOf: onlyMetric.subarray(0, rows), metrics: [metric] };
  }
  if (kind !== ARRAY) throw new MalformedPayload('"m" is neither a str nor an array');
  if (reader.readCount() !== rows) throw new MalformedPayload('"m" and "v" differ in length');
  const metricOf = new Uint32Array(rows);
  const numbers = new Map<string, number>();
  for (let row = 0; row < rows; row++) {
    const metric = reader.peek() === STR ? readAscii(reader, payload) : (reader.skip(), '');
    if (!isMetricName(metric)) {
      bad[row] = 1;
      continue;
    }
    let number = numbers.get(metric);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(metric, number);
    }
    metricOf[row] = number;
  }
  return { metricOf, metrics: [...numbers.keys()] };
}

/** Metrics are ASCII: read as Latin-1, any other text stays something that is not a metric. */
function readAscii(reader: MsgpackReader, payload: Uint8Array): string {
  reader.readSpan();
  return latin1.decode(payload.subarray(reader.spanStart, reader.spanEnd));
}
