/**
 * Subjects by their bytes, each one object for as long as it is remembered: sources repeat, and a text is dear to make,
 * to hash and to take apart.
 *
 * Job: finds the parsed subject. Boundary: pure memory; what a subject says, decode/subject.ts knows.
 * Invariant 13: a table of fixed size, two places for each subject; the one that was used longer ago gives way, and is
 * made anew where it comes again. Only ASCII is remembered: there a byte is a character.
 */
import { isText } from '../../model/ascii.ts';
import { SUBJECTS_CACHED_MAX } from '../../model/limits.ts';
import { type ParsedSubject, parseSubject } from '../decode/subject.ts';
import { subjectHash } from './delivery-line.ts';

const encoder = new TextEncoder();
const utf8 = new TextDecoder();

export class SubjectTable {
  readonly #subjects: (ParsedSubject | undefined)[];
  readonly #mask: number;

  /** @param places a power of two. */
  constructor(places: number = SUBJECTS_CACHED_MAX) {
    this.#subjects = Array.from({ length: places });
    this.#mask = places - 1;
  }

  /** @param hash of the bytes, as {@link subjectHash} gives it. */
  of(bytes: Uint8Array, start: number, end: number, hash: number): ParsedSubject {
    // The low bits of the product know little of the last bytes.
    const first = (hash ^ (hash >>> 15)) & this.#mask;
    const subjects = this.#subjects;
    const known = subjects[first];
    if (known !== undefined && isText(known.text, bytes, start, end)) return known;
    const second = first ^ 1;
    const other = subjects[second];
    if (known !== undefined) subjects[second] = known;
    const found =
      other !== undefined && isText(other.text, bytes, start, end)
        ? other
        : parseSubject(utf8.decode(bytes.subarray(start, end)));
    subjects[first] = found.text.length === end - start ? found : undefined;
    return found;
  }

  /** Where there are no bytes at hand. */
  ofText(subject: string): ParsedSubject {
    const bytes = encoder.encode(subject);
    return this.of(bytes, 0, bytes.length, subjectHash(bytes));
  }
}
