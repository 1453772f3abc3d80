/**
 * The memory of all open windows of one worker thread: fixed cells of 48 bytes, handed out in pages of 16.
 *
 * Job: one running aggregate (count, double-double sum, min, max, first and last time) per cell, in typed arrays:
 * adding a reading touches one cache line, and no object exists per sensor. Pages make a window dense where its
 * series are many and cheap where they are few. Boundary: bytes only; it knows neither series nor hours.
 * Invariant 13: the arena never grows past its bound without saying so ({@link CellArena.bytes}).
 *
 * A cell, as six float64: sum high, sum low, min, max, then four uint32: count, first ms, last ms, slot.
 */
import type { DoubleDouble } from '../model/double-double.ts';

export const CELL_BYTES = 48;
export const PAGE_CELLS = 16;
const PAGE_BYTES = PAGE_CELLS * CELL_BYTES;
const PAGE_BITS_PER_CHUNK = 10;
const PAGES_PER_CHUNK = 1 << PAGE_BITS_PER_CHUNK;
const F64_PER_CELL = CELL_BYTES / 8;
const U32_PER_CELL = CELL_BYTES / 4;

/** One cell, read out. */
export interface Cell extends DoubleDouble {
  count: number;
  min: number;
  max: number;
  /** ms into the hour of the earliest and of the latest reading, by the readings' own time. */
  firstMs: number;
  lastMs: number;
  slot: number;
}

export class CellArena {
  readonly #floats: Float64Array[] = [];
  readonly #words: Uint32Array[] = [];
  readonly #bytes: Uint8Array[] = [];
  #free: Int32Array = new Int32Array(PAGES_PER_CHUNK);
  #freeCount = 0;
  #pages = 0;

  /** Bytes of the pages in use. */
  get bytes(): number {
    return this.#pages * PAGE_BYTES;
  }

  /** A page of empty cells. */
  allocate(): number {
    if (this.#freeCount === 0) this.#grow();
    this.#freeCount -= 1;
    this.#pages += 1;
    return this.#free[this.#freeCount]!;
  }

  free(page: number): void {
    this.#bytesOf(page).fill(0);
    if (this.#freeCount === this.#free.length) this.#widenFree();
    this.#free[this.#freeCount] = page;
    this.#freeCount += 1;
    this.#pages -= 1;
  }

  /**
   * Adds a reading to a cell of a page. Returns the cell's new count.
   * The double-double addition of model/double-double.ts, written out: this is the hot path of a reading.
   */
  add(page: number, slot: number, msIntoHour: number, value: number): number {
    const chunk = page >>> PAGE_BITS_PER_CHUNK;
    const cell = ((page & (PAGES_PER_CHUNK - 1)) << 4) | (slot & (PAGE_CELLS - 1));
    const floats = this.#floats[chunk]!;
    const words = this.#words[chunk]!;
    const f = cell * F64_PER_CELL;
    const w = cell * U32_PER_CELL + 8;
    const count = words[w]!;
    if (count === 0) {
      floats[f] = value;
      floats[f + 2] = value;
      floats[f + 3] = value;
      words[w] = 1;
      words[w + 1] = msIntoHour;
      words[w + 2] = msIntoHour;
      words[w + 3] = slot;
      return 1;
    }
    const before = floats[f]!;
    const sum = before + value;
    const carried = sum - before;
    const error = before - (sum - carried) + (value - carried) + floats[f + 1]!;
    const high = sum + error;
    floats[f] = high;
    floats[f + 1] = error - (high - sum);
    if (value < floats[f + 2]!) floats[f + 2] = value;
    if (value > floats[f + 3]!) floats[f + 3] = value;
    if (msIntoHour < words[w + 1]!) words[w + 1] = msIntoHour;
    if (msIntoHour > words[w + 2]!) words[w + 2] = msIntoHour;
    words[w] = count + 1;
    return count + 1;
  }

  /** Calls `visit` for each cell of the page that has readings. The cell handed in is reused. */
  forEachCell(page: number, visit: (cell: Cell) => void): void {
    const chunk = page >>> PAGE_BITS_PER_CHUNK;
    const first = (page & (PAGES_PER_CHUNK - 1)) * PAGE_CELLS;
    const floats = this.#floats[chunk]!;
    const words = this.#words[chunk]!;
    for (let cell = first; cell < first + PAGE_CELLS; cell++) if (readCell(floats, words, cell)) visit(scratch);
  }

  /** The cell of a slot, to be read before the next one is; null where it has no readings. */
  cellOf(page: number, slot: number): Readonly<Cell> | null {
    const chunk = page >>> PAGE_BITS_PER_CHUNK;
    const cell = ((page & (PAGES_PER_CHUNK - 1)) << 4) | (slot & (PAGE_CELLS - 1));
    return readCell(this.#floats[chunk]!, this.#words[chunk]!, cell) ? scratch : null;
  }

  /** The 48 bytes of a cell, in place; valid until the next call that allocates. */
  cellBytes(page: number, slot: number): Uint8Array {
    const start = (slot & (PAGE_CELLS - 1)) * CELL_BYTES;
    return this.#bytesOf(page).subarray(start, start + CELL_BYTES);
  }

  /** Copies the cells of the page that have readings to `target` from `at`, in order; returns the end. */
  copyCells(page: number, target: Uint8Array, at: number): number {
    const chunk = page >>> PAGE_BITS_PER_CHUNK;
    const first = (page & (PAGES_PER_CHUNK - 1)) * PAGE_CELLS;
    const words = this.#words[chunk]!;
    const bytes = this.#bytes[chunk]!;
    let end = at;
    // Runs of cells: mostly the whole page.
    for (let cell = first; cell < first + PAGE_CELLS; cell++) {
      if (words[cell * U32_PER_CELL + 8] === 0) continue;
      const start = cell;
      while (cell < first + PAGE_CELLS && words[cell * U32_PER_CELL + 8] !== 0) cell += 1;
      target.set(bytes.subarray(start * CELL_BYTES, cell * CELL_BYTES), end);
      end += (cell - start) * CELL_BYTES;
    }
    return end;
  }

  /** Puts the 48 bytes of `source` from `at` into a cell, as that of `slot`. */
  putCell(page: number, slot: number, source: Uint8Array, at: number): void {
    const chunk = page >>> PAGE_BITS_PER_CHUNK;
    const cell = ((page & (PAGES_PER_CHUNK - 1)) << 4) | (slot & (PAGE_CELLS - 1));
    const bytes = this.#bytes[chunk]!;
    const to = cell * CELL_BYTES;
    // A call into native code would take longer.
    for (let i = 0; i < CELL_BYTES; i++) bytes[to + i] = source[at + i]!;
    this.#words[chunk]![cell * U32_PER_CELL + 11] = slot;
  }

  countOf(page: number, slot: number): number {
    const cell = ((page & (PAGES_PER_CHUNK - 1)) << 4) | (slot & (PAGE_CELLS - 1));
    return this.#words[page >>> PAGE_BITS_PER_CHUNK]![cell * U32_PER_CELL + 8]!;
  }

  #bytesOf(page: number): Uint8Array {
    const start = (page & (PAGES_PER_CHUNK - 1)) * PAGE_BYTES;
    return this.#bytes[page >>> PAGE_BITS_PER_CHUNK]!.subarray(start, start + PAGE_BYTES);
  }

  #grow(): void {
    const buffer = new ArrayBuffer(PAGES_PER_CHUNK * PAGE_BYTES);
    const firstPage = this.#bytes.length * PAGES_PER_CHUNK;
    this.#floats.push(new Float64Array(buffer));
    this.#words.push(new Uint32Array(buffer));
    this.#bytes.push(new Uint8Array(buffer));
    for (let page = PAGES_PER_CHUNK - 1; page >= 0; page--) this.#free[this.#freeCount++] = firstPage + page;
  }

  #widenFree(): void {
    const wider = new Int32Array(this.#free.length * 2);
    wider.set(this.#free);
    this.#free = wider;
  }
}

const scratch: Cell = { count: 0, hi: 0, lo: 0, min: 0, max: 0, firstMs: 0, lastMs: 0, slot: 0 };

/** Reads a cell into {@link scratch}; false where it is empty. */
function readCell(floats: Float64Array, words: Uint32Array, cell: number): boolean {
  const w = cell * U32_PER_CELL + 8;
  const count = words[w]!;
  if (count === 0) return false;
  const f = cell * F64_PER_CELL;
  scratch.count = count;
  scratch.hi = floats[f]!;
  scratch.lo = floats[f + 1]!;
  scratch.min = floats[f + 2]!;
  scratch.max = floats[f + 3]!;
  scratch.firstMs = words[w + 1]!;
  scratch.lastMs = words[w + 2]!;
  scratch.slot = words[w + 3]!;
  return true;
}
