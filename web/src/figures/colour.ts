/**
 * Colours of figures: ramps in OKLCH whose lightness changes evenly from end to end.
 *
 * Boundary: pure. Even lightness makes equal steps of a figure look equal, and keeps the order for eyes that do not tell hues
 * apart and on paper without colour; hue is the second, redundant sign. On a dark ground the ramp is turned over, so that little
 * is always near the ground and much stands out.
 */

export type RampName = 'warmth' | 'water' | 'haze' | 'pulse';
export type Theme = 'light' | 'dark';

interface Lch {
  /** 0 to 1. */
  readonly lightness: number;
  readonly chroma: number;
  /** Degrees. */
  readonly hue: number;
}

/** Hue (degrees) and chroma along each ramp, from pale to deep; lightness is the same for all. */
const RAMPS: Readonly<Record<RampName, readonly { hue: number; chroma: number }[]>> = {
  // Pale straw, apricot, brick, plum.
  warmth: [
    { hue: 100, chroma: 0.05 },
    { hue: 75, chroma: 0.11 },
    { hue: 40, chroma: 0.14 },
    { hue: 5, chroma: 0.13 },
    { hue: -30, chroma: 0.09 },
  ],
  // Pale mist, aqua, sea, ink.
  water: [
    { hue: 175, chroma: 0.035 },
    { hue: 200, chroma: 0.075 },
    { hue: 230, chroma: 0.1 },
    { hue: 255, chroma: 0.12 },
    { hue: 275, chroma: 0.1 },
  ],
  // Clear air to smoke: pale lilac, heather, mauve, wine.
  haze: [
    { hue: 285, chroma: 0.028 },
    { hue: 300, chroma: 0.07 },
    { hue: 318, chroma: 0.105 },
    { hue: 336, chroma: 0.115 },
    { hue: 352, chroma: 0.1 },
  ],
  // Pale lime, green, pine, deep teal.
  pulse: [
    { hue: 125, chroma: 0.06 },
    { hue: 150, chroma: 0.1 },
    { hue: 170, chroma: 0.095 },
    { hue: 195, chroma: 0.08 },
    { hue: 230, chroma: 0.07 },
  ],
};

/** Lightness of little and of much, by theme: 3:1 and more between the ends, and never the ground's own. */
const LIGHTNESS: Readonly<Record<Theme, readonly [little: number, much: number]>> = {
  light: [0.915, 0.36],
  dark: [0.33, 0.9],
};

/** A colour of a ramp. @param share 0 (little) to 1 (much). */
export function rampColour(name: RampName, theme: Theme, share: number): string {
  const { lightness, chroma, hue } = rampLch(name, theme, share);
  return `oklch(${lightness.toFixed(3)} ${chroma.toFixed(3)} ${((hue + 360) % 360).toFixed(1)})`;
}

/** Black or white, whichever reads better on a colour of the ramp. */
export function inkOn(name: RampName, theme: Theme, share: number): string {
  const luminance = luminanceOf(rampLch(name, theme, share));
  return (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) ? INK_DARK : INK_LIGHT;
}
const INK_DARK = '#000';
const INK_LIGHT = '#fff';

/** A CSS gradient of the whole ramp, little on the left. */
export function rampGradient(name: RampName, theme: Theme): string {
  const stops = Array.from({ length: 9 }, (_, at) => rampColour(name, theme, at / 8));
  return `linear-gradient(to right in oklch, ${stops.join(', ')})`;
}

export function rampLch(name: RampName, theme: Theme, share: number): Lch {
  const along = Math.min(1, Math.max(0, share));
  const [little, much] = LIGHTNESS[theme];
  const points = RAMPS[name];
  const position = (theme === 'light' ? along : 1 - along) * (points.length - 1);
  const at = Math.min(points.length - 2, Math.floor(position));
  const [from, to] = [points[at], points[at + 1]];
  if (from === undefined || to === undefined) throw new Error(`the ramp ${name} has a hole`);
  const part = position - at;
  return {
    lightness: little + (much - little) * along,
    chroma: from.chroma + (to.chroma - from.chroma) * part,
    hue: from.hue + (to.hue - from.hue) * part,
  };
}

/** Relative luminance (WCAG 2) of a colour, 0 to 1. */
export function luminanceOf({ lightness, chroma, hue }: Lch): number {
  const [red, green, blue] = linearRgb(lightness, chroma, (hue * Math.PI) / 180).map((part) =>
    Math.min(1, Math.max(0, part)),
  );
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
}

/** OKLab to linear sRGB, by the matrices of its definition (Ottosson, 2020). */
function linearRgb(lightness: number, chroma: number, angle: number): [number, number, number] {
  const a = chroma * Math.cos(angle);
  const b = chroma * Math.sin(angle);
  const long = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b) ** 3;
  const medium = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b) ** 3;
  const short = (lightness - 0.089_484_177_5 * a - 1.291_485_548 * b) ** 3;
  return [
    4.076_741_662_1 * long - 3.307_711_591_3 * medium + 0.230_969_929_2 * short,
    -1.268_438_004_6 * long + 2.609_757_401_1 * medium - 0.341_319_396_5 * short,
    -0.004_196_086_3 * long - 0.703_418_614_7 * medium + 1.707_614_701 * short,
  ];
}

/** The ramp that suits what is measured: by its unit, which is what the registry knows of it. */
export function rampFor(unitCode: string): RampName {
  if (['Cel', '[degF]', 'K', 'kW', 'W', 'kW.h', 'MW'].includes(unitCode)) return 'warmth';
  if (['L/min', 'L/s', 'l/min', 'm3/h', 'mm', '%', 'hPa', 'mbar'].includes(unitCode)) return 'water';
  if (/g\/m3$|^\[pp[mb]\]$/.test(unitCode)) return 'haze';
  return 'pulse';
}
