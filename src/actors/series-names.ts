/**
 * The names of series in the order of their slots, each with a line feed behind it.
 *
 * Job: keeps the names' bytes and where each begins. Boundary: pure memory; which slot a name has, series-index.ts says.
 * Why the line feeds: a frame's sensors are joined by them (contract, section 2), so that a decoder that knows a column by
 * heart can do with these bytes ({@link KeptNames}) and needs none of its own: 17 bytes a series less, of some 100.
 */
import type { KeptNames } from '../model/reading.ts';

const FIRST_SERIES = 64;
const FIRST_BYTES = 1024;
/** Arrays that are small grow by half, large ones by an eighth: what is not used yet is paid for as well. */
const SMALL_SERIES = 16_384;
const SMALL_BYTES = 16 * SMALL_SERIES;
const LINE_FEED = 0x0a;
const NOTHING = Buffer.alloc(0);

export class SeriesNames implements KeptNames {
  #bytes = Buffer.from(new ArrayBuffer(FIRST_BYTES));
  /** Where each begins; one more than there are names, since a name ends one byte before the next begins. */
  #start = new Uint32Array(FIRST_SERIES + 1);
  #count = 0;

  get bytes(): Buffer {
    return this.#bytes;
  }

  start(slot: number): number {
    return this.#start[slot]!;
  }

  end(slot: number): number {
    return this.#start[slot + 1]! - 1;
  }

  /** Whether this is the slot's name. */
  isAt(slot: number, name: Uint8Array, start: number, end: number): boolean {
    const begin = this.#start[slot]!;
    if (this.#start[slot + 1]! - begin !== end - start + 1) return false;
    const bytes = this.#bytes;
    for (let i = start, j = begin; i < end; i++, j++) if (name[i] !== bytes[j]) return false;
    return true;
  }

  /** The name of the next slot. */
  add(name: Uint8Array, start: number, end: number): void {
    const slot = this.#count;
    let at = this.#start[slot]!;
    const next = at + end - start + 1;
    if (slot + 2 > this.#start.length)
      this.#start = widened(this.#start, new Uint32Array(grown(this.#start.length, SMALL_SERIES)));
    if (next > this.#bytes.length) this.#widen(Math.max(next, grown(this.#bytes.length, SMALL_BYTES)));
    const bytes = this.#bytes;
    for (let from = start; from < end; from++) bytes[at++] = name[from]!;
    bytes[at] = LINE_FEED;
    this.#start[slot + 1] = next;
    this.#count = slot + 1;
  }

  /** Makes room for so many names more, of so many bytes in all. */
  reserve(names: number, nameBytes: number): void {
    const series = this.#count + names;
    const bytes = this.#start[this.#count]! + nameBytes + names;
    if (series + 1 > this.#start.length) this.#start = widened(this.#start, new Uint32Array(series + 1));
    if (bytes > this.#bytes.length) this.#widen(bytes);
  }

  /** Nobody keeps them any longer: their memory is given back. */
  forget(): void {
    this.#bytes = NOTHING;
    this.#start = new Uint32Array(1);
    this.#count = 0;
  }

  #widen(length: number): void {
    const wider = Buffer.from(new ArrayBuffer(length));
    wider.set(this.#bytes);
    this.#bytes = wider;
  }
}

/** How long an array becomes that is full. */
export function grown(length: number, small: number): number {
  return Math.ceil(length * (length < small ? 1.5 : 1.125));
}

export function widened<T extends Uint16Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
