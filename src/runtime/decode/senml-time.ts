/**
 * SenML times: float64 seconds to whole ms.
 *
 * Boundary: arithmetic. Why not `Math.floor(seconds * 1000)`: 1764000000.123 is stored a little below that number, and
 * its product would be floored to .122. A double that is the nearest one to some whole number of ms means that one.
 */

/** Whole ms since the same origin; the floor where the seconds are no whole ms. Not finite where the product is not. */
export function toMs(seconds: number): number {
  return wholeMs(seconds) ?? Math.floor(seconds * 1000);
}

/** The whole number of ms whose nearest double in seconds is `seconds`; undefined where there is none. */
export function wholeMs(seconds: number): number | undefined {
  const rounded = Math.round(seconds * 1000);
  return rounded / 1000 === seconds ? rounded : undefined;
}
