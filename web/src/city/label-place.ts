/**
 * Where a district's name stands: the place in its shape that is farthest from every edge, and how far that is.
 *
 * Boundary: pure geometry. The middle of a shape may lie in a bay or in the neighbour's; this place never does.
 */
import type { Geometry, Position } from 'geojson';
import polylabel from 'polylabel';

export interface LabelPlace {
  readonly latitude: number;
  readonly longitude: number;
  /** Degrees of latitude to the nearest edge. */
  readonly room: number;
}

/** Share of a shape's height to which the place is found. */
const PRECISION = 0.01;

/** Null where the geometry has no area. */
export function labelPlace(geometry: Geometry): LabelPlace | null {
  const polygons = polygonsOf(geometry).filter(([ring]) => ring !== undefined && ring.length > 3);
  const places = polygons.map(placeIn);
  return places.sort((a, b) => b.room - a.room)[0] ?? null;
}

function polygonsOf(geometry: Geometry): Position[][][] {
  if (geometry.type === 'Polygon') return [geometry.coordinates];
  return geometry.type === 'MultiPolygon' ? geometry.coordinates : [];
}

function placeIn(rings: Position[][]): LabelPlace {
  const latitudes = rings.flatMap((ring) => ring.map(([, latitude = 0]) => latitude));
  const [south, north] = [Math.min(...latitudes), Math.max(...latitudes)];
  // A degree of longitude is shorter than one of latitude: on the map both are as long as they are.
  const squeeze = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const flat = rings.map((ring) =>
    ring.map(([longitude = 0, latitude = 0]): [number, number] => [longitude * squeeze, latitude]),
  );
  const place = polylabel(flat, (north - south) * PRECISION);
  return { longitude: place[0] / squeeze, latitude: place[1], room: place.distance };
}
