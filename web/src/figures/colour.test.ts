import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inkOn, luminanceOf, rampColour, rampLch, type RampName, type Theme } from './colour.ts';

const RAMPS: RampName[] = ['warmth', 'water', 'haze', 'pulse'];
const THEMES: Theme[] = ['light', 'dark'];
const ramp = fc.constantFrom(...RAMPS);
const theme = fc.constantFrom(...THEMES);
const share = fc.double({ min: 0, max: 1, noNaN: true });

const contrast = (a: number, b: number): number => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
const luminance = (name: RampName, of: Theme, at: number): number => luminanceOf(rampLch(name, of, at));

describe('the colours of figures', () => {
  it('equal steps of a figure are equal steps of lightness, so that the order survives without hue', () => {
    fc.assert(
      fc.property(ramp, theme, (name, of) => {
        const steps = Array.from({ length: 10 }, (_, at) => rampLch(name, of, at / 10));
        const differences = steps.slice(1).map(({ lightness }, at) => lightness - (steps[at]?.lightness ?? 0));
        for (const difference of differences) expect(difference).toBeCloseTo(differences[0] ?? 0, 9);
        expect(Math.abs(differences[0] ?? 0)).toBeGreaterThan(0.04);
      }),
    );
  });

  it('luminance goes one way from little to much, which is what eyes without colour see', () => {
    fc.assert(
      fc.property(ramp, theme, fc.double({ min: 0, max: 0.95, noNaN: true }), (name, of, at) => {
        const [low, high] = [luminance(name, of, at), luminance(name, of, at + 0.05)];
        if (of === 'light') expect(high).toBeLessThan(low);
        else expect(high).toBeGreaterThan(low);
      }),
    );
  });

  it('the ends are 4.5:1 apart, and a figure written on any colour is too', () => {
    fc.assert(
      fc.property(ramp, theme, share, (name, of, at) => {
        expect(contrast(luminance(name, of, 0), luminance(name, of, 1))).toBeGreaterThan(4.5);
        const ink = inkOn(name, of, at) === '#000' ? 0 : 1;
        expect(contrast(ink, luminance(name, of, at))).toBeGreaterThan(4.5);
      }),
    );
  });

  it('what lies outside the scale has the colour of its end', () => {
    expect(rampColour('water', 'light', -3)).toBe(rampColour('water', 'light', 0));
    expect(rampColour('water', 'light', 7)).toBe(rampColour('water', 'light', 1));
  });
});
