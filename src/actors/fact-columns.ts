/**
 * Rows of `hourly_facts` as columns: the bytes of a sealed block.
 *
 * Job: the one place that knows them: written from windows' cells, handed to an INSERT column by column, read back row by
 * row. Why columns: ClickHouse's Native format has each as it stands here, so an INSERT takes no row apart; and what rows
 * share (block, hour, names of channels) stands once, so a block is about half of what its rows would be, through broker
 * and checkpoint. Boundary: bytes in memory; no I/O.
 * Invariant 4: the bytes of a block never change once sealed.
 *
 * Little-endian, one after the other: the head ({@link HEAD_BYTES}); runs of rows of one hour (uint32 hour since 1970, uint32
 * revised, uint32 rows); {@link ROW_COLUMNS}, each of all rows; each row's channel (uint16, its place); the channels (four
 * texts each); each row's sensor (a text). A text is its length as LEB128, then its bytes: a String of Native.
 */
import { ByteSpan } from '../model/byte-span.ts';
import type { Cell } from './cell-arena.ts';
import type { Channel } from './series-index.ts';

/** Columns that stand in a block as the database has them, and their types there. */
export const ROW_COLUMNS = [
  { name: 'sum', type: 'Float64', bytes: 8 },
  { name: 'sum_lo', type: 'Float64', bytes: 8 },
  { name: 'min', type: 'Float64', bytes: 8 },
  { name: 'max', type: 'Float64', bytes: 8 },
  { name: 'count', type: 'UInt32', bytes: 4 },
  { name: 'first_ms', type: 'UInt32', bytes: 4 },
  { name: 'last_ms', type: 'UInt32', bytes: 4 },
] as const;
/** Texts of a channel, in the order in which they stand in it. */
export const CHANNEL_COLUMNS = ['city', 'district', 'kind', 'metric'] as const;

/** What a block begins with; a block of rows (row-blocks.ts) begins with the length of a name, which is not 0. */
const MAGIC = 0;
const VERSION = 1;
/** uint8 magic, uint8 version, uint16 partition, uint32 incarnation, uint64 block; uint32: rows, runs, channels, bytes of channels. */
const HEAD_BYTES = 32;
const RUN_BYTES = 12;
const CHANNEL_BYTES = 2;
const COLUMNS_BYTES = ROW_COLUMNS.reduce((sum, { bytes }) => sum + bytes, 0);
type ColumnName = (typeof ROW_COLUMNS)[number]['name'];
/** Bytes a row of the columns that stand before each. */
const BEFORE = Object.fromEntries(
  ROW_COLUMNS.map(({ name }, at) => [name, ROW_COLUMNS.slice(0, at).reduce((sum, { bytes }) => sum + bytes, 0)]),
) as Record<ColumnName, number>;
const FIRST_ROWS = 256;
const FIRST_NAME_BYTES = 4_096;
const WORD = 0x1_0000_0000;

/** What all rows of a block share. */
export interface BlockKey {
  readonly partition: number;
  readonly block: number;
  readonly incarnation: number;
}

export interface FactRow extends Channel {
  readonly sensor: string;
  readonly hour: number;
  readonly revised: boolean;
  readonly count: number;
  readonly sumHi: number;
  readonly sumLo: number;
  readonly min: number;
  readonly max: number;
}

/** Rows next to each other of one hour; `revised`: they correct it. */
export interface Run {
  readonly hour: number;
  readonly revised: boolean;
  readonly rows: number;
}

/** A run of bytes. */
type Bytes = Pick<ByteSpan, 'bytes' | 'start' | 'end'>;

/** Collects rows; {@link take} makes them a block. */
export class FactColumnsWriter {
  #rows = 0;
  #sums = new Float64Array(FIRST_ROWS);
  #lows = new Float64Array(FIRST_ROWS);
  #mins = new Float64Array(FIRST_ROWS);
  #maxes = new Float64Array(FIRST_ROWS);
  #counts = new Uint32Array(FIRST_ROWS);
  #firsts = new Uint32Array(FIRST_ROWS);
  #lasts = new Uint32Array(FIRST_ROWS);
  #channelOf = new Uint16Array(FIRST_ROWS);
  #sensors = new Uint8Array(FIRST_NAME_BYTES);
  #sensorBytes = 0;
  #channels: Uint8Array[] = [];
  #channelBytes = 0;
  /** By the writer's caller's number of a channel. */
  #places = new Map<number, number>();
  #lastChannel = -1;
  #lastPlace = 0;
  #runs: { hour: number; revised: boolean; rows: number }[] = [];

  /** Bytes of the block as it is now. */
  get length(): number {
    const names = this.#channelBytes + this.#sensorBytes;
    return HEAD_BYTES + this.#runs.length * RUN_BYTES + this.#rows * (COLUMNS_BYTES + CHANNEL_BYTES) + names;
  }

  /** The rows that follow are of this hour. */
  begin(hour: number, revised: boolean): void {
    const last = this.#runs.at(-1);
    if (last?.hour === hour && last.revised === revised) return;
    if (last?.rows === 0) this.#runs.pop();
    this.#runs.push({ hour, revised, rows: 0 });
  }

  /**
   * A row of the hour that {@link begin} said. @param channel a number that no other channel has until {@link take}.
   * @param texts its {@link channelTexts}.
   */
  row(channel: number, texts: Uint8Array, sensor: Bytes, cell: Readonly<Cell>): void {
    const row = this.#rows;
    if (row === this.#sums.length) this.#widen();
    this.#sums[row] = cell.hi;
    this.#lows[row] = cell.lo;
    this.#mins[row] = cell.min;
    this.#maxes[row] = cell.max;
    this.#counts[row] = cell.count;
    this.#firsts[row] = cell.firstMs;
    this.#lasts[row] = cell.lastMs;
    if (channel !== this.#lastChannel) this.#turnTo(channel, texts);
    this.#channelOf[row] = this.#lastPlace;
    this.#write(sensor);
    this.#runs[this.#runs.length - 1]!.rows += 1;
    this.#rows = row + 1;
  }

  /** The rows so far, as a block of their own; the writer starts again, without an hour. */
  take(key: BlockKey): Uint8Array {
    const bytes = new Uint8Array(this.length);
    const view = new DataView(bytes.buffer);
    view.setUint8(0, MAGIC);
    view.setUint8(1, VERSION);
    view.setUint16(2, key.partition, true);
    view.setUint32(4, key.incarnation, true);
    view.setUint32(8, key.block % WORD, true);
    view.setUint32(12, Math.floor(key.block / WORD), true);
    view.setUint32(16, this.#rows, true);
    view.setUint32(20, this.#runs.length, true);
    view.setUint32(24, this.#channels.length, true);
    view.setUint32(28, this.#channelBytes, true);
    let at = HEAD_BYTES;
    for (const { hour, revised, rows } of this.#runs) {
      view.setUint32(at, hour, true);
      view.setUint32(at + 4, revised ? 1 : 0, true);
      view.setUint32(at + 8, rows, true);
      at += RUN_BYTES;
    }
    const columns = [this.#sums, this.#lows, this.#mins, this.#maxes, this.#counts, this.#firsts, this.#lasts];
    for (const column of [...columns, this.#channelOf]) {
      const width = this.#rows * column.BYTES_PER_ELEMENT;
      bytes.set(new Uint8Array(column.buffer, 0, width), at);
      at += width;
    }
    for (const channel of this.#channels) {
      bytes.set(channel, at);
      at += channel.length;
    }
    bytes.set(this.#sensors.subarray(0, this.#sensorBytes), at);
    this.#clear();
    return bytes;
  }

  #clear(): void {
    this.#rows = 0;
    this.#sensorBytes = 0;
    this.#channels = [];
    this.#channelBytes = 0;
    this.#places = new Map();
    this.#lastChannel = -1;
    this.#runs = [];
  }

  #turnTo(channel: number, texts: Uint8Array): void {
    let place = this.#places.get(channel);
    if (place === undefined) {
      this.#places.set(channel, (place = this.#channels.length));
      this.#channels.push(texts);
      this.#channelBytes += texts.length;
    }
    this.#lastChannel = channel;
    this.#lastPlace = place;
  }

  #write(sensor: Bytes): void {
    const needed = this.#sensorBytes + 2 + sensor.end - sensor.start;
    if (needed > this.#sensors.length) {
      const wider = new Uint8Array(Math.max(needed, this.#sensors.length * 2));
      wider.set(this.#sensors);
      this.#sensors = wider;
    }
    this.#sensorBytes = writeText(this.#sensors, this.#sensorBytes, sensor);
  }

  #widen(): void {
    const rows = this.#sums.length * 2;
    this.#sums = widened(this.#sums, new Float64Array(rows));
    this.#lows = widened(this.#lows, new Float64Array(rows));
    this.#mins = widened(this.#mins, new Float64Array(rows));
    this.#maxes = widened(this.#maxes, new Float64Array(rows));
    this.#counts = widened(this.#counts, new Uint32Array(rows));
    this.#firsts = widened(this.#firsts, new Uint32Array(rows));
    this.#lasts = widened(this.#lasts, new Uint32Array(rows));
    this.#channelOf = widened(this.#channelOf, new Uint16Array(rows));
  }
}

/** A block, to be read. */
export class FactColumns {
  readonly key: BlockKey;
  readonly rows: number;
  readonly runs: readonly Run[];
  /** {@link channelTexts} of each. */
  readonly channels: readonly Uint8Array[];
  /** Texts, one a row. */
  readonly sensors: Uint8Array;
  readonly #view: DataView;
  readonly #columnsAt: number;
  readonly #channelOfAt: number;

  /** @throws where these are not the bytes of a block. */
  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < HEAD_BYTES || view.getUint8(0) !== MAGIC || view.getUint8(1) !== VERSION)
      throw new Error('these are not the bytes of a block of columns, of the version that this program reads');
    this.key = {
      partition: view.getUint16(2, true),
      incarnation: view.getUint32(4, true),
      block: view.getUint32(8, true) + view.getUint32(12, true) * WORD,
    };
    const rows = (this.rows = view.getUint32(16, true));
    const runs = view.getUint32(20, true);
    this.runs = Array.from({ length: runs }, (_, run) => runAt(view, HEAD_BYTES + run * RUN_BYTES));
    this.#columnsAt = HEAD_BYTES + runs * RUN_BYTES;
    this.#channelOfAt = this.#columnsAt + rows * COLUMNS_BYTES;
    const channelsAt = this.#channelOfAt + rows * CHANNEL_BYTES;
    const sensorsAt = channelsAt + view.getUint32(28, true);
    if (sensorsAt > bytes.length)
      throw new Error(`a block of ${String(rows)} rows is not whole: it has ${String(bytes.length)} bytes`);
    let at = channelsAt;
    this.channels = Array.from({ length: view.getUint32(24, true) }, () =>
      bytes.subarray(at, (at = textsEnd(bytes, at, CHANNEL_COLUMNS.length))),
    );
    this.sensors = bytes.subarray(sensorsAt);
    this.#view = view;
  }

  /** The bytes of all rows. */
  column({ name, bytes }: (typeof ROW_COLUMNS)[number]): Uint8Array {
    const { buffer, byteOffset } = this.#view;
    return new Uint8Array(buffer, byteOffset + this.#startOf(name), this.rows * bytes);
  }

  /** A place in {@link channels}. */
  channelOf(row: number): number {
    return this.#view.getUint16(this.#channelOfAt + row * CHANNEL_BYTES, true);
  }

  /** Numbers of a row. */
  numbersOf(row: number): Pick<FactRow, 'count' | 'sumHi' | 'sumLo' | 'min' | 'max'> {
    const view = this.#view;
    return {
      count: view.getUint32(this.#startOf('count') + row * 4, true),
      sumHi: view.getFloat64(this.#startOf('sum') + row * 8, true),
      sumLo: view.getFloat64(this.#startOf('sum_lo') + row * 8, true),
      min: view.getFloat64(this.#startOf('min') + row * 8, true),
      max: view.getFloat64(this.#startOf('max') + row * 8, true),
    };
  }

  #startOf(column: ColumnName): number {
    return this.#columnsAt + this.rows * BEFORE[column];
  }
}

/** Calls `visit` for each row of a block whose hour is wanted. */
export function readRows(
  bytes: Uint8Array,
  visit: (row: FactRow) => void,
  isWanted: (hour: number) => boolean = () => true,
): void {
  const block = new FactColumns(bytes);
  const channels = block.channels.map(readChannel);
  const { sensors } = block;
  let [row, at] = [0, 0];
  for (const { hour, revised, rows } of block.runs) {
    const wanted = isWanted(hour);
    for (let i = 0; i < rows; i++, row++) {
      const end = textsEnd(sensors, at, 1);
      if (wanted) {
        const { city, district, kind, metric } = channels[block.channelOf(row)]!;
        const sensor = readText(sensors, at, end);
        visit({ city, district, kind, metric, sensor, hour, revised, ...block.numbersOf(row) });
      }
      at = end;
    }
  }
}

/** City, district, kind and metric, as a block has them. */
export function channelTexts(channel: Channel): Uint8Array {
  const parts = CHANNEL_COLUMNS.map((name) => utf8Encoder.encode(channel[name]));
  const texts = new Uint8Array(parts.reduce((sum, part) => sum + part.length + 2, 0));
  let at = 0;
  for (const part of parts) at = writeText(texts, at, ByteSpan.of(part));
  return texts.slice(0, at);
}

/** The channel whose {@link channelTexts} these are. */
export function readChannel(texts: Uint8Array): Channel {
  const [city = '', district = '', kind = '', metric = ''] = CHANNEL_COLUMNS.map((_, text) =>
    readText(texts, textsEnd(texts, 0, text), textsEnd(texts, 0, text + 1)),
  );
  return { city, district, kind, metric };
}

/** Behind so many of the texts that begin here. */
export function textsEnd(bytes: Uint8Array, start: number, texts: number): number {
  let at = start;
  for (let i = 0; i < texts; i++) {
    let length = bytes[at++]!;
    if (length >= 0x80) length = (length & 0x7f) | (bytes[at++]! << 7);
    at += length;
  }
  return at;
}

/** Behind the length of the text that begins here. */
export function textStart(bytes: Uint8Array, at: number): number {
  return at + (bytes[at]! < 0x80 ? 1 : 2);
}

/** @param end of a text that begins at `at`. */
export function readText(bytes: Uint8Array, at: number, end: number): string {
  return utf8Decoder.decode(bytes.subarray(textStart(bytes, at), end));
}

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function runAt(view: DataView, at: number): Run {
  return {
    hour: view.getUint32(at, true),
    revised: view.getUint32(at + 4, true) === 1,
    rows: view.getUint32(at + 8, true),
  };
}

function widened<Column extends Float64Array | Uint32Array | Uint16Array>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}

/** Names are at most 256 bytes, so a length takes one or two bytes of LEB128. */
function writeText(target: Uint8Array, at: number, { bytes, start, end }: Bytes): number {
  const length = end - start;
  let to = at;
  if (length < 0x80) {
    target[to++] = length;
  } else {
    target[to++] = (length & 0x7f) | 0x80;
    target[to++] = length >>> 7;
  }
  // Names are short: a loop is quicker than a call into native code.
  for (let from = start; from < end; from++) target[to++] = bytes[from]!;
  return to;
}
