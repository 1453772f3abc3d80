/** Everything the city measures, one line each: name, the range as a line, the figure of the hour. Boundary: links to the metrics. */
import type { JSX } from 'preact';
import type { KindHour } from '../api/hourglass.ts';
import { gridOf, type Span } from '../city/overview.ts';
import type { CityKnown } from '../city/use-city.ts';
import { decimalsFor, figureWithUnit } from '../figures/format.ts';
import { scaleOf } from '../figures/scale.ts';
import { convert, NO_UNIT } from '../figures/units.ts';
import { Link, route } from '../url/navigation.tsx';
import { Sparkline } from './sparkline.tsx';

interface MetricPanelProps {
  readonly city: CityKnown;
  /** Null while they are asked for. */
  readonly hours: ReadonlyMap<string, readonly KindHour[]> | null;
  readonly span: Span;
  readonly current: string;
  readonly at: number;
}

/** There is no room for `vehicles` beside every figure; the metric's own view has it. */
const SYMBOL_CHARS_MAX = 5;

export function MetricPanel({ city, hours, span, current, at }: MetricPanelProps): JSX.Element {
  return (
    <nav class="metrics" aria-label="Metrics">
      <ul>
        {city.metrics.map(({ id, name, own, shown }) => {
          const known = hours?.get(id) ?? [];
          const kind = known[0]?.kind;
          const grid = gridOf(
            known.filter((hour) => hour.kind === kind),
            span,
          );
          // An hour that is not final has no whole figure yet: the last final one stands.
          const values = grid.map((hour) =>
            hour?.mean == null || hour.status !== 'final' ? null : convert(hour.mean, own, shown),
          );
          const scale = scaleOf(values.filter((value) => value !== null));
          const place = values.slice(0, at + 1).findLastIndex((value) => value !== null);
          return (
            <li key={id}>
              <Link to={{ ...route.value, metric: id, kind: null }} aria-current={id === current ? 'true' : undefined}>
                <span class="metrics-name">{name}</span>
                <Sparkline values={values} scale={scale} at={place === -1 ? null : place} />
                <span class="metrics-figure">
                  {figureWithUnit(
                    values[place] ?? null,
                    decimalsFor(scale.low, scale.high),
                    shown.symbol.length > SYMBOL_CHARS_MAX ? NO_UNIT : shown,
                  )}
                </span>
              </Link>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}
