/**
 * Subjects as texts, one text for the same bytes: sources repeat, and a text is dear to make and to hash.
 *
 * Job: finds the text by its bytes. Boundary: pure memory.
 * Invariant 13: a table of fixed size, two places for each subject; the one that was used longer ago gives way, and is
 * made anew where it comes again. Only ASCII is remembered: there a byte is a character.
 */
import { SUBJECTS_CACHED_MAX } from '../../model/limits.ts';

const utf8 = new TextDecoder();

export class SubjectTable {
  readonly #texts: (string | undefined)[];
  readonly #mask: number;

  /** @param places a power of two. */
  constructor(places: number = SUBJECTS_CACHED_MAX) {
    this.#texts = Array.from({ length: places });
    this.#mask = places - 1;
  }

  /** @param hash of the bytes, any that is good. */
  text(bytes: Uint8Array, start: number, end: number, hash: number): string {
    // The low bits of the product know little of the last bytes.
    const first = (hash ^ (hash >>> 15)) & this.#mask;
    const texts = this.#texts;
    const known = texts[first];
    if (known !== undefined && isText(known, bytes, start, end)) return known;
    const second = first ^ 1;
    const other = texts[second];
    texts[second] = known;
    const text =
      other !== undefined && isText(other, bytes, start, end) ? other : utf8.decode(bytes.subarray(start, end));
    texts[first] = text.length === end - start ? text : undefined;
    return text;
  }
}

/** True where the bytes are this text, which then is ASCII. */
export function isText(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let at = start; at < end; at++) if (text.charCodeAt(at - start) !== bytes[at]) return false;
  return true;
}
