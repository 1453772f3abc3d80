/**
 * Where each sensor's name stands in a frame's column of sensors.
 *
 * Job: reads the places out of the column whenever they are asked for, into arrays that all columns share: they are asked
 * for when a column is seen for the first time, and to keep them would cost 8 bytes a series for good. Boundary: one column
 * at a time; the arrays of the one asked for last are valid.
 */
import type { KnownColumn } from './known-column.ts';
import { MalformedPayload } from './malformed.ts';
import { ARRAY, BIN, MsgpackReader, STR } from './msgpack-reader.ts';

const FIRST_ROWS = 1024;
const NEWLINE = 0x0a;

export class SensorSpans {
  start = new Uint32Array(FIRST_ROWS);
  end = new Uint32Array(FIRST_ROWS);
  #of: KnownColumn | Uint8Array | null = null;
  readonly #reader = new MsgpackReader();

  /** Of the value of key `s`, counted from its beginning; an element that is no str has an empty one. @throws {MalformedPayload} */
  ofColumn(column: KnownColumn, rows: number): this {
    if (this.#of === column) return this;
    this.#of = null;
    this.#begin(rows);
    const reader = this.#reader;
    const bytes = column.bytes();
    reader.reset(bytes);
    try {
      const kind = reader.peek();
      if (kind === BIN) this.#readJoined(bytes, rows);
      else if (kind === ARRAY) this.#readArray(rows);
      else throw new MalformedPayload('"s" is neither an array nor a bin');
    } finally {
      reader.release();
    }
    this.#of = column;
    return this;
  }

  /** Every row is this one name. */
  ofOne(name: Uint8Array, rows: number): this {
    if (this.#of === name && this.end.length >= rows && this.end[rows - 1] === name.length) return this;
    this.#begin(rows);
    this.end.fill(name.length, 0, rows);
    this.#of = name;
    return this;
  }

  #begin(rows: number): void {
    if (rows > this.start.length) {
      this.start = new Uint32Array(rows);
      this.end = new Uint32Array(rows);
    }
    this.start.fill(0, 0, rows);
    this.end.fill(0, 0, rows);
  }

  #readArray(rows: number): void {
    const reader = this.#reader;
    if (reader.readCount() !== rows) throw new MalformedPayload('"s" and "v" differ in length');
    for (let row = 0; row < rows; row++) {
      if (reader.peek() !== STR) {
        reader.skip();
        continue;
      }
      reader.readSpan();
      this.start[row] = reader.spanStart;
      this.end[row] = reader.spanEnd;
    }
  }

  #readJoined(column: Uint8Array, rows: number): void {
    this.#reader.readSpan();
    const { spanStart, spanEnd } = this.#reader;
    let start = spanStart;
    let row = 0;
    for (let at = start; at <= spanEnd; at++) {
      if (at < spanEnd && column[at] !== NEWLINE) continue;
      if (row === rows) throw new MalformedPayload('"s" has more names than "v" has values');
      this.start[row] = start;
      this.end[row] = at;
      row += 1;
      start = at + 1;
    }
    if (row !== rows) throw new MalformedPayload('"s" has fewer names than "v" has values');
  }
}
