/**
 * `@iot.id`: stable texts made of names, safe in a URL as they are.
 *
 * `lisbon:alfama:air:station-1` is a sensor, `…:temperature` behind it a series, `…:2026-11-23T14` behind that an hour.
 * Bytes of a sensor's or a metric's name outside `A-Z a-z 0-9 _ . : -` are written `~` and two hex digits.
 * Boundary: text only. An id that cannot be read is null: there is nothing that has it.
 */
import { HOUR_MS } from '../../model/hour.ts';
import { TABLE_HOURS_MAX } from '../../model/limits.ts';
import { isMetricName, isSensorName, isSubjectToken } from '../../model/names.ts';

/** Names of columns, and their values, that an id stands for. */
export interface ThingKey {
  city: string;
  district: string;
  kind: string;
  sensor: string;
}
export interface StreamKey extends ThingKey {
  metric: string;
}
export interface HourId extends StreamKey {
  /** Hour index. */
  hour: number;
}

export function thingId({ city, district, kind, sensor }: ThingKey): string {
  return `${city}:${district}:${kind}:${escaped(sensor)}`;
}

export function streamId(key: StreamKey): string {
  return `${thingId(key)}:${escaped(key.metric)}`;
}

export function hourId(key: HourId): string {
  return `${streamId(key)}:${new Date(key.hour * HOUR_MS).toISOString().slice(0, 13)}`;
}

export function metricId(metric: string): string {
  return escaped(metric);
}

export function readThingId(id: string): ThingKey | null {
  const [, city, district, kind, rest] = /^([^:]*):([^:]*):([^:]*):(.*)$/s.exec(id) ?? [];
  const sensor = rest === undefined ? null : unescaped(rest);
  if (city === undefined || district === undefined || kind === undefined || sensor === null) return null;
  const bytes = Buffer.from(sensor, 'utf8');
  const isNamed = [city, district, kind].every(isSubjectToken) && isSensorName(bytes, 0, bytes.length);
  return isNamed ? { city, district, kind, sensor } : null;
}

export function readStreamId(id: string): StreamKey | null {
  const [thing, last] = splitLast(id);
  const key = readThingId(thing);
  const metric = readMetricId(last);
  return key === null || metric === null ? null : { ...key, metric };
}

export function readHourId(id: string): HourId | null {
  const [stream, last] = splitLast(id);
  const key = readStreamId(stream);
  const ms = /^\d{4}-\d{2}-\d{2}T\d{2}$/.test(last) ? Date.parse(`${last}:00:00Z`) : NaN;
  const hour = ms / HOUR_MS;
  if (key === null || !Number.isInteger(hour) || hour < 0 || hour >= TABLE_HOURS_MAX) return null;
  // 2026-02-30 is a date that JavaScript knows: it is 2 March, and its hours have another id.
  return new Date(ms).toISOString().startsWith(last) ? { ...key, hour } : null;
}

export function readMetricId(id: string): string | null {
  const metric = unescaped(id);
  return metric !== null && isMetricName(metric) ? metric : null;
}

function splitLast(id: string): [before: string, last: string] {
  const at = id.lastIndexOf(':');
  return at === -1 ? ['', id] : [id.slice(0, at), id.slice(at + 1)];
}

function escaped(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_.:-]/gu, (char) =>
    [...Buffer.from(char, 'utf8')].map((byte) => `~${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}

/** Null where it is not what {@link escaped} would have written: one name has one id. */
function unescaped(text: string): string | null {
  if (!/^(?:[A-Za-z0-9_.:-]|~[0-9a-f]{2})*$/.test(text)) return null;
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '~') {
      bytes.push(parseInt(text.slice(at + 1, at + 3), 16));
      at += 2;
    } else bytes.push(text.charCodeAt(at));
  }
  const decoded = Buffer.from(bytes).toString('utf8');
  return escaped(decoded) === text ? decoded : null;
}
