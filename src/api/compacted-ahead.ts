/**
 * Compacted hours of all places, before somebody asks: who looks at one district's month looks at its neighbours' next, and each of them
 * would wait for the database.
 *
 * Job: the first question about hours of months sets it off; the newest months first, as many as there is room for, some places at a time,
 * so that nobody waits for it. Months that have changed since are read again, after a rest.
 * Boundary: reads and hands over; whoever keeps the figures compares them with the days' blocks as all others (invariant 16). What
 * cannot be read is left: who asks for it hears of the error.
 */
import { COMPACTED_AHEAD_MAX, COMPACTED_AHEAD_REST_MS, COMPACTED_AHEAD_ROWS } from '../model/limits.ts';
import type { AnsweredDeps } from './answers/answers.ts';
import type { CompactedDays } from './compacted-days.ts';
import { hourOfMonth } from './kept-months.ts';
import { PackedFigures } from './packed-figures.ts';
import { dayOf, readCompacted, readCompactedPlaces, readCompactedSizes, type Span } from './queries/compacted.ts';
import type { Placed } from './queries/places.ts';

/** The hours of a place in a month, of every kind. */
type OfPlace = Placed & { readonly metric: string };
type Keep = (month: Span, of: OfPlace, known: CompactedDays, figures: PackedFigures) => void;

/** @returns sets it off, and comes back at once. @param keep is given what was read, with the list of days from before that. */
export function compactedAhead(
  { clickhouse, clock, backgroundGate }: Pick<AnsweredDeps, 'clickhouse' | 'clock' | 'backgroundGate'>,
  keep: Keep,
): (known: CompactedDays) => void {
  /** Names of the months that were read. */
  const taken = new Map<number, string>();
  let seen: CompactedDays | null = null;
  let nextMs = -Infinity;
  let isReading = false;

  const readMonth = async (month: Span, known: CompactedDays): Promise<void> => {
    const places = await backgroundGate.pass(() => readCompactedPlaces(clickhouse, month));
    for (const some of together(places, Math.max(1, Math.floor(COMPACTED_AHEAD_ROWS / (month.to - month.from))))) {
      const ask = { step: 'hour', without: [], after: null, limit: Infinity, ...month, ...some } as const;
      const columns = await backgroundGate.pass(() => readCompacted(clickhouse, ask));
      for (const { city, district = null } of some.places) {
        const place = { city, district };
        const figures = new PackedFigures(columns, month, some.places.length === 1 ? undefined : place);
        keep(month, { ...place, metric: some.metric }, known, figures);
      }
    }
  };
  const readAll = async (known: CompactedDays): Promise<void> => {
    const sizes = await backgroundGate.pass(() => readCompactedSizes(clickhouse));
    let rows = 0;
    for (const month of [...sizes.keys()].sort((a, b) => b - a)) {
      rows += sizes.get(month) ?? 0;
      if (rows > COMPACTED_AHEAD_MAX) break;
      const span = { from: hourOfMonth(month), to: hourOfMonth(month + 1) };
      const name = known.nameOf(dayOf(span.from), dayOf(span.to - 1));
      if (taken.get(month) !== name) await readMonth(span, known);
      taken.set(month, name);
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
