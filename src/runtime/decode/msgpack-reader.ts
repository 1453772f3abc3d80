/**
 * A cursor over one MessagePack value, for the hot path: nothing is copied, nothing is built.
 *
 * Job: read headers, numbers and spans; skip values of any type. Boundary: knows the wire format
 * (github.com/msgpack/msgpack, spec.md), not what a frame is. Hostile input: every length is checked against the bytes
 * that are there before it is believed, and nesting is bounded, so work and stack stay within the payload's size.
 * @throws {MalformedPayload} from every read where the bytes do not hold what is asked for.
 */
import { MSGPACK_DEPTH_MAX } from '../../model/limits.ts';
import { MalformedPayload } from './malformed.ts';

/** What a value is, by its first byte. */
export const NIL = 1;
export const BOOL = 2;
export const INTEGER = 3;
export const FLOAT = 4;
export const STR = 5;
export const BIN = 6;
export const ARRAY = 7;
export const MAP = 8;
export const EXT = 9;

const KIND = new Uint8Array(256);
/** Bytes of a whole value (numbers, nil, bool), or of a header with its length field (the others). */
const HEADER_BYTES = new Uint8Array(256).fill(1);
function define(kind: number, from: number, ...headerBytes: number[]): void {
  headerBytes.forEach((bytes, i) => {
    KIND[from + i] = kind;
    HEADER_BYTES[from + i] = bytes;
  });
}
KIND.fill(INTEGER, 0x00, 0x80);
KIND.fill(MAP, 0x80, 0x90);
KIND.fill(ARRAY, 0x90, 0xa0);
KIND.fill(STR, 0xa0, 0xc0);
KIND.fill(INTEGER, 0xe0, 0x100);
define(NIL, 0xc0, 1);
define(BOOL, 0xc2, 1, 1);
define(BIN, 0xc4, 2, 3, 5);
define(EXT, 0xc7, 3, 4, 6);
define(FLOAT, 0xca, 5, 9);
define(INTEGER, 0xcc, 2, 3, 5, 9);
define(INTEGER, 0xd0, 2, 3, 5, 9);
define(EXT, 0xd4, 2, 2, 2, 2, 2);
define(STR, 0xd9, 2, 3, 5);
define(ARRAY, 0xdc, 3, 5);
define(MAP, 0xde, 3, 5);

const TWO_32 = 2 ** 32;
const NOTHING = new Uint8Array();

export class MsgpackReader {
  /** Where the next value begins. */
  at = 0;
  /** What the last call of {@link readSpan} found: a str's or bin's bytes are `[spanStart, spanEnd)`. */
  spanStart = 0;
  spanEnd = 0;
  #bytes: Uint8Array = NOTHING;
  #end = 0;
  #view: DataView | null = null;

  reset(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#end = bytes.length;
    this.at = 0;
    this.#view = null;
  }

  /** Lets go of the payload. */
  release(): void {
    this.reset(NOTHING);
  }

  get atEnd(): boolean {
    return this.at === this.#end;
  }

  /** Kind of the next value; its header is there in full. */
  peek(): number {
    if (this.at >= this.#end) throw new MalformedPayload('the MessagePack value ends too early');
    const tag = this.#bytes[this.at]!;
    if (this.at + HEADER_BYTES[tag]! > this.#end) throw new MalformedPayload('the MessagePack value ends too early');
    return KIND[tag]!;
  }

  /** Elements of the array, or pairs of the map, that begins here; moves to the first. */
  readCount(): number {
    const kind = this.peek();
    const tag = this.#bytes[this.at]!;
    const bytes = HEADER_BYTES[tag]!;
    const count = bytes === 1 ? tag & 0x0f : this.#unsigned(this.at + 1, bytes - 1);
    this.at += bytes;
    // An element takes a byte at least: a count that cannot be true is found before anything is done for it.
    if ((kind === MAP ? 2 * count : count) > this.#end - this.at) {
      throw new MalformedPayload('a MessagePack array or map announces more elements than there are bytes');
    }
    return count;
  }

  /** Sets {@link spanStart} and {@link spanEnd} to the content of the str or bin that begins here; moves behind it. */
  readSpan(): void {
    const tag = this.#bytes[this.at]!;
    const bytes = HEADER_BYTES[tag]!;
    const length = bytes === 1 ? tag & 0x1f : this.#unsigned(this.at + 1, bytes - 1);
    this.spanStart = this.at + bytes;
    this.spanEnd = this.spanStart + length;
    if (this.spanEnd > this.#end) throw new MalformedPayload('a MessagePack str or bin is longer than the payload');
    this.at = this.spanEnd;
  }

  /** The number that begins here (kind INTEGER or FLOAT), as the nearest float64; moves behind it. */
  readNumber(): number {
    const at = this.at;
    const tag = this.#bytes[at]!;
    this.at = at + HEADER_BYTES[tag]!;
    if (tag < 0x80) return tag;
    if (tag >= 0xe0) return tag - 0x100;
    const view = this.#dataView();
    switch (tag) {
      case 0xca:
        return view.getFloat32(at + 1);
      case 0xcb:
        return view.getFloat64(at + 1);
      case 0xcc:
        return view.getUint8(at + 1);
      case 0xcd:
        return view.getUint16(at + 1);
      case 0xce:
        return view.getUint32(at + 1);
      case 0xcf:
        return view.getUint32(at + 1) * TWO_32 + view.getUint32(at + 5);
      case 0xd0:
        return view.getInt8(at + 1);
      case 0xd1:
        return view.getInt16(at + 1);
      case 0xd2:
        return view.getInt32(at + 1);
      default:
        return view.getInt32(at + 1) * TWO_32 + view.getUint32(at + 5);
    }
  }

  /** Moves behind the value that begins here, whatever it is. */
  skip(depth = 0): void {
    const kind = this.peek();
    switch (kind) {
      case NIL:
      case BOOL:
      case INTEGER:
      case FLOAT:
        this.at += HEADER_BYTES[this.#bytes[this.at]!]!;
        return;
      case STR:
      case BIN:
        this.readSpan();
        return;
      case EXT:
        this.#skipExtension();
        return;
      case ARRAY:
      case MAP:
        break;
      default:
        throw new MalformedPayload('the byte 0xc1 is not MessagePack');
    }
    if (depth >= MSGPACK_DEPTH_MAX) throw new MalformedPayload('the MessagePack value is nested too deeply');
    const count = this.readCount() * (kind === MAP ? 2 : 1);
    for (let i = 0; i < count; i++) this.skip(depth + 1);
  }

  #skipExtension(): void {
    const tag = this.#bytes[this.at]!;
    const bytes = HEADER_BYTES[tag]!;
    const length = tag >= 0xd4 ? 1 << (tag - 0xd4) : this.#unsigned(this.at + 1, bytes - 2);
    this.at += bytes + length;
    if (this.at > this.#end) throw new MalformedPayload('a MessagePack extension is longer than the payload');
  }

  /** Big-endian, 1, 2 or 4 bytes; the caller knows that they are there. */
  #unsigned(at: number, bytes: number): number {
    const payload = this.#bytes;
    if (bytes === 1) return payload[at]!;
    if (bytes === 2) return (payload[at]! << 8) | payload[at + 1]!;
    return ((payload[at]! << 24) | (payload[at + 1]! << 16) | (payload[at + 2]! << 8) | payload[at + 3]!) >>> 0;
  }

  #dataView(): DataView {
    this.#view ??= new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
    return this.#view;
  }
}
