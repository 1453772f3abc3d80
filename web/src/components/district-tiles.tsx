/** Districts without registered shapes: one tile each, coloured as the map would be. Boundary: as {@link DistrictMap}. */
import type { JSX } from 'preact';
import type { Shade } from './district-map.tsx';

interface DistrictTilesProps {
  readonly shades: ReadonlyMap<string, Shade>;
  readonly pointed: string | null;
  readonly label: string;
  readonly onPoint: (district: string | null) => void;
  readonly onChoose: (district: string) => void;
}

export function DistrictTiles({ shades, pointed, label, onPoint, onChoose }: DistrictTilesProps): JSX.Element {
  return (
    <div class="tiles" role="region" aria-label={label} style={{ '--columns': columnsFor(shades.size) }}>
      {[...shades].map(([district, { fill, ink, name, figure, isOpen }]) => (
        // The list beside it has the same as links: a tile is for the pointer, as a shape on the map is.
        <div
          key={district}
          role="presentation"
          class={`tile${fill === null ? ' none' : ''}${isOpen ? ' open' : ''}${district === pointed ? ' pointed' : ''}`}
          style={fill === null ? undefined : { background: fill, color: ink }}
          onMouseEnter={() => onPoint(district)}
          onMouseLeave={() => onPoint(null)}
          onClick={() => onChoose(district)}
        >
          <span>{name}</span>
          <b>{figure}</b>
        </div>
      ))}
    </div>
  );
}

/** About as many columns as rows, with as few empty places in the last row as can be. */
function columnsFor(tiles: number): number {
  const about = Math.max(1, Math.ceil(Math.sqrt(tiles)));
  const empty = (columns: number): number => Math.ceil(tiles / columns) * columns - tiles;
  return [about, about + 1, about - 1].filter((columns) => columns > 0).sort((a, b) => empty(a) - empty(b))[0] ?? about;
}
