/**
 * Rows of blocks as ClickHouse's Native format: column after column, as the database keeps them.
 *
 * Job: one Native block from the RowBinary bytes of several. Why not those as they are: to take rows apart and to look each
 * name up in a dictionary was about half of the database's processor time for an INSERT (`npm run bench -- --only inserts`).
 * Boundary: bytes to bytes, which are there twice until the last column is sent (invariant 13: INSERT_BYTES_MAX); the thread's
 * other work comes in between two blocks.
 * Invariant 4: the whole INSERT is one physical block.
 * Columns go by their names: the order that infra/clickhouse/0001_tables.sql speaks of is that of the bytes of a block.
 * Source: the format as the database writes it (`SELECT ... FORMAT Native`); LowCardinality is
 * `SerializationLowCardinality`: version, flags, dictionary, index of each row.
 */
import { setImmediate } from 'node:timers/promises';
import { CHANNEL_TEXTS, FIXED_BYTES, FIXED_COLUMNS, TEXT_COLUMNS, textsEnd } from '../actors/row-binary.ts';

/** A dictionary of the block alone: the only kind that Native has. */
const LOW_CARDINALITY_VERSION = 1n;
const HAS_ADDITIONAL_KEYS = 1n << 9n;
const NEEDS_DICTIONARY = 1n << 10n;
/** Widths of an index by the code that says them. */
const INDEX_BYTES = [1, 2, 4] as const;

/** They and their columns' ends stay in a core's cache. */
const ROWS_AT_ONCE = 512;

const latin1 = new TextDecoder('latin1');

/** Rows of several blocks, in their order. @param blocks RowBinary (actors/row-binary.ts). */
export async function* nativeColumns(
  blocks: readonly { bytes: Uint8Array; rows: number }[],
): AsyncGenerator<Uint8Array> {
  const columns = new Columns(blocks);
  for (const block of blocks) {
    columns.add(block.bytes);
    // Messages that have come meanwhile are taken first.
    await setImmediate();
  }
  yield* columns.written();
}

/** The columns of some rows, filled a few rows at a time: all rows for each column would be as many walks through memory as columns. */
class Columns {
  readonly #rows: number;
  /** Of each row: a place in {@link #channels}. */
  readonly #channelOf: Uint32Array;
  /** City, district, kind and metric as rows begin with them. */
  readonly #channels: Uint8Array[] = [];
  readonly #places = new ChannelPlaces(this.#channels);
  readonly #sensors: Uint8Array;
  #sensorBytes = 0;
  readonly #fixed: readonly DataView[];
  #filled = 0;
  readonly #sensorAt = new Uint32Array(ROWS_AT_ONCE);
  readonly #fixedAt = new Uint32Array(ROWS_AT_ONCE);

  constructor(blocks: readonly { bytes: Uint8Array; rows: number }[]) {
    this.#rows = blocks.reduce((sum, { rows }) => sum + rows, 0);
    const bytes = blocks.reduce((sum, block) => sum + block.bytes.length, 0);
    this.#channelOf = new Uint32Array(this.#rows);
    this.#sensors = new Uint8Array(Math.max(0, bytes - this.#rows * FIXED_BYTES));
    this.#fixed = FIXED_COLUMNS.map((column) => new DataView(new ArrayBuffer(this.#rows * column.bytes)));
  }

  add(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < bytes.length;) {
      const row = this.#filled;
      at = this.#find(bytes, at);
      const count = this.#filled - row;
      this.#copySensors(bytes, count);
      let offset = 0;
      for (const [column, { bytes: width }] of FIXED_COLUMNS.entries()) {
        copyFixed({ view, fixedAt: this.#fixedAt, count }, offset, width, this.#fixed[column]!, row * width);
        offset += width;
      }
    }
  }

  /** @throws where blocks had other rows than they said. */
  *written(): Generator<Uint8Array> {
    if (this.#filled !== this.#rows)
      throw new Error(`blocks of ${String(this.#rows)} rows hold ${String(this.#filled)}`);
    yield Buffer.concat([varint(TEXT_COLUMNS.length + FIXED_COLUMNS.length), varint(this.#rows)]);
    for (const [text, name] of TEXT_COLUMNS.entries()) {
      if (text < CHANNEL_TEXTS) {
        yield header(name, 'LowCardinality(String)');
        yield* this.#channelText(text);
      } else {
        yield header(name, 'String');
        yield this.#sensors.subarray(0, this.#sensorBytes);
      }
    }
    for (const [column, { name, type }] of FIXED_COLUMNS.entries()) {
      yield header(name, type);
      yield bytesOf(this.#fixed[column]!);
    }
  }

  /** Where the parts of the next rows are. @returns behind them. */
  #find(bytes: Uint8Array, start: number): number {
    let at = start;
    for (let i = 0; i < ROWS_AT_ONCE && at < bytes.length; i++) {
      const sensorAt = textsEnd(bytes, at, CHANNEL_TEXTS);
      const fixedAt = textsEnd(bytes, sensorAt, 1);
      this.#channelOf[this.#filled++] = this.#places.of(bytes, at, sensorAt);
      this.#sensorAt[i] = sensorAt;
      this.#fixedAt[i] = fixedAt;
      at = fixedAt + FIXED_BYTES;
    }
    return at;
  }

  #copySensors(bytes: Uint8Array, rows: number): void {
    const [sensors, sensorAt, fixedAt] = [this.#sensors, this.#sensorAt, this.#fixedAt];
    let to = this.#sensorBytes;
    for (let i = 0; i < rows; i++) {
      const stop = fixedAt[i]!;
      for (let from = sensorAt[i]!; from < stop; from++) sensors[to++] = bytes[from]!;
    }
    this.#sensorBytes = to;
  }

  /** Version, flags, dictionary and indexes. */
  *#channelText(text: number): Generator<Uint8Array> {
    const keys = new Map<string, { at: number; bytes: Uint8Array }>();
    const keyOf = Uint32Array.from(this.#channels, (channel) => {
      const bytes = channel.subarray(textsEnd(channel, 0, text), textsEnd(channel, 0, text + 1));
      const name = latin1.decode(bytes);
      let key = keys.get(name);
      if (key === undefined) keys.set(name, (key = { at: keys.size, bytes }));
      return key.at;
    });
    const code = keys.size <= 0x100 ? 0 : keys.size <= 0x1_0000 ? 1 : 2;
    yield words(LOW_CARDINALITY_VERSION, BigInt(code) | HAS_ADDITIONAL_KEYS | NEEDS_DICTIONARY, BigInt(keys.size));
    yield Buffer.concat([...keys.values()].map(({ bytes }) => bytes));
    yield words(BigInt(this.#rows));
    yield this.#indexes(keyOf, INDEX_BYTES[code]);
  }

  /** Little-endian. */
  #indexes(keyOf: Uint32Array, width: number): Uint8Array {
    const column = new Uint8Array(this.#rows * width);
    let to = 0;
    for (const channel of this.#channelOf)
      for (let byte = 0, key = keyOf[channel]!; byte < width; byte++, key >>>= 8) column[to++] = key;
    return column;
  }
}

/** A column's bytes of some rows. @param offset from where a row's numbers begin. @param start in the column. */
function copyFixed(
  rows: { readonly view: DataView; readonly fixedAt: Uint32Array; readonly count: number },
  offset: number,
  width: 1 | 2 | 4 | 8,
  column: DataView,
  start: number,
): void {
  const { view, fixedAt, count } = rows;
  let to = start;
  switch (width) {
    case 1:
      for (let i = 0; i < count; i++, to += 1) column.setUint8(to, view.getUint8(fixedAt[i]! + offset));
      break;
    case 2:
      for (let i = 0; i < count; i++, to += 2) column.setUint16(to, view.getUint16(fixedAt[i]! + offset));
      break;
    case 4:
      for (let i = 0; i < count; i++, to += 4) column.setUint32(to, view.getUint32(fixedAt[i]! + offset));
      break;
    case 8:
      // As two words: a float64 that is not a number need not come out of a register as it went in.
      for (let i = 0; i < count; i++, to += 8) {
        const from = fixedAt[i]! + offset;
        column.setUint32(to, view.getUint32(from));
        column.setUint32(to + 4, view.getUint32(from + 4));
      }
      break;
  }
}

/** Channels by their bytes. Rows come in an order that repeats: what came after a channel last time is looked at first. */
class ChannelPlaces {
  readonly #channels: Uint8Array[];
  readonly #places = new Map<string, number>();
  readonly #next: number[] = [];
  #last = -1;

  constructor(channels: Uint8Array[]) {
    this.#channels = channels;
  }

  of(bytes: Uint8Array, start: number, end: number): number {
    const last = this.#last;
    if (this.#is(last, bytes, start, end)) return last;
    const guess = this.#next[last] ?? -1;
    const place = this.#is(guess, bytes, start, end) ? guess : this.#find(bytes.subarray(start, end));
    if (last >= 0) this.#next[last] = place;
    this.#last = place;
    return place;
  }

  #find(prefix: Uint8Array): number {
    const name = latin1.decode(prefix);
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    this.#places.set(name, this.#channels.length);
    return this.#channels.push(prefix) - 1;
  }

  #is(place: number, bytes: Uint8Array, start: number, end: number): boolean {
    const channel = this.#channels[place];
    if (channel === undefined || channel.length !== end - start) return false;
    for (let i = 0; i < channel.length; i++) if (channel[i] !== bytes[start + i]) return false;
    return true;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: DataView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function header(name: string, type: string): Buffer {
  return Buffer.concat([string(name), string(type)]);
}

function string(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(bytes.length), bytes]);
}

/** LEB128. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

function words(...values: bigint[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length);
  for (const [at, value] of values.entries()) bytes.writeBigUInt64LE(value, 8 * at);
  return bytes;
}
