/**
 * Shapes of districts from shared borders: whoever walks a border finds the same positions on both of its sides.
 *
 * Boundary: pure. A map is drawn on a sheet of paper (x to the east, y to the north) and laid on the globe by a corner and
 * a scale.
 */
import type { Area, Position } from '../model/geojson.ts';
import { chance } from './noise.ts';

type Spot = readonly [x: number, y: number];

export interface Sheet {
  /** Longitude and latitude of x = 0, y = 0. */
  readonly corner: Position;
  /** Degrees of longitude and latitude for one step of x and y. */
  readonly step: Position;
  /** Where borders meet. */
  readonly junctions: Readonly<Record<string, Spot>>;
  /** `A-B`: what lies on the border between the junctions A and B. */
  readonly borders: Readonly<Record<string, readonly Spot[]>>;
  /** The junctions around each district, in turn, counterclockwise. */
  readonly districts: Readonly<Record<string, readonly string[]>>;
}

/** Digits after the point: about a metre. */
const DECIMALS = 5;

/** Each district's shape; the ring goes counterclockwise (RFC 7946). */
export function shapesOf(sheet: Sheet): Map<string, Area> {
  return new Map(
    Object.entries(sheet.districts).map(([district, around]) => {
      const spots = around.flatMap((from, at) => borderFrom(sheet, from, around[(at + 1) % around.length] ?? ''));
      const [first] = spots;
      const ring = (first === undefined ? spots : [...spots, first]).map((spot) => positionOf(sheet, spot));
      return [district, { type: 'Polygon' as const, coordinates: [ring] }];
    }),
  );
}

/** From one junction up to, and without, the next. */
function borderFrom({ junctions, borders }: Sheet, from: string, to: string): Spot[] {
  const start = junctions[from];
  const ahead = borders[`${from}-${to}`];
  const between = ahead ?? borders[`${to}-${from}`]?.toReversed();
  if (start === undefined || between === undefined) throw new Error(`the map has no border from ${from} to ${to}`);
  return [start, ...between];
}

function positionOf({ corner, step }: Sheet, [x, y]: Spot): Position {
  const [longitude = 0, latitude = 0] = corner;
  const [eastward = 0, northward = 0] = step;
  return [rounded(longitude + x * eastward), rounded(latitude + y * northward)];
}

function rounded(degrees: number): number {
  return Number(degrees.toFixed(DECIMALS));
}

/** A position within a polygon, the same every time for the same keys. */
export function positionWithin(shape: Area, ...keys: readonly number[]): Position {
  const ring = shape.type === 'Polygon' ? (shape.coordinates[0] ?? []) : (shape.coordinates[0]?.[0] ?? []);
  const [west, east] = extent(ring.map(([x = 0]) => x));
  const [south, north] = extent(ring.map(([, y = 0]) => y));
  for (let draw = 0; ; draw++) {
    const longitude = rounded(west + (east - west) * chance(...keys, draw, 1));
    const latitude = rounded(south + (north - south) * chance(...keys, draw, 2));
    if (isWithin(ring, longitude, latitude)) return [longitude, latitude];
  }
}

function extent(values: readonly number[]): [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

/** A ray to the east crosses the border of what it starts in an odd number of times. */
export function isWithin(ring: readonly Position[], x: number, y: number): boolean {
  let within = false;
  for (let at = 1; at < ring.length; at++) {
    const [ax = 0, ay = 0] = ring[at - 1] ?? [];
    const [bx = 0, by = 0] = ring[at] ?? [];
    if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) within = !within;
  }
  return within;
}
