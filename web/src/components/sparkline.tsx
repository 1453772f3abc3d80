/**
 * A line of hours as small as a word. Boundary: decoration beside the figure it stands for; the tables have the hours.
 */
import type { JSX } from 'preact';
import { type Scale, shareOf } from '../figures/scale.ts';

const WIDTH = 100;
const HEIGHT = 28;
const EDGE = 2;

interface SparklineProps {
  /** Null where nothing was measured: the line has a gap. */
  readonly values: readonly (number | null)[];
  readonly scale: Scale;
  /** The hour on the screen. */
  readonly at?: number | null;
}

export function Sparkline({ values, scale, at = null }: SparklineProps): JSX.Element {
  const x = (index: number): number => EDGE + (index / Math.max(1, values.length - 1)) * (WIDTH - 2 * EDGE);
  const y = (value: number): number => HEIGHT - EDGE - shareOf(scale, value) * (HEIGHT - 2 * EDGE);
  let path = '';
  values.forEach((value, index) => {
    if (value === null) return;
    const isGap = index === 0 || values[index - 1] == null;
    path += `${isGap ? 'M' : 'L'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
    // An hour alone between two gaps is a dot.
    if (isGap && values[index + 1] == null) path += 'h.01';
  });
  const value = at === null ? null : values[at];
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${String(WIDTH)} ${String(HEIGHT)}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path d={path} vector-effect="non-scaling-stroke" />
      {at !== null && value != null ? (
        <path class="at" d={`M${x(at).toFixed(1)} ${y(value).toFixed(1)}h.01`} vector-effect="non-scaling-stroke" />
      ) : null}
    </svg>
  );
}
