/** Lowest, mean and highest on one common axis. Boundary: pictures beside figures in words. */
import type { JSX } from 'preact';
import { figure } from '../figures/format.ts';
import { markDecimals, type Scale, shareOf } from '../figures/scale.ts';
import type { Unit } from '../figures/units.ts';

export function RangeBar({
  scale,
  low,
  high,
  mean,
}: {
  scale: Scale;
  low: number;
  high: number;
  mean: number | null;
}): JSX.Element {
  const from = shareOf(scale, low) * 100;
  const to = shareOf(scale, high) * 100;
  return (
    <span class="range" aria-hidden="true">
      {scale.marks.map((mark) => (
        <i key={mark} class="range-grid" style={{ left: `${String(shareOf(scale, mark) * 100)}%` }} />
      ))}
      <i class="range-band" style={{ left: `${String(from)}%`, width: `${String(to - from)}%` }} />
      {mean === null ? null : <i class="range-mean" style={{ left: `${String(shareOf(scale, mean) * 100)}%` }} />}
    </span>
  );
}

export function RangeAxis({ scale, unit }: { scale: Scale; unit: Unit }): JSX.Element {
  const decimals = markDecimals(scale);
  return (
    <span class="range-axis">
      <span class="visually-hidden">Lowest to highest so far, {unit.symbol}</span>
      {scale.marks.map((mark) => (
        <span key={mark} aria-hidden="true" style={{ left: `${String(shareOf(scale, mark) * 100)}%` }}>
          {figure(mark, decimals)}
        </span>
      ))}
    </span>
  );
}
