/**
 * Which times a reading may have (contract, section 2): not ahead of its receipt, not before 1990, not behind the horizon.
 *
 * Boundary: arithmetic on times that are handed in. The actor rejects by it, and the API says so beforehand.
 */
import { FUTURE_MS_MAX, READING_TIME_MS_MIN } from './limits.ts';
import type { RejectReason } from './reading.ts';

/** The times a message's readings may have, ms since 1970, both inclusive. */
export interface TimeBounds {
  readonly lowestMs: number;
  readonly highestMs: number;
}

/**
 * @param receivedMs the broker's time of the message, ms since 1970.
 * @param horizonMs how long before its receipt a reading may lie; 0: no horizon.
 */
export function timeBounds(receivedMs: number, horizonMs: number): TimeBounds {
  const horizon = horizonMs > 0 ? receivedMs - horizonMs : READING_TIME_MS_MIN;
  return { lowestMs: Math.max(READING_TIME_MS_MIN, horizon), highestMs: receivedMs + FUTURE_MS_MAX };
}

/** Null where the reading's time can be used; parameters as in {@link timeBounds}. */
export function checkTime(timeMs: number, receivedMs: number, horizonMs: number): RejectReason | null {
  const { lowestMs, highestMs } = timeBounds(receivedMs, horizonMs);
  if (timeMs > highestMs) return 'future';
  return timeMs < lowestMs ? 'too-old' : null;
}
