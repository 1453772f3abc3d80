/**
 * SenML packs of the plain shape, read from their bytes: what nearly every device sends.
 *
 * Job: fills the same columns as {@link SenmlDecoder} without a text, an object or a field's name in between. Boundary: says
 * no to whatever is not plain (an escape, a letter beyond ASCII, a field that is none of `bn bt bu n t u v`, a field
 * twice, a fault of any kind); the decoder then reads the pack anew with the full parser, which alone knows what is wrong.
 * Invariant: where it says yes, columns and names are to the bit what the full parser gives (senml-scanner.test.ts).
 */
import { SENML_SCAN_RECORDS_MAX } from '../../model/limits.ts';
import type { ByteSpan } from '../../model/byte-span.ts';
import type { Columns } from './columns.ts';
import type { SenmlNames } from './senml-names.ts';
import { resolveTimeMs } from './senml-time.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const LETTER_B = 0x62;
const LETTER_N = 0x6e;
const LETTER_T = 0x74;
const LETTER_U = 0x75;
const LETTER_V = 0x76;

/** Bits of the fields a record has had. */
const NAME = 1;
const TIME = 2;
const VALUE = 4;
const UNIT = 8;
const BASE = 16;

/** Whole numbers of so many digits, and powers of ten up to it, are exact float64: one division rounds once. */
const EXACT_DIGITS = 15;
const POWERS_OF_TEN = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_, exponent) => 10 ** exponent);
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const latin1 = new TextDecoder('latin1');

export class SenmlScanner {
  readonly #columns: Columns;
  readonly #names: SenmlNames;
  #bytes: Uint8Array = new Uint8Array();
  #at = 0;
  #end = 0;
  /** The text read last, without its quotes. */
  #textStart = 0;
  #textEnd = 0;
  #baseStart = 0;
  #baseEnd = 0;
  #baseTimeS = 0;

  constructor(columns: Columns, names: SenmlNames) {
    this.#columns = columns;
    this.#names = names;
  }

  /** False where the pack is not plain; the columns then hold nothing. Parameters as of the decoder. */
  scan(payload: ByteSpan, source: string, receivedMs: number): boolean {
    this.#bytes = payload.bytes;
    this.#at = payload.start;
    this.#end = payload.end;
    this.#baseStart = 0;
    this.#baseEnd = 0;
    this.#baseTimeS = 0;
    this.#columns.begin(SENML_SCAN_RECORDS_MAX);
    this.#names.begin(SENML_SCAN_RECORDS_MAX, source);
    const isPack = this.#next() === OPEN_ARRAY;
    if (isPack) this.#at += 1;
    let rows = 0;
    for (;;) {
      if (rows === SENML_SCAN_RECORDS_MAX || !this.#scanRecord(rows, receivedMs)) return false;
      rows += 1;
      if (!isPack) break;
      const byte = this.#next();
      this.#at += 1;
      if (byte === CLOSE_ARRAY) break;
      if (byte !== COMMA) return false;
    }
    this.#next();
    if (this.#at !== this.#end) return false;
    this.#columns.begin(rows);
    return true;
  }

  #scanRecord(row: number, receivedMs: number): boolean {
    if (this.#next() !== OPEN_OBJECT) return false;
    this.#at += 1;
    let seen = 0;
    let nameStart = 0;
    let nameEnd = 0;
    let timeS = 0;
    let value = NaN;
    for (;;) {
      const field = this.#scanField();
      if (field === 0 || (seen & field) !== 0) return false;
      seen |= field;
      switch (field) {
        case NAME:
          if (!this.#scanText()) return false;
          nameStart = this.#textStart;
          nameEnd = this.#textEnd;
          break;
        case TIME:
          timeS = this.#scanNumber();
          break;
        case VALUE:
          value = this.#scanNumber();
          break;
        case NAME * BASE:
          if (!this.#scanText()) return false;
          this.#baseStart = this.#textStart;
          this.#baseEnd = this.#textEnd;
          break;
        case TIME * BASE:
          this.#baseTimeS = this.#scanNumber();
          break;
        default:
          if (!this.#scanText()) return false;
      }
      const byte = this.#next();
      this.#at += 1;
      if (byte === CLOSE_OBJECT) break;
      if (byte !== COMMA) return false;
    }
    const timeMs = resolveTimeMs(this.#baseTimeS, timeS, receivedMs);
    // Without a value it is a record of base fields, or malformed; a number that was none is NaN.
    if (!Number.isFinite(value) || !Number.isFinite(timeMs)) return false;
    this.#columns.timeMs[row] = timeMs;
    this.#columns.value[row] = value;
    return this.#names.addBytes(row, this.#bytes, this.#baseStart, this.#baseEnd, nameStart, nameEnd);
  }

  /** Reads `"<name>":`. Gives the field's bit, that of its base field times {@link BASE}; 0 where it is another. */
  #scanField(): number {
    if (this.#next() !== QUOTE) return 0;
    const bytes = this.#bytes;
    const isBase = bytes[this.#at + 1] === LETTER_B;
    const at = isBase ? this.#at + 2 : this.#at + 1;
    if (bytes[at + 1] !== QUOTE) return 0;
    this.#at = at + 2;
    if (this.#next() !== COLON) return 0;
    this.#at += 1;
    this.#next();
    switch (bytes[at]) {
      case LETTER_N:
        return isBase ? NAME * BASE : NAME;
      case LETTER_T:
        return isBase ? TIME * BASE : TIME;
      case LETTER_U:
        return isBase ? UNIT * BASE : UNIT;
      case LETTER_V:
        return isBase ? 0 : VALUE;
      default:
        return 0;
    }
  }

  /** Visible ASCII and spaces without an escape. */
  #scanText(): boolean {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.#at;
    if (bytes[at] !== QUOTE) return false;
    this.#textStart = ++at;
    for (;;) {
      if (at >= end) return false;
      const byte = bytes[at]!;
      if (byte === QUOTE) break;
      if (!(byte >= 0x20 && byte < 0x7f) || byte === BACKSLASH) return false;
      at += 1;
    }
    this.#textEnd = at;
    this.#at = at + 1;
    return true;
  }

  /** NaN where there is no number of JSON. */
  #scanNumber(): number {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    const isNegative = bytes[at] === MINUS;
    if (isNegative) at += 1;
    const first = at;
    let mantissa = 0;
    let byte = bytes[at]!;
    while (byte >= ZERO && byte <= NINE) {
      mantissa = mantissa * 10 + (byte - ZERO);
      byte = bytes[++at]!;
    }
    let digits = at - first;
    if (digits === 0 || (digits > 1 && bytes[first] === ZERO)) return NaN;
    let decimals = 0;
    if (byte === DOT) {
      const point = at;
      byte = bytes[++at]!;
      while (byte >= ZERO && byte <= NINE) {
        mantissa = mantissa * 10 + (byte - ZERO);
        byte = bytes[++at]!;
      }
      decimals = at - point - 1;
      if (decimals === 0) return NaN;
      digits += decimals;
    }
    // The bytes behind the payload may be digits too.
    if (at > this.#end) return NaN;
    if (digits > EXACT_DIGITS || byte === 0x65 || byte === 0x45) return this.#scanLongNumber(start, at);
    this.#at = at;
    const value = decimals === 0 ? mantissa : mantissa / POWERS_OF_TEN[decimals]!;
    return isNegative ? -value : value;
  }

  /** One with an exponent, or more digits than are exact. */
  #scanLongNumber(start: number, from: number): number {
    const bytes = this.#bytes;
    let at = from;
    // Letters, digits, signs: JSON_NUMBER says which of them make a number.
    while (at < this.#end && isOfNumber(bytes[at]!)) at += 1;
    const text = latin1.decode(bytes.subarray(start, at));
    this.#at = at;
    return JSON_NUMBER.test(text) ? Number(text) : NaN;
  }

  /** Passes over white space; the byte behind it, -1 at the end. */
  #next(): number {
    const bytes = this.#bytes;
    while (this.#at < this.#end) {
      const byte = bytes[this.#at]!;
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
      this.#at += 1;
    }
    return -1;
  }
}

function isOfNumber(byte: number): boolean {
  return (byte >= ZERO && byte <= NINE) || byte === 0x2b || byte === MINUS || byte === 0x65 || byte === 0x45;
}
