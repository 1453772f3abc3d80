/**
 * Writes SenML packs: what `replay`, the simulators and the tests publish.
 *
 * Boundary: readings in, JSON in UTF-8 out. Invariant: decoding the pack gives exactly these readings back, times to the ms
 * and values to the bit; names are written as given, bad ones too.
 */
import { toMs } from './senml-time.ts';

export interface SenmlReading {
  /** Null: the source itself. */
  readonly sensor: string | null;
  readonly metric: string;
  /** ms since 1970 UTC, whole, from {@link SENML_TIME_MS_MIN} up. */
  readonly timeMs: number;
  /** Finite. */
  readonly value: number;
}

/** Times below 2^28 s are relative to receipt in SenML: 1978-07-04 is the earliest absolute one. */
export const SENML_TIME_MS_MIN = 2 ** 28 * 1000;

const encoder = new TextEncoder();

/** @throws {RangeError} for a time or a value that SenML cannot say. */
export function encodeSenml(readings: readonly SenmlReading[]): Uint8Array<ArrayBuffer> {
  let baseName = '';
  const records: string[] = [];
  for (const { sensor, metric, timeMs, value } of readings) {
    const prefix = sensor === null ? '' : `${sensor}/`;
    // A name that begins with urn: is all sensor unless there is a base name.
    const wantedBase = prefix.startsWith('urn:') ? prefix : '';
    const baseField = wantedBase === baseName ? '' : `"bn":${JSON.stringify(wantedBase)},`;
    baseName = wantedBase;
    const name = JSON.stringify((wantedBase === '' ? prefix : '') + metric);
    records.push(`{${baseField}"n":${name},"t":${seconds(timeMs)},"v":${number(value)}}`);
  }
  return encoder.encode(`[${records.join(',')}]`);
}

function seconds(timeMs: number): string {
  const inS = timeMs / 1000;
  if (timeMs >= SENML_TIME_MS_MIN && toMs(inS) === timeMs) return String(inS);
  throw new RangeError(`${String(timeMs)} is not a time that SenML can say in whole ms`);
}

function number(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError('a value is not finite');
  return Object.is(value, -0) ? '-0' : String(value);
}
