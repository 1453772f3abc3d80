/**
 * The hours of a city and of each of its districts over a range: what map, list and ribbon show.
 *
 * Boundary: rollups for what is final, the open hours as they are followed live; joined here, so that a half hour is
 * never taken for a whole one.
 */
import { type Hours, type KindHour, type Progress, readDaysWithReadings, readRollup } from '../api/hourglass.ts';
import type { LiveSnapshot } from '../api/live.ts';
import { DAY_MS, HOUR_MS, hourOf } from '../figures/civil-time.ts';
import { addUp, type HourFigures } from '../figures/hours.ts';
import { type Range, RANGE_HOURS } from '../url/route.ts';

export interface Span {
  readonly fromMs: number;
  /** Exclusive; the end of an hour. */
  readonly toMs: number;
}

export interface Overview {
  readonly metric: string;
  /** Kinds of sensors that measure this metric, in order. */
  readonly kinds: readonly string[];
  readonly kind: string;
  readonly span: Span;
  /** True while the newest hour is the open one; false for a city that has gone silent. */
  readonly isCurrent: boolean;
  readonly city: readonly HourFigures[];
  readonly districts: ReadonlyMap<string, readonly HourFigures[]>;
  readonly progress: Progress;
}

/** Questions that are under way at once: browsers open six connections, and the live stream has one of them. */
const AT_ONCE = 5;
/** Kinds that have been silent for longer are shown where they are asked for, or nothing else measures the metric. */
const RECENT_DAYS = 35;

interface OverviewAsk {
  readonly city: string;
  readonly districts: readonly string[];
  readonly metric: string;
  readonly kind: string | null;
  readonly range: Range;
}

/**
 * Asks for the newest hours first, which nearly every city has; only where there are none, when there were some.
 *
 * @returns null where the metric was never measured in this city.
 */
export async function readOverview(of: OverviewAsk, signal: AbortSignal): Promise<Overview | null> {
  const nowMs = Date.now();
  const newest = spanOf(of.range, nowMs, nowMs);
  const hours = await readHours(of, newest.span, signal);
  const kinds = [...new Set(hours.city.hours.map(({ kind }) => kind))];
  const kind = of.kind === null ? kinds[0] : kinds.find((one) => one === of.kind);
  if (kind !== undefined) return overviewOf(of.metric, { kinds, kind }, newest, hours);

  const known = await readKinds(of, signal);
  if (known === null) return null;
  const older = spanOf(of.range, known.newestMs, nowMs);
  return overviewOf(of.metric, known, older, await readHours(of, older.span, signal));
}

interface FoundHours {
  readonly city: Hours<KindHour>;
  readonly districts: ReadonlyMap<string, readonly KindHour[]>;
}

async function readHours(
  { city, districts, metric }: OverviewAsk,
  span: Span,
  signal: AbortSignal,
): Promise<FoundHours> {
  const [ofCity, ofDistricts] = await Promise.all([
    readRollup({ city, district: null, metric, kind: null }, span, signal),
    inTurns(districts, AT_ONCE, (district) => readRollup({ city, district, metric, kind: null }, span, signal)),
  ]);
  return {
    city: ofCity,
    districts: new Map(districts.map((district, at) => [district, ofDistricts[at]?.hours ?? []])),
  };
}

function overviewOf(
  metric: string,
  { kinds, kind }: { kinds: readonly string[]; kind: string },
  spanned: ReturnType<typeof spanOf>,
  { city, districts }: FoundHours,
): Overview {
  const ours = (hours: readonly KindHour[]): readonly KindHour[] => hours.filter((hour) => hour.kind === kind);
  return {
    metric,
    kinds,
    kind,
    ...spanned,
    city: ours(city.hours),
    districts: new Map([...districts].map(([district, hours]) => [district, ours(hours)])),
    progress: city.progress,
  };
}

/**
 * Which kinds of sensors measure a metric in a city, the kind to show, and when that was last measured.
 *
 * @returns null where it was never measured.
 */
export async function readKinds(
  of: { city: string; metric: string; kind: string | null },
  signal: AbortSignal,
): Promise<{ kinds: readonly string[]; kind: string; newestMs: number } | null> {
  // A year of days costs the database a hundred times what a view needs: all of them only where nothing is newer.
  const recentMs = Math.floor(Date.now() / DAY_MS) * DAY_MS - RECENT_DAYS * DAY_MS;
  const recent = await readDaysWithReadings(of, recentMs, signal);
  const isThere = of.kind === null ? recent.length > 0 : recent.some((day) => day.kind === of.kind);
  const days = isThere ? recent : await readDaysWithReadings(of, 0, signal);
  const kinds = [...new Set(days.map((day) => day.kind))];
  const kind = of.kind !== null && kinds.includes(of.kind) ? of.kind : kinds[0];
  if (kind === undefined) return null;
  const dayMs = Math.max(...days.filter((day) => day.kind === kind).map((day) => day.dayMs));
  const endMs = dayMs + DAY_MS;
  if (endMs + DAY_MS > Date.now()) return { kinds, kind, newestMs: Math.min(Date.now(), endMs - 1) };
  const { hours } = await readRollup({ ...of, kind, district: null }, { fromMs: dayMs, toMs: endMs }, signal);
  return { kinds, kind, newestMs: hours.at(-1)?.hourMs ?? dayMs };
}

/** The newest hours of a range, or the hours asked for. A city that has gone silent is shown as it last was. */
export function spanOf(range: Range, newestMs: number, nowMs: number): { span: Span; isCurrent: boolean } {
  const openEndMs = hourOf(nowMs) + HOUR_MS;
  if (typeof range === 'object') {
    const span = { fromMs: hourOf(range.fromMs), toMs: Math.min(hourOf(range.toMs - 1) + HOUR_MS, openEndMs) };
    return { span, isCurrent: span.toMs >= openEndMs };
  }
  const isCurrent = newestMs + DAY_MS > nowMs;
  const toMs = isCurrent ? openEndMs : hourOf(newestMs) + HOUR_MS;
  return { span: { fromMs: toMs - RANGE_HOURS[range] * HOUR_MS, toMs }, isCurrent };
}

/** The overview with its provisional hours replaced by what the workers' memory knows of them now. */
export function withLive(overview: Overview, live: LiveSnapshot | null): Overview {
  if (live === null) return overview;
  const ours = live.hours.filter(
    ({ kind, hourMs }) => kind === overview.kind && hourMs >= overview.span.fromMs && hourMs < overview.span.toMs,
  );
  const merge = (known: readonly HourFigures[], open: readonly HourFigures[]): HourFigures[] => {
    const byHour = new Map(known.map((hour) => [hour.hourMs, hour]));
    for (const hour of open) if (byHour.get(hour.hourMs)?.status !== 'final') byHour.set(hour.hourMs, hour);
    return [...byHour.values()].sort((a, b) => a.hourMs - b.hourMs);
  };
  const hoursMs = [...new Set(ours.map(({ hourMs }) => hourMs))];
  const cityOpen = hoursMs.flatMap((hourMs) => addUp(ours.filter((hour) => hour.hourMs === hourMs)) ?? []);
  return {
    ...overview,
    city: merge(overview.city, cityOpen),
    districts: new Map(
      [...overview.districts].map(([district, known]) => [
        district,
        merge(
          known,
          ours.filter((hour) => hour.district === district),
        ),
      ]),
    ),
    progress: laterOf(overview.progress, live.progress),
  };
}

export function laterOf(a: Progress, b: Progress): Progress {
  return {
    watermarkMs: Math.max(a.watermarkMs, b.watermarkMs),
    finalThroughMs: Math.max(a.finalThroughMs, b.finalThroughMs),
  };
}

/** One place per hour of a span; null where nothing was measured. */
export function gridOf<Hour extends HourFigures>(hours: readonly Hour[], { fromMs, toMs }: Span): (Hour | null)[] {
  const grid: (Hour | null)[] = Array.from({ length: Math.max(0, (toMs - fromMs) / HOUR_MS) }, () => null);
  for (const hour of hours) {
    const at = (hour.hourMs - fromMs) / HOUR_MS;
    if (at >= 0 && at < grid.length) grid[at] = hour;
  }
  return grid;
}

/** The same for each, a few at a time, answers in order. */
export async function inTurns<Of, Answer>(
  all: readonly Of[],
  atOnce: number,
  run: (one: Of) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < all.length; at = next++) {
      const one = all[at] as Of;
      answers[at] = await run(one);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, worker));
  return answers;
}

/** Hours of every metric of a city: what the panel of metrics shows. */
export async function readPanel(
  city: string,
  metrics: readonly string[],
  span: Span,
  signal: AbortSignal,
): Promise<Map<string, readonly KindHour[]>> {
  const answers = await inTurns(metrics, AT_ONCE, (metric) =>
    readRollup({ city, district: null, metric, kind: null }, span, signal),
  );
  return new Map(metrics.map((metric, at) => [metric, answers[at]?.hours ?? []]));
}
