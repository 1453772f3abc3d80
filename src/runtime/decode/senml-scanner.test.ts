/** The short cut for plain packs gives what the full parser gives, to the bit, or says no. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteSpan } from '../../model/byte-span.ts';
import { plain, type PlainDecoded } from '../../../test/fixtures/decoded.ts';
import { HOSTILE_PAYLOADS } from '../../../test/fixtures/hostile-payloads.ts';
import { SENML_METRICS_REMEMBERED, SENML_SCAN_RECORDS_MAX } from '../../model/limits.ts';
import { Columns } from './columns.ts';
import { MalformedPayload } from './malformed.ts';
import { SenmlNames } from './senml-names.ts';
import { SenmlScanner } from './senml-scanner.ts';
import { SenmlDecoder } from './senml.ts';

const RECEIVED_MS = 1_764_000_000_000;
const SOURCE = 'gw-1';
const columns = new Columns();
const names = new SenmlNames();
const scanner = new SenmlScanner(columns, names);
const full = new SenmlDecoder(new Columns());

/** Null where the scanner says no. */
const AROUND = [
  ['5', '\r\nMSG'],
  ['[', ']'],
  ['', '0'],
  ['\n', ' "v":1}]'],
  ['', '"'],
].map((texts) => texts.map((text) => Buffer.from(text)) as [Buffer, Buffer]);

function scanned(payload: Uint8Array): PlainDecoded | null {
  const found = scanner.scan(ByteSpan.of(payload), SOURCE, RECEIVED_MS);
  // The bytes around a payload are another message's.
  for (const [before, after] of AROUND) {
    const bytes = Buffer.concat([before, payload, after]);
    const span = new ByteSpan(bytes, before.length, before.length + payload.length);
    expect(scanner.scan(span, SOURCE, RECEIVED_MS)).toBe(found);
  }
  if (!found) return null;
  return plain({ ok: true, batch: columns.finish(names.columns) });
}

function parsed(payload: Uint8Array): PlainDecoded | string {
  try {
    return plain({ ok: true, batch: full.parse(payload, SOURCE, RECEIVED_MS) });
  } catch (error) {
    if (error instanceof MalformedPayload) return error.message;
    throw error;
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function expectSame(payload: Uint8Array): boolean {
  const found = scanned(payload);
  if (found !== null) expect(found).toEqual(parsed(payload));
  return found !== null;
}

describe('plain packs are read from their bytes', () => {
  it.each([
    '[{"n":"sensor-00001/temp","t":1764000000.123,"v":21.5}]',
    '{"n":"temp","v":-0}',
    '[{"bn":"urn:dev:mac:0024befffe804ff1:","bt":1764000000,"bu":"Cel","n":"temperature","v":21.5},{"n":"humidity","v":40,"t":-60}]',
    ' [ { "n" : "a/b" , "v" : 1 } , { "n" : "urn:x" , "u" : "Cel" , "v" : 0.1 } ] \n',
    '[{"n":"urn:dev:ow:10e2073a01080063","v":1e3},{"bn":"","n":"urn:y","v":123456789012345678}]',
    '[{"v":1,"n":"m","t":0},{"v":0.000000000000000001,"n":"m"},{"v":999999999999999,"n":"m"},{"v":0.999999999999999,"n":"m"}]',
  ])('%s', (text) => {
    expect(expectSame(bytes(text))).toBe(true);
  });

  it('up to a number of records', () => {
    const pack = (records: number): Uint8Array =>
      bytes(JSON.stringify(Array.from({ length: records }, (_, i) => ({ n: `s${String(i)}/m`, v: i }))));
    expect(expectSame(pack(SENML_SCAN_RECORDS_MAX))).toBe(true);
    expect(expectSame(pack(SENML_SCAN_RECORDS_MAX + 1))).toBe(false);
  });

  it('whatever metrics came before (invariant 13)', () => {
    for (let i = 0; i < 3 * SENML_METRICS_REMEMBERED; i++) {
      expectSame(bytes(`[{"n":"s/m${String(i)}","v":1},{"n":"s/again","v":2}]`));
      expect(names.columns.metrics.length).toBeLessThanOrEqual(SENML_METRICS_REMEMBERED + 2);
    }
  });
});

describe('what is not plain is left to the full parser', () => {
  it.each([
    '',
    '[]',
    '[{}]',
    '[{"n":"m","v":1}',
    '[{"n":"m","v":1}]]',
    '[{"n":"m","v":1},]',
    '{"n":"m","v":1}{"n":"m","v":1}',
    '[{"n":"m","v":01}]',
    '[{"n":"m","v":1.}]',
    '[{"n":"m","v":.5}]',
    '[{"n":"m","v":+1}]',
    '[{"n":"m","v":1e}]',
    '[{"n":"m","v":1e999}]',
    '[{"n":"m","v":NaN}]',
    '[{"n":"m","v":"1"}]',
    '[{"n":"m","v":1,"v":2}]',
    '[{"n":"m","v":1,"x":2}]',
    '[{"n":"m","v":1,"bver":5}]',
    '[{"n":"m","v":1,"bv":5}]',
    '[{"n":"m\\u0041","v":1}]',
    '[{"n":"m\u00e9","v":1}]',
    '[{"n":"m\u007f/x","v":1}]',
    '[{"n":"m","v":1,"t":1e400}]',
    '[{"n":" s/m","v":1}]',
    '[{"n":"s/m m","v":1}]',
    '[{"bn":"s/","v":1}]',
    '[{"n":"m"}]',
    '[{"bt":1764000000}]',
    '\ufeff[{"n":"m","v":1}]',
  ])('%s', (text) => {
    expect(scanned(bytes(text))).toBeNull();
  });
});

describe('any pack', () => {
  const space = fc.constantFrom('', '', '', ' ', '\n', '\t ', '\r\n');
  const digits = fc.stringMatching(/^-?[0-9]{1,19}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,3})?$/);
  const number = fc.oneof(
    digits,
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.constantFrom('-0', '0', '1764000000.123', '-', '1.'),
  );
  const text = fc.oneof(
    fc.stringMatching(/^[A-Za-z0-9:/_.% -]{0,12}$/),
    fc.constantFrom('s/m', 'urn:a', 'urn:a:b', '/', ':', 'a/', 'é', '\\n', ''),
  );
  const field = fc.oneof(
    fc.tuple(
      fc.constantFrom('n', 'bn', 'u', 'bu'),
      text.map((value) => `"${value}"`),
    ),
    fc.tuple(fc.constantFrom('t', 'v', 'bt', 'v', 'bv'), number),
    fc.tuple(fc.constantFrom('n', 'v', 'bver', 'vs', 'x'), fc.constantFrom('null', '1', '"a"', 'true')),
  );
  const record = fc
    .array(fc.tuple(space, field, space), { minLength: 1, maxLength: 5 })
    .map(
      (fields) =>
        `{${fields.map(([before, [name, value], after]) => `${before}"${name}"${after}:${before}${value}${after}`).join(',')}}`,
    );
  const usual = fc.tuple(text, number, number).map(([n, t, v]) => `{"n":"${n}","t":${t},"v":${v}}`);
  const pack = fc
    .array(fc.oneof(record, usual), { minLength: 1, maxLength: 4 })
    .map((records) => bytes(`[${records.join(',')}]`));

  it('gives the same, where the scanner reads it', () => {
    let read = 0;
    fc.assert(
      fc.property(pack, (payload) => {
        if (expectSame(payload)) read += 1;
      }),
      { numRuns: 5_000 },
    );
    expect(read, 'packs that were plain').toBeGreaterThan(100);
  });

  it('gives the same when it is damaged', () => {
    const small = HOSTILE_PAYLOADS.filter(({ payload }) => payload.length < 2_000).map(({ payload }) => payload);
    const damage = fc.array(fc.tuple(fc.nat(), fc.constantFrom(...bytes('"{}[],:\\0919.eE-+ntvb/ \u00e9'))), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(fc.oneof(pack, fc.constantFrom(...small)), damage, (payload, changes) => {
        const copy = Uint8Array.from(payload);
        for (const [at, byte] of changes) if (copy.length > 0) copy[at % copy.length] = byte;
        expectSame(copy);
        expectSame(copy.subarray(0, copy.length - 1));
      }),
      { numRuns: 5_000 },
    );
  });
});
