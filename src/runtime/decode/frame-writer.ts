/**
 * Writes frames: what `replay`, the simulators and the tests publish.
 *
 * Boundary: columns in, MessagePack out; names are written as given, bad ones too. Golden: the bytes of a frame never
 * change (frame-writer.test.ts), keys in the order m, t, s, d, v, so that a source's frames differ in t, d and v alone.
 */

export interface Frame {
  /** One for all readings, or one for each. */
  readonly metric: string | readonly string[];
  /** ms since 1970 UTC, whole. */
  readonly baseMs: number;
  /** One for each reading; absent: the readings are the source's own. None holds a line feed. */
  readonly sensors?: readonly string[] | undefined;
  /** ms after `baseMs`, one for each reading; absent: all are of `baseMs`. */
  readonly offsetsMs?: Int32Array | undefined;
  readonly values: Float64Array;
}

const encoder = new TextEncoder();
const FIXMAP = 0x80;
const FIXSTR = 0xa0;
const FIXARRAY = 0x90;
const INT64 = 0xd3;
/** First bytes of the forms with a length of 8, 16 and 32 bits; 0 where there is none. */
const STR_TAGS = [0xd9, 0xda, 0xdb] as const;
const BIN_TAGS = [0xc4, 0xc5, 0xc6] as const;
const ARRAY_TAGS = [0, 0xdc, 0xdd] as const;

/** @throws {RangeError} where columns differ in length, a sensor holds a line feed or `baseMs` is no whole number. */
export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  const { metric, baseMs, sensors, offsetsMs, values } = frame;
  for (const column of [typeof metric === 'string' ? undefined : metric, sensors, offsetsMs]) {
    if (column !== undefined && column.length !== values.length)
      throw new RangeError('columns of a frame differ in length');
  }
  if (sensors?.some((sensor) => sensor.includes('\n'))) throw new RangeError('a sensor holds a line feed');
  const parts: Uint8Array[] = [Uint8Array.of(FIXMAP | (3 + (sensors ? 1 : 0) + (offsetsMs ? 1 : 0)))];
  parts.push(key('m'));
  if (typeof metric === 'string') {
    parts.push(str(metric));
  } else {
    parts.push(header(FIXARRAY, 15, ARRAY_TAGS, metric.length));
    for (const name of metric) parts.push(str(name));
  }
  parts.push(key('t'), int64(baseMs));
  if (sensors !== undefined) parts.push(key('s'), ...bin(encoder.encode(sensors.join('\n'))));
  if (offsetsMs !== undefined) parts.push(key('d'), ...bin(littleEndian(offsetsMs, 4)));
  parts.push(key('v'), ...bin(littleEndian(values, 8)));
  return joined(parts);
}

function key(name: string): Uint8Array {
  return str(name);
}

function str(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  return joined([header(FIXSTR, 31, STR_TAGS, bytes.length), bytes]);
}

function bin(bytes: Uint8Array): Uint8Array[] {
  return [header(0, -1, BIN_TAGS, bytes.length), bytes];
}

/** The shortest header that holds the length. */
function header(fixTag: number, fixMax: number, tags: readonly [number, number, number], length: number): Uint8Array {
  if (length <= fixMax) return Uint8Array.of(fixTag | length);
  if (length <= 0xff && tags[0] !== 0) return Uint8Array.of(tags[0], length);
  if (length <= 0xffff) return Uint8Array.of(tags[1], length >>> 8, length);
  return Uint8Array.of(tags[2], length >>> 24, length >>> 16, length >>> 8, length);
}

function int64(value: number): Uint8Array {
  if (!Number.isSafeInteger(value)) throw new RangeError('the base time is not a whole number of ms');
  const bytes = new DataView(new ArrayBuffer(9));
  bytes.setUint8(0, INT64);
  bytes.setBigInt64(1, BigInt(value));
  return new Uint8Array(bytes.buffer);
}

function littleEndian(column: Int32Array | Float64Array, size: 4 | 8): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(column.length * size));
  column.forEach((value, i) => {
    if (size === 4) bytes.setInt32(4 * i, value, true);
    else bytes.setFloat64(8 * i, value, true);
  });
  return new Uint8Array(bytes.buffer);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
