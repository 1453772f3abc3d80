/**
 * SenML times: float64 seconds to whole ms.
 *
 * Boundary: arithmetic. Why not `Math.floor(seconds * 1000)`: 1764000000.123 is stored a little below that number, and
 * its product would be floored to .122. A double that is the nearest one to some whole number of ms means that one.
 */

/** Seconds from which on a time is absolute (RFC 8428, section 4.5.3). */
const ABSOLUTE_FROM_S = 2 ** 28;

/** Whole ms since the same origin; the floor where the seconds are no whole ms. Not finite where the product is not. */
export function toMs(seconds: number): number {
  return wholeMs(seconds) ?? Math.floor(seconds * 1000);
}

/** The whole number of ms whose nearest double in seconds is `seconds`; undefined where there is none. */
export function wholeMs(seconds: number): number | undefined {
  const rounded = Math.round(seconds * 1000);
  return rounded / 1000 === seconds ? rounded : undefined;
}

/** ms since 1970; not finite where the sum is not. */
export function resolveTimeMs(baseS: number, timeS: number, receivedMs: number): number {
  const sumS = baseS + timeS;
  const sumMs = timeS === 0 || baseS === 0 ? toMs(sumS) : sumToMs(baseS, timeS);
  return sumS >= ABSOLUTE_FROM_S ? sumMs : receivedMs + sumMs;
}

/** Where both parts are whole ms their sum is, though the float64 sum in seconds may lie just below. */
function sumToMs(baseS: number, timeS: number): number {
  const base = wholeMs(baseS);
  const time = wholeMs(timeS);
  return base === undefined || time === undefined ? toMs(baseS + timeS) : base + time;
}
