/**
 * Rows of `hourly_facts` as ClickHouse's RowBinary, written straight from typed arrays, and read back.
 *
 * Job: the one place that knows the row's bytes. Boundary: bytes in a growing buffer; no I/O.
 * The columns, in the table's order (infra/clickhouse/, table `hourly_facts`): {@link TEXT_COLUMNS} as String (LEB128
 * length, bytes), then {@link FIXED_COLUMNS}, little-endian.
 * Invariant 4: the bytes of a block never change once sealed.
 */
import { ByteSpan } from '../model/byte-span.ts';
import type { Cell } from './cell-arena.ts';
import type { Channel } from './series-index.ts';

/** The first four are those of a channel. */
export const TEXT_COLUMNS = ['city', 'district', 'kind', 'metric', 'sensor'] as const;
/** What follows the texts. */
export const FIXED_COLUMNS = [
  { name: 'hour', type: "DateTime('UTC')", bytes: 4 },
  { name: 'partition', type: 'UInt16', bytes: 2 },
  { name: 'block', type: 'UInt64', bytes: 8 },
  { name: 'incarnation', type: 'UInt32', bytes: 4 },
  { name: 'revised', type: 'UInt8', bytes: 1 },
  { name: 'count', type: 'UInt32', bytes: 4 },
  { name: 'sum', type: 'Float64', bytes: 8 },
  { name: 'sum_lo', type: 'Float64', bytes: 8 },
  { name: 'min', type: 'Float64', bytes: 8 },
  { name: 'max', type: 'Float64', bytes: 8 },
  { name: 'first_ms', type: 'UInt32', bytes: 4 },
  { name: 'last_ms', type: 'UInt32', bytes: 4 },
] as const;
/** Of them all. */
export const FIXED_BYTES = FIXED_COLUMNS.reduce((sum, { bytes }) => sum + bytes, 0);
const FIRST_BYTES = 4096;
const HOUR_SECONDS = 3600;
export const CHANNEL_TEXTS = 4;
const WORD = 0x1_0000_0000;

/** A run of bytes. */
type Bytes = Pick<ByteSpan, 'bytes' | 'start' | 'end'>;

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

export class RowBinaryWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** `prefix` is {@link channelPrefix} of the series' channel. */
  row(key: BlockKey, prefix: Uint8Array, sensor: Bytes, hour: number, revised: boolean, cell: Cell): void {
    this.#reserve(prefix.length + 2 + sensor.end - sensor.start + FIXED_BYTES);
    const bytes = this.#bytes;
    let at = this.#length;
    // Names are short: a loop is quicker than a call into native code.
    for (let i = 0; i < prefix.length; i++) bytes[at++] = prefix[i]!;
    at = writeString(bytes, at, sensor);
    const view = this.#view;
    view.setUint32(at, hour * HOUR_SECONDS, true);
    view.setUint16(at + 4, key.partition, true);
    view.setUint32(at + 6, key.block % WORD, true);
    view.setUint32(at + 10, Math.floor(key.block / WORD), true);
    view.setUint32(at + 14, key.incarnation, true);
    view.setUint8(at + 18, revised ? 1 : 0);
    view.setUint32(at + 19, cell.count, true);
    at += 23;
    view.setFloat64(at, cell.hi, true);
    view.setFloat64(at + 8, cell.lo, true);
    view.setFloat64(at + 16, cell.min, true);
    view.setFloat64(at + 24, cell.max, true);
    view.setUint32(at + 32, cell.firstMs, true);
    view.setUint32(at + 36, cell.lastMs, true);
    this.#length = at + 40;
  }

  /** The bytes written so far, copied; the writer starts again. */
  take(): Uint8Array {
    const bytes = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return bytes;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const wider = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    wider.set(this.#bytes);
    this.#bytes = wider;
    this.#view = new DataView(wider.buffer);
  }
}

/** City, district, kind and metric as the row begins with them. */
export function channelPrefix(channel: Channel): Uint8Array {
  const parts = [channel.city, channel.district, channel.kind, channel.metric].map((text) => utf8Encoder.encode(text));
  const prefix = new Uint8Array(parts.reduce((sum, part) => sum + part.length + 2, 0));
  let at = 0;
  for (const part of parts) at = writeString(prefix, at, ByteSpan.of(part));
  return prefix.slice(0, at);
}

/** Calls `visit` for each row of a block. */
export function readRows(bytes: Uint8Array, visit: (row: FactRow) => void): void {
  for (let at = 0; at < bytes.length; at = rowEnd(bytes, at)) visit(readRow(bytes, at));
}

/** The row that begins here. */
export function readRow(bytes: Uint8Array, start: number): FactRow {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start;
  const text = (): string => {
    let length = bytes[at++]!;
    if (length >= 0x80) length = (length & 0x7f) | (bytes[at++]! << 7);
    at += length;
    return utf8Decoder.decode(bytes.subarray(at - length, at));
  };
  const [city, district, kind, metric, sensor] = [text(), text(), text(), text(), text()];
  return {
    city,
    district,
    kind,
    metric,
    sensor,
    hour: view.getUint32(at, true) / HOUR_SECONDS,
    revised: view.getUint8(at + 18) === 1,
    count: view.getUint32(at + 19, true),
    sumHi: view.getFloat64(at + 23, true),
    sumLo: view.getFloat64(at + 31, true),
    min: view.getFloat64(at + 39, true),
    max: view.getFloat64(at + 47, true),
  };
}

/** The channel whose texts these are ({@link channelPrefix}). */
export function readChannel(prefix: Uint8Array): Channel {
  const [city = '', district = '', kind = '', metric = ''] = Array.from({ length: CHANNEL_TEXTS }, (_, text) => {
    const start = textsEnd(prefix, 0, text);
    const end = textsEnd(prefix, 0, text + 1);
    return utf8Decoder.decode(prefix.subarray(start + (end - start > 0x80 ? 2 : 1), end));
  });
  return { city, district, kind, metric };
}

/** Behind so many of the texts that a row begins with. */
export function textsEnd(bytes: Uint8Array, start: number, texts: number): number {
  let at = start;
  for (let i = 0; i < texts; i++) {
    let length = bytes[at++]!;
    if (length >= 0x80) length = (length & 0x7f) | (bytes[at++]! << 7);
    at += length;
  }
  return at;
}

/** Behind the row that begins here. */
export function rowEnd(bytes: Uint8Array, start: number): number {
  return textsEnd(bytes, start, TEXT_COLUMNS.length) + FIXED_BYTES;
}

/** The texts with which the rows of one series begin. */
export function seriesPrefix(channel: Uint8Array, sensor: Uint8Array): Uint8Array {
  const prefix = new Uint8Array(channel.length + sensor.length + 2);
  prefix.set(channel);
  return prefix.slice(0, writeString(prefix, channel.length, ByteSpan.of(sensor)));
}

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Names are at most 256 bytes, so a length takes one or two bytes of LEB128. */
function writeString(target: Uint8Array, at: number, { bytes, start, end }: Bytes): number {
  const length = end - start;
  let to = at;
  if (length < 0x80) {
    target[to++] = length;
  } else {
    target[to++] = (length & 0x7f) | 0x80;
    target[to++] = length >>> 7;
  }
  for (let from = start; from < end; from++) target[to++] = bytes[from]!;
  return to;
}
