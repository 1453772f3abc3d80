/**
 * SenML packs in JSON (RFC 8428; contract, section 2, `application/senml+json`).
 *
 * Job: resolves base fields, times and names record by record. Boundary: text in, columns out.
 * Invariants: a record that cannot be used spoils no other, yet the base fields it carries hold for those after it (the RFC's
 * "until overridden"); a field of the wrong type leaves its base as it was.
 * Packs of the plain shape are read by {@link SenmlScanner}; this is the full parser, which reads every pack.
 */
import { SENML_RECORDS_MAX, SENML_VERSION_MAX } from '../../model/limits.ts';
import type { ByteSpan } from '../../model/byte-span.ts';
import type { ReadingBatch } from '../../model/reading.ts';
import type { Columns } from './columns.ts';
import { MalformedPayload } from './malformed.ts';
import { SenmlNames } from './senml-names.ts';
import { SenmlScanner } from './senml-scanner.ts';
import { resolveTimeMs } from './senml-time.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** What earlier records of the pack have said for the later ones. */
class Base {
  name = '';
  timeS = 0;
  /** Undefined until a record has given one. */
  value: number | undefined = undefined;
  /** Some record has given a base sum. */
  hasSum = false;
  version = SENML_VERSION_MAX;
}

export class SenmlDecoder {
  readonly #columns: Columns;
  readonly #names = new SenmlNames();
  readonly #scanner: SenmlScanner;
  #base = new Base();

  constructor(columns: Columns) {
    this.#columns = columns;
    this.#scanner = new SenmlScanner(columns, this.#names);
  }

  /**
   * @param receivedMs what times below 2^28 s are relative to; ms since 1970 UTC, whole.
   * @throws {MalformedPayload} where the pack as a whole cannot be read.
   */
  decode(payload: ByteSpan, source: string, receivedMs: number): ReadingBatch {
    if (this.#scanner.scan(payload, source, receivedMs)) return this.#columns.finish(this.#names.columns);
    return this.parse(payload.view(), source, receivedMs);
  }

  /** {@link decode} without the short cut for plain packs. */
  parse(payload: Uint8Array, source: string, receivedMs: number): ReadingBatch {
    const pack = parseJson(payload);
    if (typeof pack !== 'object' || pack === null)
      throw new MalformedPayload('the payload is neither a pack nor a record');
    const records: unknown[] = Array.isArray(pack) ? pack : [pack];
    if (records.length === 0) throw new MalformedPayload('no readings');
    if (records.length > SENML_RECORDS_MAX)
      throw new MalformedPayload(`more than ${String(SENML_RECORDS_MAX)} records`);
    this.#columns.begin(records.length);
    this.#names.begin(records.length, source);
    this.#base = new Base();
    for (let row = 0; row < records.length; row++) {
      const record = records[row];
      if (isRecord(record)) this.#readRecord(row, record, receivedMs);
      else this.#columns.reject(row, 'malformed', 'a record is not an object');
    }
    return this.#columns.finish(this.#names.columns);
  }

  #readRecord(row: number, record: Record<string, unknown>, receivedMs: number): void {
    const columns = this.#columns;
    const base = this.#base;
    let name = '';
    let timeS = 0;
    let value: unknown;
    let hasValue = false;
    let hasOtherValue = false;
    let hasSum = false;
    let baseOnly = true;
    let wrong = '';
    for (const field in record) {
      const content = record[field];
      switch (field) {
        case 'n':
          baseOnly = false;
          if (typeof content === 'string') name = content;
          else wrong = '"n" is not a text';
          break;
        case 't':
          baseOnly = false;
          if (typeof content === 'number') timeS = content;
          else wrong = '"t" is not a number';
          break;
        case 'v':
          baseOnly = false;
          hasValue = true;
          value = content;
          break;
        case 'vs':
        case 'vb':
        case 'vd':
          baseOnly = false;
          hasOtherValue = true;
          break;
        case 's':
          baseOnly = false;
          hasSum = true;
          break;
        case 'u':
        case 'ut':
          baseOnly = false;
          break;
        case 'bn':
          if (typeof content === 'string') base.name = content;
          else wrong = '"bn" is not a text';
          break;
        case 'bt':
          if (typeof content === 'number') base.timeS = content;
          else wrong = '"bt" is not a number';
          break;
        case 'bv':
          if (typeof content === 'number') base.value = content;
          else wrong = '"bv" is not a number';
          break;
        case 'bver':
          if (typeof content === 'number') base.version = content;
          else wrong = '"bver" is not a number';
          break;
        case 'bs':
          base.hasSum = true;
          break;
        default:
          if (field.endsWith('_')) wrong = 'a field that must be understood is not known';
      }
    }
    if (base.version > SENML_VERSION_MAX) wrong ||= `"bver" is above ${String(SENML_VERSION_MAX)}`;
    if (wrong !== '') {
      columns.reject(row, 'malformed', wrong);
      return;
    }
    if (baseOnly) {
      columns.skip(row);
      return;
    }
    if (!hasValue && !hasOtherValue && base.value === undefined) {
      if (hasSum || base.hasSum) columns.skip(row);
      else columns.reject(row, 'malformed', 'a record has no value');
      return;
    }
    const timeMs = resolveTimeMs(base.timeS, timeS, receivedMs);
    if (!Number.isFinite(timeMs)) {
      columns.reject(row, 'malformed', 'a time is not finite');
      return;
    }
    if (hasValue ? typeof value !== 'number' : hasOtherValue) {
      columns.reject(row, 'not-numeric', 'a value is not a number');
      return;
    }
    const sum = resolveValue(base.value, value as number | undefined);
    if (!Number.isFinite(sum)) {
      columns.reject(row, 'not-finite', 'a value is infinite');
      return;
    }
    const badName = this.#names.add(row, base.name, name);
    if (badName !== null) {
      columns.reject(row, 'bad-name', badName);
      return;
    }
    columns.timeMs[row] = timeMs;
    columns.value[row] = sum;
  }
}

/** No zero is added where there is no base value: it would turn -0 into 0. */
function resolveValue(base: number | undefined, value: number | undefined): number {
  if (base === undefined) return value ?? NaN;
  return value === undefined ? base : base + value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(payload)) as unknown;
  } catch {
    throw new MalformedPayload('the payload is not JSON in UTF-8');
  }
}
