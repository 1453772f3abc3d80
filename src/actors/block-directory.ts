/**
 * Where the rows of a series stand in a block: questions about a few series must not read a million rows each.
 *
 * Job: made of a block's bytes when it is first asked, and kept for as long as the block. Boundary: bytes to rows; a block
 * never changes once sealed (invariant 4), so its directory does not either.
 */
import type { Channel } from './series-index.ts';
import { FactColumns, type FactRow, readChannel, textsEnd, textStart } from './fact-columns.ts';

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
/** Of a row's number in a block (BLOCK_ROWS_MAX): hash and number make one whole number that float64 holds. */
const ROWS = 2 ** 20;
const directories = new WeakMap<Uint8Array, BlockDirectory>();

export class BlockDirectory {
  readonly #block: FactColumns;
  /** Of each row's sensor; and behind the last. */
  readonly #sensorAt: Uint32Array;
  /** The hash of each row's series times {@link ROWS}, plus the row's number: ascending. */
  readonly #sorted: Float64Array;
  readonly channels: readonly Channel[];

  static of(bytes: Uint8Array): BlockDirectory {
    let directory = directories.get(bytes);
    if (directory === undefined) directories.set(bytes, (directory = new BlockDirectory(new FactColumns(bytes))));
    return directory;
  }

  private constructor(block: FactColumns) {
    const { rows, sensors } = block;
    const sensorAt = new Uint32Array(rows + 1);
    const sorted = new Float64Array(rows);
    for (let row = 0; row < rows; row++) {
      const [at, end] = [sensorAt[row]!, textsEnd(sensors, sensorAt[row]!, 1)];
      sorted[row] = hash(block.channelOf(row), sensors, textStart(sensors, at), end) * ROWS + row;
      sensorAt[row + 1] = end;
    }
    this.#block = block;
    this.#sensorAt = sensorAt;
    this.#sorted = sorted.sort();
    this.channels = block.channels.map(readChannel);
  }

  /** Rows of a series. @param channel its place in {@link channels}. @param sensor UTF-8. */
  *rowsOf(channel: number, sensor: Uint8Array): Generator<Omit<FactRow, keyof Channel | 'sensor'>> {
    const from = hash(channel, sensor, 0, sensor.length) * ROWS;
    for (let at = this.#firstFrom(from); at < this.#sorted.length && this.#sorted[at]! < from + ROWS; at++) {
      const row = this.#sorted[at]! - from;
      if (this.#block.channelOf(row) !== channel || !this.#isOf(row, sensor)) continue;
      yield { ...this.#hourOf(row), ...this.#block.numbersOf(row) };
    }
  }

  #hourOf(row: number): { hour: number; revised: boolean } {
    let rest = row;
    const run = this.#block.runs.find(({ rows }) => (rest -= rows) < 0);
    if (run === undefined) throw new Error(`row ${String(row)} is behind the last of its block`);
    return run;
  }

  #isOf(row: number, sensor: Uint8Array): boolean {
    const { sensors } = this.#block;
    const start = textStart(sensors, this.#sensorAt[row]!);
    if (this.#sensorAt[row + 1]! - start !== sensor.length) return false;
    for (let i = 0; i < sensor.length; i++) if (sensors[start + i] !== sensor[i]) return false;
    return true;
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
function hash(channel: number, bytes: Uint8Array, start: number, end: number): number {
  let h = Math.imul(Math.imul(FNV_OFFSET ^ (channel & 0xff), FNV_PRIME) ^ (channel >>> 8), FNV_PRIME);
  for (let at = start; at < end; at++) h = Math.imul(h ^ bytes[at]!, FNV_PRIME);
  return h >>> 0;
}
