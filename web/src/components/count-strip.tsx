/**
 * How many readings stand behind each hour, as bars: a thin hour is seen at once.
 *
 * Boundary: a picture; the table of hours above has the counts.
 */
import type { JSX } from 'preact';
import type { Span } from '../city/overview.ts';
import { type CivilTime, HOUR_MS } from '../figures/civil-time.ts';
import { count } from '../figures/format.ts';
import type { HourFigures } from '../figures/hours.ts';

interface CountStripProps {
  readonly grid: readonly (HourFigures | null)[];
  readonly span: Span;
  readonly time: CivilTime;
}

export function CountStrip({ grid, span, time }: CountStripProps): JSX.Element {
  const most = Math.max(1, ...grid.map((hour) => hour?.count ?? 0));
  const silent = grid.filter((hour) => hour === null).length;
  return (
    <figure class="chart counts">
      <figcaption>
        <span class="chart-name">Readings per hour</span>
        <span>
          at most {count(most)};{' '}
          {silent === 0 ? 'no hour without any' : `${String(silent)} of ${String(grid.length)} hours without any`}
        </span>
      </figcaption>
      <div
        class="counts-bars"
        role="img"
        aria-label={`Readings per hour, at most ${count(most)}; the table of hours has the same figures`}
      >
        {grid.map((hour, at) => (
          <i
            key={span.fromMs + at * HOUR_MS}
            class={hour === null ? 'none' : hour.status === 'final' ? '' : 'open'}
            style={{ height: `${String(((hour?.count ?? 0) / most) * 100)}%` }}
            title={`${time.hourSpan(span.fromMs + at * HOUR_MS)}: ${count(hour?.count ?? 0)}`}
          />
        ))}
      </div>
    </figure>
  );
}
