/**
 * Places as GeoJSON (RFC 7946): points of sensors, areas of districts.
 *
 * Boundary: schemas and checks of shape, range and size. Whether an area crosses itself is not looked at: maps draw it all
 * the same. Members that are not ours (`bbox`, ...) are dropped, as the RFC lets readers do.
 */
import { z } from 'zod';
import { SHAPE_VERTICES_MAX } from './limits.ts';

const LONGITUDE_MAX = 180;
const LATITUDE_MAX = 90;
/** A triangle, and its first corner again. */
const RING_POSITIONS_MIN = 4;

/** Longitude, latitude, and an altitude in metres where it is known. */
const position = z
  .array(z.number())
  .min(2, 'a position is [longitude, latitude]')
  .max(3, 'a position is [longitude, latitude] or [longitude, latitude, altitude]');
const ring = z.array(position).min(RING_POSITIONS_MIN, 'a ring has at least four positions, the last one the first');

const pointShape = z.object({ type: z.literal('Point'), coordinates: position });
const polygon = z.object({ type: z.literal('Polygon'), coordinates: z.array(ring).min(1, 'a polygon has a ring') });
const multiPolygon = z.object({
  type: z.literal('MultiPolygon'),
  coordinates: z.array(z.array(ring).min(1, 'a polygon has a ring')).min(1, 'a multipolygon has a polygon'),
});

export const point = pointShape.superRefine(({ coordinates }, context) => {
  const problem = positionProblem(coordinates);
  if (problem !== null) context.addIssue({ code: 'custom', path: ['coordinates'], message: problem });
});
export const area = z.discriminatedUnion('type', [polygon, multiPolygon]).superRefine((shape, context) => {
  const problem = areaProblem(shape);
  if (problem !== null) context.addIssue({ code: 'custom', path: ['coordinates'], message: problem });
});

export type Position = z.infer<typeof position>;
/** Rings are closed: the last position is the first. The first ring of a polygon is its border, the others are holes. */
export type Area = z.infer<typeof polygon> | z.infer<typeof multiPolygon>;

/** The rings of all polygons of an area. */
function ringsOf(shape: Area): Position[][] {
  return shape.type === 'Polygon' ? shape.coordinates : shape.coordinates.flat();
}

function areaProblem(shape: Area): string | null {
  const rings = ringsOf(shape);
  const vertices = rings.reduce((sum, { length }) => sum + length, 0);
  if (vertices > SHAPE_VERTICES_MAX)
    return `${String(vertices)} positions; a shape has at most ${String(SHAPE_VERTICES_MAX)}: simplify it`;
  for (const [at, positions] of rings.entries()) {
    const problem = ringProblem(positions);
    if (problem !== null) return `ring ${String(at)}: ${problem}`;
  }
  return null;
}

function ringProblem(positions: readonly Position[]): string | null {
  for (const [at, each] of positions.entries()) {
    const problem = positionProblem(each);
    if (problem !== null) return `position ${String(at)}: ${problem}`;
  }
  const [first, last] = [positions[0], positions.at(-1)];
  if (first?.[0] !== last?.[0] || first?.[1] !== last?.[1])
    return 'it is not closed: its last position is not its first';
  if (twiceTheSurface(positions) === 0) return 'it encloses nothing';
  return null;
}

function positionProblem([longitude = NaN, latitude = NaN]: Position): string | null {
  if (Math.abs(longitude) > LONGITUDE_MAX) return `longitude ${String(longitude)} is not within ±180`;
  if (Math.abs(latitude) > LATITUDE_MAX) return `latitude ${String(latitude)} is not within ±90: longitude comes first`;
  return null;
}

/** In square degrees, signed by the direction (the shoelace formula); relative to the first corner, for precision. */
function twiceTheSurface(positions: readonly Position[]): number {
  const [x0 = 0, y0 = 0] = positions[0] ?? [];
  let sum = 0;
  for (let at = 1; at < positions.length; at++) {
    const [ax = 0, ay = 0] = positions[at - 1] ?? [];
    const [bx = 0, by = 0] = positions[at] ?? [];
    sum += (ax - x0) * (by - y0) - (bx - x0) * (ay - y0);
  }
  return sum;
}
