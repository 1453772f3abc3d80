/**
 * Where the rows of a series stand in a block: questions about a few series must not read a million rows each.
 *
 * Job: made of a block's bytes when it is first asked, and kept for as long as the block. Boundary: bytes to rows; a block
 * never changes once sealed (invariant 4), so its directory does not either.
 */
import { CHANNEL_TEXTS, type FactRow, readRow, rowEnd, seriesPrefix, textsEnd } from './row-binary.ts';

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
/** Of a row's number in a block (BLOCK_ROWS_MAX): hash and number make one whole number that float64 holds. */
const ROWS = 2 ** 20;
const latin1 = new TextDecoder('latin1');
const directories = new WeakMap<Uint8Array, BlockDirectory>();

export class BlockDirectory {
  readonly #bytes: Uint8Array;
  readonly #offsets: Uint32Array;
  /** The hash of each row's series times {@link ROWS}, plus the row's number: ascending. */
  readonly #sorted: Float64Array;
  /** The texts that channels begin with. */
  readonly channels: readonly Uint8Array[];

  static of(bytes: Uint8Array): BlockDirectory {
    let directory = directories.get(bytes);
    if (directory === undefined) directories.set(bytes, (directory = new BlockDirectory(bytes)));
    return directory;
  }

  private constructor(bytes: Uint8Array) {
    const offsets: number[] = [];
    const channels = new Map<string, Uint8Array>();
    let last: Uint8Array | null = null;
    for (let at = 0; at < bytes.length; at = rowEnd(bytes, at)) {
      offsets.push(at);
      if (last !== null && beginsWith(bytes, at, last)) continue;
      last = bytes.subarray(at, textsEnd(bytes, at, CHANNEL_TEXTS));
      channels.set(latin1.decode(last), last);
    }
    this.#bytes = bytes;
    this.#offsets = Uint32Array.from(offsets);
    this.#sorted = Float64Array.from(
      offsets,
      (at, row) => hash(bytes, at, textsEnd(bytes, at, CHANNEL_TEXTS + 1)) * ROWS + row,
    ).sort();
    this.channels = [...channels.values()];
  }

  /** Rows of a series. @param channel as in {@link channels}. */
  *rowsOf(channel: Uint8Array, sensor: Uint8Array): Generator<FactRow> {
    const prefix = seriesPrefix(channel, sensor);
    const from = hash(prefix, 0, prefix.length) * ROWS;
    for (let at = this.#firstFrom(from); at < this.#sorted.length && this.#sorted[at]! < from + ROWS; at++) {
      const offset = this.#offsets[this.#sorted[at]! - from]!;
      if (beginsWith(this.#bytes, offset, prefix)) yield readRow(this.#bytes, offset);
    }
  }

  #firstFrom(value: number): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sorted[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** FNV-1a, 32 bits. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let h = FNV_OFFSET;
  for (let at = start; at < end; at++) h = Math.imul(h ^ bytes[at]!, FNV_PRIME);
  return h >>> 0;
}

function beginsWith(bytes: Uint8Array, at: number, prefix: Uint8Array): boolean {
  for (let i = 0; i < prefix.length; i++) if (bytes[at + i] !== prefix[i]) return false;
  return true;
}
