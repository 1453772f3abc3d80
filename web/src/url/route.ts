/**
 * The address of every view: what is on the screen is in the URL, and the URL puts it there again.
 *
 * Boundary: pure; {@link parseRoute} and {@link formatRoute} are each other's inverse. The paths are those the server answers with
 * the page (src/api/dashboard.ts). The colour theme is the reader's, not the view's: it is not in here.
 */

export type View =
  | { readonly name: 'start' }
  | { readonly name: 'city'; readonly city: string }
  | { readonly name: 'live'; readonly city: string }
  | { readonly name: 'district'; readonly city: string; readonly district: string }
  | {
      readonly name: 'sensor';
      readonly city: string;
      readonly district: string;
      readonly kind: string;
      readonly sensor: string;
    }
  | { readonly name: 'operator' }
  | { readonly name: 'unknown'; readonly path: string };

export interface Route {
  readonly view: View;
  /** Null: the first that there is. */
  readonly metric: string | null;
  readonly kind: string | null;
  /** Beginning of the hour on the screen, ms since 1970; null: the newest, moving on with time. */
  readonly hourMs: number | null;
  readonly range: Range;
  /** UCUM codes that the reader chose. */
  readonly units: readonly string[];
  /** Large type, no controls, one metric after the other. */
  readonly wall: boolean;
}

/** Of the newest hours, or of certain ones (ms since 1970, `toMs` exclusive). */
export type Range = RangeName | { readonly fromMs: number; readonly toMs: number };
export type RangeName = keyof typeof RANGE_HOURS;
export const RANGE_HOURS = { '24h': 24, '7d': 7 * 24, '30d': 30 * 24 } as const;
export const RANGE_NAMES = Object.keys(RANGE_HOURS) as RangeName[];

export const START: Route = {
  view: { name: 'start' },
  metric: null,
  kind: null,
  hourMs: null,
  range: '24h',
  units: [],
  wall: false,
};

export function parseRoute(path: string, search: string): Route {
  const query = new URLSearchParams(search);
  return {
    view: parseView(path, query),
    metric: query.get('metric'),
    kind: query.get('kind'),
    hourMs: timeOf(query.get('hour')),
    range: parseRange(query),
    units: query.get('units')?.split(',').filter(Boolean) ?? [],
    wall: query.has('wall'),
  };
}

function parseView(path: string, query: URLSearchParams): View {
  const parts = path.split('/').slice(1).map(decoded);
  const [first, city = '', part, district = '', deeper] = parts;
  if (path === '/') return { name: 'start' };
  if (first === 'operator' && parts.length === 1) return { name: 'operator' };
  if (first === 'city' && city !== '') {
    if (parts.length === 2) return { name: 'city', city };
    if (parts.length === 3 && part === 'live') return { name: 'live', city };
    if (part === 'district' && district !== '') {
      if (parts.length === 4) return { name: 'district', city, district };
      const kind = query.get('kind');
      const sensor = query.get('sensor');
      if (parts.length === 5 && deeper === 'sensor' && kind !== null && sensor !== null)
        return { name: 'sensor', city, district, kind, sensor };
    }
  }
  return { name: 'unknown', path };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function parseRange(query: URLSearchParams): Range {
  const name = query.get('range');
  if (name !== null && name in RANGE_HOURS) return name as RangeName;
  const fromMs = timeOf(query.get('from'));
  const toMs = timeOf(query.get('to'));
  return fromMs !== null && toMs !== null && fromMs < toMs ? { fromMs, toMs } : START.range;
}

/** Path and query of a route; what is as it always is, is left out. */
export function formatRoute(route: Route): string {
  const { view, metric, kind, hourMs, range, units, wall } = route;
  const query: string[] = [];
  const add = (name: string, value: string | null): void => {
    if (value !== null)
      query.push(`${name}=${encodeURIComponent(value).replaceAll('%3A', ':').replaceAll('%2C', ',')}`);
  };
  if (view.name === 'sensor') {
    add('kind', view.kind);
    add('sensor', view.sensor);
  } else add('kind', kind);
  add('metric', metric);
  add('hour', hourMs === null ? null : isoOf(hourMs));
  if (typeof range === 'object') {
    add('from', isoOf(range.fromMs));
    add('to', isoOf(range.toMs));
  } else if (range !== START.range) add('range', range);
  add('units', units.length === 0 ? null : units.join(','));
  if (wall) query.push('wall');
  return `${pathOf(view)}${query.length === 0 ? '' : `?${query.join('&')}`}`;
}

function pathOf(view: View): string {
  const at = encodeURIComponent;
  switch (view.name) {
    case 'start':
      return '/';
    case 'operator':
      return '/operator';
    case 'city':
      return `/city/${at(view.city)}`;
    case 'live':
      return `/city/${at(view.city)}/live`;
    case 'district':
      return `/city/${at(view.city)}/district/${at(view.district)}`;
    case 'sensor':
      return `/city/${at(view.city)}/district/${at(view.district)}/sensor`;
    case 'unknown':
      return view.path;
  }
}

/** The city that a view is about. */
export function cityOf(view: View): string | null {
  return 'city' in view ? view.city : null;
}

/** ISO 8601 without what is zero: addresses are read aloud. */
export function isoOf(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace(/(:\d{2})\.000Z$/, '$1Z')
    .replace(/:00Z$/, 'Z');
}

function timeOf(text: string | null): number | null {
  const ms = text === null ? NaN : Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}
