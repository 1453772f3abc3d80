/**
 * Figures as people read them.
 *
 * Boundary: pure text. A true minus, no-break spaces before units, grouping by narrow spaces as ISO 80000 has it.
 */
import type { Unit } from './units.ts';

const NARROW = '\u202f';
const SPACE = '\u00a0';
const MISSING = '–';

/** Decimals that suit a range of values: between fifty and five hundred steps, four at most. */
export function decimalsFor(low: number, high: number): number {
  const span = Math.max(Math.abs(high - low), Math.abs(high) * 1e-3, 1e-4);
  return Number.isFinite(span) ? Math.max(0, Math.min(4, Math.ceil(1.7 - Math.log10(span)))) : 0;
}

export function figure(value: number | null | undefined, decimals: number): string {
  if (value == null || !Number.isFinite(value)) return MISSING;
  const fixed = Math.abs(value).toFixed(decimals);
  const [whole = '', part] = fixed.split('.');
  const grouped = whole.length > 4 ? whole.replaceAll(/\B(?=(\d{3})+$)/g, NARROW) : whole;
  // What rounds to nothing has no sign.
  const sign = value < 0 && Number(fixed) !== 0 ? '−' : '';
  return `${sign}${grouped}${part === undefined ? '' : `.${part}`}`;
}

/** @example figureWithUnit(21.53, 1, celsius) // '21.5 °C' */
export function figureWithUnit(value: number | null | undefined, decimals: number, unit: Unit): string {
  const text = figure(value, decimals);
  return unit.symbol === '' || text === MISSING ? text : `${text}${unit.symbol === '%' ? NARROW : SPACE}${unit.symbol}`;
}

export function count(value: number): string {
  return figure(value, 0);
}

/** A share of 1 in per cent. All but a little is not all: it is cut, not rounded. */
export function percent(share: number): string {
  return `${String(Math.floor(share * 100 + 1e-9))}${NARROW}%`;
}

/** How old something is, in the largest unit that says enough. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 90) return `${String(seconds)}${SPACE}s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${String(minutes)}${SPACE}min`;
  const hours = Math.round(minutes / 60);
  if (hours < 48) return `${String(hours)}${SPACE}h`;
  return `${String(Math.round(hours / 24))}${SPACE}days`;
}

/** A name out of an address: `old-town` is Old town. Only where the registry has no better one. */
export function titleOf(token: string): string {
  const words = token
    .replaceAll(/[-_]+/g, ' ')
    .replaceAll(/([a-z])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}
