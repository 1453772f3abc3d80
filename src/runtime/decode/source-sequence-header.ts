/**
 * The header `Hourglass-Seq: <session>:<number>` (contract, section 2, "sent twice, counted once").
 *
 * Boundary: text or bytes to values; whether the number is new is the actor's question.
 */
import { isText } from '../../model/ascii.ts';
import { SEQUENCE_DIGITS_MAX, SESSIONS_CACHED_MAX } from '../../model/limits.ts';
import { isSubjectToken } from '../../model/names.ts';
import type { SourceSequence } from '../../model/reading.ts';

const DIGITS = new RegExp(`^[0-9]{1,${String(SEQUENCE_DIGITS_MAX)}}$`);
const SPACE = 0x20;
const COLON = 0x3a;
const ZERO = 0x30;
const utf8 = new TextDecoder();

/** Sessions have the alphabet of subject tokens. No spaces, no sign: what a publisher did not mean must not count. */
export function parseSourceSequence(header: string): SourceSequence | 'malformed' {
  const colon = header.indexOf(':');
  if (colon < 0) return 'malformed';
  const session = header.slice(0, colon);
  const digits = header.slice(colon + 1);
  if (!isSubjectToken(session) || !DIGITS.test(digits)) return 'malformed';
  const number = Number(digits);
  return Number.isSafeInteger(number) ? { session, number } : 'malformed';
}

/**
 * {@link parseSourceSequence} of a header's bytes, with the spaces around it.
 *
 * Job: makes no text of a session that came before: a publisher has one for all its messages. Invariant 13: a fixed number of them is
 * remembered, each in the place of its hash.
 */
export class SourceSequenceReader {
  readonly #sessions: (string | undefined)[] = Array.from({ length: SESSIONS_CACHED_MAX });

  read(bytes: Uint8Array, start: number, end: number): SourceSequence | 'malformed' {
    const sessionStart = bytes[start] === SPACE ? start + 1 : start;
    let at = sessionStart;
    let hash = 0;
    for (; at < end && bytes[at] !== COLON; at++) hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
    const sessionEnd = at;
    const digitsStart = sessionEnd + 1;
    let number = 0;
    for (at = digitsStart; at < end; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      number = number * 10 + digit;
    }
    const digits = at - digitsStart;
    const isPlain = at === end && digits > 0 && digits <= SEQUENCE_DIGITS_MAX && number <= Number.MAX_SAFE_INTEGER;
    const place = (hash ^ (hash >>> 15)) & (SESSIONS_CACHED_MAX - 1);
    const known = this.#sessions[place];
    if (isPlain && known !== undefined && isText(known, bytes, sessionStart, sessionEnd))
      return { session: known, number };
    const parsed = parseSourceSequence(utf8.decode(bytes.subarray(start, end)).trim());
    if (parsed !== 'malformed') this.#sessions[place] = parsed.session;
    return parsed;
  }
}
