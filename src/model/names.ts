/**
 * The names of the contract, sections 1 and 2: what a subject token, a sensor and a metric may be called.
 *
 * Boundary: pure checks. Sensors are compared by bytes, so they are checked as bytes.
 */
import { METRIC_NAME_CHARS_MAX, SENSOR_NAME_BYTES_MAX, SUBJECT_TOKEN_CHARS_MAX } from './limits.ts';

const TOKEN = new RegExp(`^[A-Za-z0-9_-]{1,${String(SUBJECT_TOKEN_CHARS_MAX)}}$`);
const METRIC = new RegExp(`^[A-Za-z0-9_.%-]{1,${String(METRIC_NAME_CHARS_MAX)}}$`);
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function isSubjectToken(text: string): boolean {
  return TOKEN.test(text);
}

export function isMetricName(text: string): boolean {
  return METRIC.test(text);
}

/** 1-256 bytes of valid UTF-8, no control characters (C0, DEL, C1), no leading or trailing space. */
export function isSensorName(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length < 1 || length > SENSOR_NAME_BYTES_MAX) return false;
  if (bytes[start] === 0x20 || bytes[end - 1] === 0x20) return false;
  let ascii = true;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x20 || byte === 0x7f) return false;
    if (byte >= 0x80) ascii = false;
  }
  return ascii || isCleanText(bytes.subarray(start, end));
}

/** Any Unicode white space counts as a leading or trailing space; U+0080-U+009F are control characters. */
function isCleanText(bytes: Uint8Array): boolean {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return false;
  }
  return text.trim() === text && !/\p{Cc}/u.test(text);
}
