/**
 * How sure a figure is: final, or an hour that is still open, with how much of it has passed.
 *
 * Boundary: wherever figures of an hour stand, this stands beside them.
 */
import type { JSX } from 'preact';
import type { Progress } from '../api/hourglass.ts';
import { type CivilTime, DAY_MS, HOUR_MS } from '../figures/civil-time.ts';
import { age } from '../figures/format.ts';
import type { HourFigures } from '../figures/hours.ts';
import { now } from '../time.ts';

/** Minutes of an hour that are counted, 0 to 60. */
export function minutesCounted(hourMs: number, { watermarkMs }: Progress): number {
  return Math.min(60, Math.max(0, Math.floor((watermarkMs - hourMs) / 60_000)));
}

export function StatusChip({
  hourMs,
  figures,
  progress,
}: {
  hourMs: number;
  figures: HourFigures | null;
  progress: Progress;
}): JSX.Element {
  if (figures === null) return <span class="chip chip-none">No readings</span>;
  if (figures.status === 'final')
    return (
      <span class="chip chip-final">
        Final
        {figures.revision > 0 ? `, corrected ${String(figures.revision)}×` : ''}
      </span>
    );
  const minutes = minutesCounted(hourMs, progress);
  return (
    <span class="chip chip-open">
      {minutes < 60 ? `Open hour: ${String(minutes)} of 60 min` : 'Over, not yet final'}
    </span>
  );
}

/** The line under every view: how far the figures are, and how old the answer is. */
export function ProgressBar({
  progress,
  time,
  atMs,
  note,
}: {
  progress: Progress;
  time: CivilTime;
  atMs: number;
  note?: string | undefined;
}): JSX.Element {
  const { watermarkMs, finalThroughMs } = progress;
  const old = now.value - watermarkMs > DAY_MS;
  const day = old ? `${time.day(watermarkMs)} ` : '';
  return (
    <div class="progress" role="group" aria-label="How far the figures are">
      {watermarkMs > 0 ? (
        <span>
          <b>Watermark</b> {day}
          {time.clockWithSeconds(watermarkMs)} {time.zoneName(watermarkMs)}
          <span class="wide"> – readings up to here are counted</span>
        </span>
      ) : (
        <span>
          <b>Watermark</b> not known yet
        </span>
      )}
      {finalThroughMs > 0 ? (
        <span>
          <b>Final</b> through {now.value - finalThroughMs > DAY_MS ? `${time.day(finalThroughMs)} ` : ''}
          {time.clock(Math.floor(finalThroughMs / HOUR_MS) * HOUR_MS)}
        </span>
      ) : null}
      <span>
        <b>Figures</b> {age(now.value - atMs)} old{note === undefined ? '' : `, ${note}`}
      </span>
    </div>
  );
}
