/**
 * The header `Hourglass-Seq: <session>:<n>` (contract, section 2, "sent twice, counted once").
 *
 * Boundary: text to values; whether the number is new is the actor's question.
 */
import { SEQUENCE_DIGITS_MAX } from '../../model/limits.ts';
import { isSubjectToken } from '../../model/names.ts';

export interface SourceSequence {
  readonly session: string;
  /** Whole number, 0 <= n < 2^53. */
  readonly n: number;
}

const DIGITS = new RegExp(`^[0-9]{1,${String(SEQUENCE_DIGITS_MAX)}}$`);

/** Sessions have the alphabet of subject tokens. No spaces, no sign: what a publisher did not mean must not count. */
export function parseSourceSequence(header: string): SourceSequence | 'malformed' {
  const colon = header.indexOf(':');
  if (colon < 0) return 'malformed';
  const session = header.slice(0, colon);
  const digits = header.slice(colon + 1);
  if (!isSubjectToken(session) || !DIGITS.test(digits)) return 'malformed';
  const n = Number(digits);
  return Number.isSafeInteger(n) ? { session, n } : 'malformed';
}
