/**
 * Parameters that several routes share, as schemas: what validates a request is what /openapi.json says.
 *
 * Boundary: text to values; units in the outputs (`fromMs`, hours as indexes are made by the routes).
 */
import { z } from '@hono/zod-openapi';
import {
  CURSOR_CHARS_MAX,
  METRIC_NAME_CHARS_MAX,
  PAGE_ROWS_DEFAULT,
  PAGE_ROWS_MAX,
  SENSOR_NAME_BYTES_MAX,
} from '../model/limits.ts';
import { isMetricName, isSensorName, isSubjectToken } from '../model/names.ts';
import { timeZoneOf } from '../model/time-zone.ts';

const TOKEN_PATTERN = '^[A-Za-z0-9_-]{1,64}$';
const METRIC_PATTERN = `^[A-Za-z0-9_.%-]{1,${String(METRIC_NAME_CHARS_MAX)}}$`;

const token = (example: string) =>
  z
    .string()
    .refine(isSubjectToken, 'expected 1-64 characters of A-Z a-z 0-9 _ -')
    .openapi({ type: 'string', pattern: TOKEN_PATTERN, example });

export const city = token('lisbon');
export const district = token('alfama');
export const kind = token('air');
export const source = token('gateway-7');
export const metric = z
  .string()
  .refine(isMetricName, `expected 1-${String(METRIC_NAME_CHARS_MAX)} characters of A-Z a-z 0-9 _ . % -`)
  .openapi({ type: 'string', pattern: METRIC_PATTERN, example: 'temperature' });
export const sensor = z
  .string()
  .refine(
    (name) => {
      const bytes = Buffer.from(name, 'utf8');
      return isSensorName(bytes, 0, bytes.length);
    },
    `expected 1-${String(SENSOR_NAME_BYTES_MAX)} bytes without control characters and outer spaces`,
  )
  .openapi({ type: 'string', minLength: 1, maxLength: SENSOR_NAME_BYTES_MAX, example: 'urn:dev:mac:0024befffe804ff1' });

const DAY_MS = 24 * 3_600_000;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const DATE_TIME = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+ -]\d{2}:\d{2}))?$/;

/** A day that the calendar has. */
const calendarDate = z.iso.date();

/** ms since 1970, or null. A date alone is its midnight UTC. */
function parseTime(text: string): number | null {
  const date = DATE_TIME.exec(text)?.[1];
  if (date === undefined || !calendarDate.safeParse(date).success) return null;
  // A `+` that was not percent-encoded arrives as a space.
  const ms = Date.parse(text.replace(' ', '+'));
  return Number.isNaN(ms) ? null : ms;
}

const time = (description: string) =>
  z
    .string()
    .transform((text, context) => {
      const ms = parseTime(text);
      if (ms !== null) return ms;
      context.addIssue('expected an ISO 8601 time with Z or an offset, or a date (midnight UTC)');
      return z.NEVER;
    })
    .openapi({ type: 'string', description, example: '2026-11-23T14:00:00Z' });

/** `from` and `to`, in ms since 1970. */
export const range = {
  from: time('Begins at or after this: ISO 8601 time with `Z` or an offset, or a date (midnight UTC).').optional(),
  to: time('Begins before this, in the same form.').optional(),
};

/** A date alone is kept as one, to be read in a time zone. */
export type CivilTime = { readonly day: number } | { readonly ms: number };

const civilTime = (description: string) =>
  z
    .string()
    .transform((text, context): CivilTime => {
      const ms = parseTime(text);
      if (ms !== null) return DATE.test(text) ? { day: ms / DAY_MS } : { ms };
      context.addIssue('expected a date, or an ISO 8601 time with Z or an offset');
      return z.NEVER;
    })
    .openapi({ type: 'string', description, example: '2026-11-01' });

/** `from` and `to` of civil days. */
export const civilRange = {
  from: civilTime('Begins at or after this: a date in the time zone asked for, or an ISO 8601 time.').optional(),
  to: civilTime('Begins before this, in the same form.').optional(),
};

/** @param fallback what holds where it is absent. */
export const zone = (fallback: string) =>
  z
    .string()
    .refine((text) => text === 'city' || timeZoneOf(text) !== null, 'expected an IANA time zone, or `city`')
    .optional()
    .openapi({
      type: 'string',
      description: `IANA time zone, or \`city\`: the registry’s for this city. Absent: ${fallback}.`,
      example: 'Europe/Copenhagen',
    });

/** A list's page. With CSV or NDJSON `limit` bounds the stream, which is everything where it is absent. */
export const page = {
  limit: z
    .string()
    .regex(/^\d{1,9}$/, 'expected a whole number')
    .transform(Number)
    .pipe(z.number().min(1).max(PAGE_ROWS_MAX))
    .optional()
    .openapi({
      type: 'integer',
      minimum: 1,
      maximum: PAGE_ROWS_MAX,
      default: PAGE_ROWS_DEFAULT,
      description: `Rows of a page. CSV and NDJSON give everything where it is absent.`,
    }),
  cursor: z
    .string()
    .max(CURSOR_CHARS_MAX)
    .optional()
    .openapi({ type: 'string', description: 'The `next` of the page before; opaque.' }),
};

/** Names one content of an answer whose hours are all final. */
export const ofRevision = {
  revision: z
    .string()
    .regex(/^[\w-]{22}$/, 'expected the Hourglass-Revision of an answer')
    .optional()
    .openapi({
      type: 'string',
      description:
        'The `Hourglass-Revision` of an answer: the same content for ever, to be kept for a year; 404 once late readings have corrected it.',
    }),
};

/** Where hours come live; the one path whose credential may stand in the query (doors/caller.ts). */
export const LIVE_PATH = '/v1/live';

/** Routes without a query refuse one too. */
export const noQuery = z.strictObject({});
