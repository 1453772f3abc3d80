/**
 * Names of time zones (IANA), as this machine's tables know them.
 *
 * Boundary: names only; the arithmetic of civil days is the database's (src/api/queries/civil.ts).
 */

export const UTC = 'UTC';
/** Offsets (`+01:00`) are no zones: they know nothing of summer. */
const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/;

/** The zone's name in its own spelling (`europe/lisbon` is `Europe/Lisbon`); null where there is none of this name. */
export function timeZoneOf(text: string): string | null {
  // What most questions name, and a format takes half a millisecond to make.
  if (text === UTC) return UTC;
  if (!ZONE_NAME.test(text)) return null;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions();
    // An alias stays as it was given: what engines make of `Asia/Calcutta` and `Asia/Kolkata` differs.
    return timeZone.toLowerCase() === text.toLowerCase() ? timeZone : text;
  } catch {
    return null;
  }
}
