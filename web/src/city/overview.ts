/**
 * The hours of a city and of each of its districts over a range: what map, list and ribbon show.
 *
 * Boundary: rollups for what is final, the open hours as they are followed live; joined here, so that a half hour is
 * never taken for a whole one.
 */
import { type KindHour, type Progress, readDaysWithReadings, readRollup } from '../api/hourglass.ts';
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

/** @returns null where the metric was never measured in this city. */
export async function readOverview(
  of: { city: string; districts: readonly string[]; metric: string; kind: string | null; range: Range },
  signal: AbortSignal,
): Promise<Overview | null> {
  const { city, metric, range } = of;
  const days = await readDaysWithReadings({ city, metric }, signal);
  const kinds = [...new Set(days.map(({ kind }) => kind))];
  const kind = of.kind !== null && kinds.includes(of.kind) ? of.kind : kinds[0];
  if (kind === undefined) return null;
  const lastDayMs = Math.max(...days.filter((day) => day.kind === kind).map(({ dayMs }) => dayMs));
  const { span, isCurrent } = spanOf(range, lastDayMs, Date.now());

  const [{ hours, progress }, districtHours] = await Promise.all([
    readRollup({ city, district: null, metric, kind }, span, signal),
    inTurns(of.districts, AT_ONCE, (district) => readRollup({ city, district, metric, kind }, span, signal)),
  ]);
  return {
    metric,
    kinds,
    kind,
    span,
    isCurrent,
    city: hours,
    districts: new Map(of.districts.map((district, at) => [district, districtHours[at]?.hours ?? []])),
    progress,
  };
}

/** The newest hours of a range, or the hours asked for. A city without readings today is shown as it last was. */
export function spanOf(range: Range, lastDayMs: number, nowMs: number): { span: Span; isCurrent: boolean } {
  const openEndMs = hourOf(nowMs) + HOUR_MS;
  if (typeof range === 'object') {
    const span = { fromMs: hourOf(range.fromMs), toMs: Math.min(hourOf(range.toMs - 1) + HOUR_MS, openEndMs) };
    return { span, isCurrent: span.toMs >= openEndMs };
  }
  const isCurrent = lastDayMs + 2 * DAY_MS > nowMs;
  const toMs = isCurrent ? openEndMs : lastDayMs + DAY_MS;
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
