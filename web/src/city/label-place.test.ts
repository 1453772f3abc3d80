import { describe, expect, it } from 'vitest';
import { labelPlace } from './label-place.ts';

describe('the place of a name', () => {
  it('is inside a shape whose middle is not', () => {
    // A U, open to the north: its middle lies in the bay.
    const ring = [
      [0, 0],
      [3, 0],
      [3, 3],
      [2.2, 3],
      [2.2, 0.8],
      [0.8, 0.8],
      [0.8, 3],
      [0, 3],
      [0, 0],
    ];
    const place = labelPlace({ type: 'Polygon', coordinates: [ring] });
    expect(place).not.toBeNull();
    const isInBay = (place?.longitude ?? 1.5) > 0.8 && (place?.longitude ?? 1.5) < 2.2 && (place?.latitude ?? 2) > 0.8;
    expect(isInBay).toBe(false);
    expect(place?.room).toBeGreaterThan(0.35);
  });

  it('is in the largest part of a shape of several, and nowhere where there is no area', () => {
    const square = (at: number, size: number): number[][] => [
      [at, 0],
      [at + size, 0],
      [at + size, size],
      [at, size],
      [at, 0],
    ];
    const place = labelPlace({ type: 'MultiPolygon', coordinates: [[square(0, 1)], [square(10, 4)]] });
    expect(place?.longitude).toBeCloseTo(12, 1);
    expect(labelPlace({ type: 'Point', coordinates: [1, 2] })).toBeNull();
  });
});
