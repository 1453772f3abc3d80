/** The districts in words: colour, name, the range as a line, the figure of the hour. Boundary: links to the districts. */
import type { JSX } from 'preact';
import type { CityKnown } from '../city/use-city.ts';
import { figure } from '../figures/format.ts';
import type { HourFigures } from '../figures/hours.ts';
import type { Scale } from '../figures/scale.ts';
import { Link } from '../url/navigation.tsx';
import type { Route } from '../url/route.ts';
import type { Shade } from './district-map.tsx';
import { Sparkline } from './sparkline.tsx';

interface DistrictListProps {
  readonly city: CityKnown;
  readonly grids: ReadonlyMap<string, readonly (HourFigures | null)[]>;
  readonly at: number;
  readonly shades: ReadonlyMap<string, Shade>;
  readonly scale: Scale;
  readonly value: (stored: number) => number;
  readonly decimals: number;
  readonly pointed: string | null;
  readonly onPoint: (district: string | null) => void;
  readonly routeOf: (district: string) => Route;
}

export function DistrictList(props: DistrictListProps): JSX.Element {
  const { city, grids, at, shades, scale, value, decimals, pointed, onPoint, routeOf } = props;
  return (
    <section class="districts" aria-labelledby="districts-title">
      <h2 id="districts-title">Districts</h2>
      <ul>
        {city.districts.map(({ district }) => {
          const hour = grids.get(district)?.[at] ?? null;
          const values = grids.get(district)?.map((one) => (one?.mean == null ? null : value(one.mean))) ?? [];
          const shown = (stored: number | null | undefined): string =>
            figure(stored == null ? null : value(stored), decimals);
          return (
            <li key={district} class={district === pointed ? 'pointed' : ''}>
              <Link
                to={routeOf(district)}
                onMouseEnter={() => onPoint(district)}
                onMouseLeave={() => onPoint(null)}
                onFocus={() => onPoint(district)}
                onBlur={() => onPoint(null)}
              >
                <i class="swatch" style={{ background: shades.get(district)?.fill ?? 'none' }} aria-hidden="true" />
                <span class="districts-name">
                  {city.nameOf(district)}
                  <small>{hour === null ? 'no readings' : `${shown(hour.min)} to ${shown(hour.max)}`}</small>
                </span>
                <Sparkline values={values} scale={scale} at={at} />
                <span class="districts-figure">{shown(hour?.mean)}</span>
              </Link>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
