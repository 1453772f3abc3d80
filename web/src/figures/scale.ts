/**
 * The range of a scale: round ends, round marks.
 *
 * Boundary: pure. One scale holds for all hours on the screen, so that a colour means the same while time runs.
 */

export interface Scale {
  readonly low: number;
  readonly high: number;
  /** Round values between the ends, both included. */
  readonly marks: readonly number[];
}

/** What is smaller is nothing. */
const SMALLEST = 1e-12;

/** @param marks how many there should be about. */
export function scaleOf(values: readonly number[], marks = 5): Scale {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return { low: 0, high: 1, marks: [0, 1] };
  const size = Math.max(Math.abs(low), Math.abs(high));
  // Closer together than a figure could ever show.
  if (high - low <= size * 1e-9 || size < SMALLEST) {
    const room = size < SMALLEST ? 1 : size * 0.05;
    [low, high] = [low - room, high + room];
  }
  const step = roundStep((high - low) / Math.max(1, marks - 1));
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  // Multiplied, not added up: 0.1 + 0.2 is not a round value.
  const all = Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
  return { low: all[0] ?? low, high: all.at(-1) ?? high, marks: all };
}

/** Decimals that the marks need. */
export function markDecimals({ marks }: Scale): number {
  return Math.max(0, ...marks.map((mark) => (String(mark).split('.')[1] ?? '').length));
}

/** Where a value stands between the ends, 0 to 1. */
export function shareOf({ low, high }: Scale, value: number): number {
  return Math.min(1, Math.max(0, (value - low) / (high - low)));
}

/** The smallest of 1, 2, 2.5, 5 · 10^n that is no less. */
function roundStep(wanted: number): number {
  const power = 10 ** Math.floor(Math.log10(wanted));
  const factor = [1, 2, 2.5, 5].find((one) => one * power >= wanted * (1 - 1e-9)) ?? 10;
  return factor * power;
}
