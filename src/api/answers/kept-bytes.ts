/**
 * Bytes that are kept for long, as V8's heap takes them with the least ado: as short strings with a character a byte.
 *
 * Boundary: memory of this process. Why not as they are, nor as one string:
 * - Bytes lie outside of the heap, whose collector takes what comes there as a reason to walk through all of it; with new
 *   answers all the time everybody waited for it again and again.
 * - A string of more than some 128 KiB has pages of its own, and when it has died they are given back one by one, while
 *   everybody waits: a month of a sensor is that long, and thousands of them took most of a collection's pause
 *   (`finish` of `node --trace-gc-nvp`).
 */
import { KEPT_PIECE_BYTES } from '../../model/limits.ts';

export class KeptBytes {
  readonly length: number;
  readonly #pieces: readonly string[];

  constructor(bytes: Buffer) {
    this.length = bytes.length;
    this.#pieces = Array.from({ length: Math.ceil(bytes.length / KEPT_PIECE_BYTES) }, (_, piece) =>
      bytes.toString('latin1', piece * KEPT_PIECE_BYTES, Math.min((piece + 1) * KEPT_PIECE_BYTES, bytes.length)),
    );
  }

  /** Anew each time. */
  toBytes(): Buffer<ArrayBuffer> {
    const bytes = Buffer.allocUnsafe(this.length);
    for (const [piece, text] of this.#pieces.entries()) bytes.write(text, piece * KEPT_PIECE_BYTES, 'latin1');
    return bytes;
  }
}
