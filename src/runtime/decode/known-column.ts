/**
 * A column of a frame as it stood in a payload: the whole MessagePack value.
 *
 * Job: says whether it stands in another payload, too. Boundary: bytes; what they mean is others' question.
 * Invariant: it never changes. Its bytes are its own; or its head is, and the names behind it are those that somebody else
 * keeps ({@link KeptNames}), once both were compared: where they are kept no longer, it stands nowhere any more.
 */
import type { KeptNames } from '../../model/reading.ts';

/** Comparing fewer bytes than this is quicker here than by a call into native code. */
const SHORT_BYTES = 32;

export class KnownColumn {
  #own: Buffer;
  #kept: KeptNames | null = null;
  /** Where the names are that somebody else keeps. */
  #from = 0;
  #to = 0;

  /** Copies it: a payload is the broker's buffer and lives as long as anybody points to it. */
  constructor(payload: Uint8Array, start: number, end: number) {
    // Short ones share a slab: an array of its own costs more than they do.
    this.#own = Buffer.allocUnsafe(end - start);
    this.#own.set(payload.subarray(start, end));
  }

  /** Bytes in a payload. */
  get length(): number {
    return this.#own.length + this.#to - this.#from;
  }

  /** Bytes that nobody else keeps. */
  get ownBytes(): number {
    return this.#own.length;
  }

  /** All of it in one piece; put together anew where somebody else keeps the names. */
  bytes(): Buffer {
    return this.#kept === null
      ? this.#own
      : Buffer.concat([this.#own, this.#kept.bytes.subarray(this.#from, this.#to)]);
  }

  /** True where it stands in `payload` at `at`. MessagePack ends itself: equal bytes are the whole equal value. */
  standsAt(payload: Uint8Array, at: number): boolean {
    const own = this.#own;
    const end = at + own.length;
    if (end > payload.length) return false;
    if (own.length > SHORT_BYTES) return own.compare(payload, at, end) === 0;
    for (let i = 0; i < own.length; i++) if (own[i] !== payload[at + i]) return false;
    return this.#kept === null || this.#areKeptAt(this.#kept, payload, end);
  }

  /** The names of the rows are kept from `first` on: where theirs are the same bytes, its own are given back. */
  shareWith(kept: KeptNames, first: number, rows: number): void {
    if (this.#kept !== null) return;
    const from = kept.start(first);
    const to = kept.end(first + rows - 1);
    const head = this.#own.length - (to - from);
    // An array of texts is not the same: only joined names are.
    if (head <= 0 || head > SHORT_BYTES || this.#own.compare(kept.bytes, from, to, head) !== 0) return;
    this.#own = Buffer.from(this.#own.subarray(0, head));
    this.#kept = kept;
    this.#from = from;
    this.#to = to;
  }

  #areKeptAt({ bytes }: KeptNames, payload: Uint8Array, at: number): boolean {
    const end = at + this.#to - this.#from;
    if (end > payload.length || this.#to > bytes.length) return false;
    return bytes.compare(payload, at, end, this.#from, this.#to) === 0;
  }
}
