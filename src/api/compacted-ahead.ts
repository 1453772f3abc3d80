/**
 * Compacted hours or days of all places, before somebody asks: who looks at one district's month looks at its neighbours' next, and each
 * of them would wait for the database.
 *
 * Job: the first question about them sets it off; the newest months first, as many as there is room for, some places at a time, so that
 * nobody waits for it. Months that have changed since are read again, after a rest.
 * Boundary: reads and hands over; whoever keeps the figures compares them with the days' blocks as all others (invariant 16). What
 * cannot be read is left: who asks for it hears of the error.
 */
import { COMPACTED_AHEAD_MAX, COMPACTED_AHEAD_REST_MS, COMPACTED_AHEAD_ROWS } from '../model/limits.ts';
import { DAY_HOURS } from '../model/hour.ts';
import type { AnsweredDeps } from './answers/answers.ts';
import type { CompactedDays } from './compacted-days.ts';
import { hourOfMonth } from './kept-months.ts';
import { PackedFigures } from './packed-figures.ts';
import {
  type CompactedAsk,
  type CompactedColumns,
  dayOf,
  readCompacted,
  readCompactedPlaces,
  readCompactedSizes,
  type Span,
} from './queries/compacted.ts';
import type { Placed } from './queries/places.ts';

/** The hours or days of a place in a month, of every kind. */
type OfPlace = Placed & { readonly metric: string };
type Keep = (month: Span, of: OfPlace, known: CompactedDays, figures: PackedFigures) => void;

/** Hours are read a month at a time; a month has so few days that all months are read at once. */
const STEPS: Readonly<Record<CompactedAsk['step'], { readonly hours: number; readonly monthsMax: number }>> = {
  hour: { hours: 1, monthsMax: 1 },
  day: { hours: DAY_HOURS, monthsMax: Infinity },
};

/** @returns sets it off, and comes back at once. @param keep is given what was read, with the list of days from before that. */
export function compactedAhead(
  { clickhouse, clock, backgroundGate }: Pick<AnsweredDeps, 'clickhouse' | 'clock' | 'backgroundGate'>,
  step: CompactedAsk['step'],
  keep: Keep,
): (known: CompactedDays) => void {
  /** Names of the months that were read. */
  const taken = new Map<number, string>();
  let seen: CompactedDays | null = null;
  let nextMs = -Infinity;
  let isReading = false;
  const { hours, monthsMax } = STEPS[step];

  /** @param months in order. */
  const readMonths = async (months: readonly Span[], known: CompactedDays): Promise<void> => {
    const span = { from: months[0]?.from ?? 0, to: months.at(-1)?.to ?? 0 };
    const places = await backgroundGate.pass(() => readCompactedPlaces(clickhouse, step, span));
    const rowsOfPlace = (span.to - span.from) / hours;
    for (const some of together(places, Math.max(1, Math.floor(COMPACTED_AHEAD_ROWS / rowsOfPlace)))) {
      const ask = { step, without: [], after: null, limit: Infinity, ...span, ...some } as const;
      const columns = await backgroundGate.pass(() => readCompacted(clickhouse, ask));
      const rowsOf = some.places.length === 1 ? null : rowsByPlace(columns);
      for (const { city, district = null } of some.places) {
        const place = { city, district };
        const rows = rowsOf === null ? undefined : (rowsOf.get(nameOf(place)) ?? []);
        for (const month of months)
          keep(month, { ...place, metric: some.metric }, known, new PackedFigures(columns, month, rows));
      }
    }
  };
  const readAll = async (known: CompactedDays): Promise<void> => {
    const sizes = await backgroundGate.pass(() => readCompactedSizes(clickhouse, step));
    let rows = 0;
    const due: (Span & { readonly month: number; readonly name: string })[] = [];
    for (const month of [...sizes.keys()].sort((a, b) => b - a)) {
      rows += sizes.get(month) ?? 0;
      if (rows > COMPACTED_AHEAD_MAX) break;
      const span = { from: hourOfMonth(month), to: hourOfMonth(month + 1) };
      const name = known.nameOf(dayOf(span.from), dayOf(span.to - 1));
      if (taken.get(month) !== name) due.push({ ...span, month, name });
    }
    while (due.length > 0) {
      const months = due.splice(0, monthsMax);
      await readMonths(months.toReversed(), known);
      for (const { month, name } of months) taken.set(month, name);
    }
  };
  return (known) => {
    if (isReading || known === seen || clock.monotonicMs() < nextMs) return;
    seen = known;
    isReading = true;
    readAll(known)
      .catch(() => (seen = null))
      .finally(() => {
        isReading = false;
        nextMs = clock.monotonicMs() + COMPACTED_AHEAD_REST_MS;
      });
  };
}

function rowsByPlace({ city, district }: CompactedColumns): Map<string, number[]> {
  const rows = new Map<string, number[]>();
  for (const [row, of] of city.entries()) {
    const name = nameOf({ city: of, district: district[row] ?? null });
    const known = rows.get(name);
    if (known === undefined) rows.set(name, [row]);
    else known.push(row);
  }
  return rows;
}

/** No name has a slash. */
function nameOf({ city, district }: Placed): string {
  return `${city}/${district ?? ''}`;
}

interface Together {
  readonly metric: string;
  readonly places: { readonly city: string; readonly district?: string }[];
}

/** Of one metric and one sort, so many places at a time. */
function together(all: readonly OfPlace[], placesMax: number): Together[] {
  const groups: Together[] = [];
  let before: OfPlace | undefined;
  for (const of of all) {
    const group = groups.at(-1);
    const place = of.district === null ? { city: of.city } : { city: of.city, district: of.district };
    const isAlike = before?.metric === of.metric && (before.district === null) === (of.district === null);
    if (group !== undefined && isAlike && group.places.length < placesMax) group.places.push(place);
    else groups.push({ metric: of.metric, places: [place] });
    before = of;
  }
  return groups;
}
