/** The colour scale with its unit, and where each district stands on it now. Boundary: the list has the same figures in words. */
import type { JSX } from 'preact';
import { rampGradient, type RampName } from '../figures/colour.ts';
import { figure } from '../figures/format.ts';
import { markDecimals, type Scale, shareOf } from '../figures/scale.ts';
import type { Unit } from '../figures/units.ts';
import { theme } from '../theme.ts';

interface LegendProps {
  readonly scale: Scale;
  readonly ramp: RampName;
  readonly unit: Unit;
  readonly name: string;
  readonly values: readonly number[];
}

export function Legend({ scale, ramp, unit, name, values }: LegendProps): JSX.Element {
  const decimals = markDecimals(scale);
  const left = (value: number): { left: string } => ({ left: `${String(shareOf(scale, value) * 100)}%` });
  return (
    <div
      class="legend"
      role="img"
      aria-label={`Colours from ${figure(scale.low, decimals)} to ${figure(scale.high, decimals)} ${unit.symbol}`}
    >
      <p>
        {name}
        {unit.symbol === '' ? '' : `, ${unit.symbol}`}
      </p>
      <div class="legend-bar" style={{ background: rampGradient(ramp, theme.value) }}>
        {values.map((value, at) => (
          <i key={at} style={left(value)} />
        ))}
      </div>
      <div class="legend-marks">
        {scale.marks.map((mark) => (
          <span key={mark} style={left(mark)}>
            {figure(mark, decimals)}
          </span>
        ))}
      </div>
    </div>
  );
}
