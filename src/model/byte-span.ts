/**
 * A run of bytes inside others: a payload in the bytes of a connection.
 *
 * Boundary: pure memory; the bytes are never written to. Why not `subarray`: a view costs the runtime and its garbage
 * collector more than a whole reading does here (`npm run profile`).
 */
export class ByteSpan {
  readonly bytes: Uint8Array;
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  static of(bytes: Uint8Array): ByteSpan {
    return new ByteSpan(bytes, 0, bytes.length);
  }

  get length(): number {
    return this.end - this.start;
  }

  /** The same bytes, as an array of their own extent. */
  view(): Uint8Array {
    return this.start === 0 && this.end === this.bytes.length ? this.bytes : this.bytes.subarray(this.start, this.end);
  }
}
