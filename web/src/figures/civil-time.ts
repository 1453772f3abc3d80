/**
 * Hours in the time zone of a city.
 *
 * Boundary: pure; the zone's rules are the browser's. Hours are UTC hours everywhere else: they have one name each in UTC and,
 * where clocks are set back, two hours of a day share one here, which is why the zone's offset is part of a full name.
 */

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** The beginning of the hour that a moment is in. */
export function hourOf(ms: number): number {
  return Math.floor(ms / HOUR_MS) * HOUR_MS;
}

export interface CivilTime {
  /** `21:00` */
  clock(ms: number): string;
  /** `21:43:08` */
  clockWithSeconds(ms: number): string;
  /** `21:00–22:00` */
  hourSpan(hourMs: number): string;
  /** `Tue 24 Nov` */
  day(ms: number): string;
  /** `Tuesday 24 November 2026` */
  longDay(ms: number): string;
  /** `2026-11-24`: hours of one civil day share it. */
  dayKey(ms: number): string;
  /** `CET`, `GMT+5:45`: the zone as it is at that moment. */
  zoneName(ms: number): string;
  /** `Europe/Copenhagen` */
  readonly zone: string;
}

const made = new Map<string, CivilTime>();

/** @param zone IANA name; one that the browser does not know is shown as UTC. */
export function civilTime(zone: string): CivilTime {
  const known = made.get(zone);
  if (known !== undefined) return known;
  const time = make(isZone(zone) ? zone : 'UTC');
  made.set(zone, time);
  return time;
}

function isZone(zone: string): boolean {
  try {
    Intl.DateTimeFormat('en-GB', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

function make(zone: string): CivilTime {
  const format = (options: Intl.DateTimeFormatOptions): ((ms: number) => string) => {
    const formatter = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', ...options });
    return (ms) => formatter.format(ms).replaceAll(',', '');
  };
  const clock = format({ hour: '2-digit', minute: '2-digit' });
  const dayParts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  const zoneParts = new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'short' });
  return {
    zone,
    clock,
    clockWithSeconds: format({ hour: '2-digit', minute: '2-digit', second: '2-digit' }),
    hourSpan: (hourMs) => `${clock(hourMs)}–${clock(hourMs + HOUR_MS)}`,
    day: format({ weekday: 'short', day: 'numeric', month: 'short' }),
    longDay: format({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }),
    dayKey: (ms) => {
      const parts = dayParts.formatToParts(ms);
      const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? '';
      return `${part('year')}-${part('month')}-${part('day')}`;
    },
    zoneName: (ms) => zoneParts.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? zone,
  };
}
