import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSourceSequence, SourceSequenceReader } from './source-sequence-header.ts';

describe('Hourglass-Seq', () => {
  it('is session and number', () => {
    expect(parseSourceSequence('boot_7-A:0')).toEqual({ session: 'boot_7-A', number: 0 });
    expect(parseSourceSequence(`${'s'.repeat(64)}:9007199254740991`)).toEqual({
      session: 's'.repeat(64),
      number: 2 ** 53 - 1,
    });
    expect(parseSourceSequence('a:007')).toEqual({ session: 'a', number: 7 });
  });

  it('is malformed in any other form', () => {
    const headers = [
      '',
      ':',
      'a',
      'a:',
      ':1',
      'a:-1',
      'a:+1',
      'a:1.0',
      'a:1e3',
      'a:0x1',
      'a: 1',
      ' a:1',
      'a:1 ',
      'a:1\n',
      'a b:1',
      'a:b:1',
      'ā:1',
      'a:١',
    ];
    headers.push('a:9007199254740992', 'a:9007199254740993', 'a:10000000000000000', `${'s'.repeat(65)}:1`);
    for (const header of headers) expect(parseSourceSequence(header), JSON.stringify(header)).toBe('malformed');
  });

  it('is the same from bytes, whatever came before', () => {
    const reader = new SourceSequenceReader();
    const session = fc.oneof(
      fc.constantFrom('a', 'b', 'ab', 'boot-1', ''),
      fc.stringMatching(/^[ -~]{0,5}$/),
      fc.string(),
    );
    const number = fc.oneof(
      fc.maxSafeNat().map(String),
      fc.bigInt(0n, 2n ** 60n).map(String),
      fc.constantFrom('', '007', '9007199254740991', '9007199254740992', '12345678901234567', '1.0', '-1', '1 '),
    );
    const around = fc.constantFrom('', ' ', '  ', '\t', '\u00a0');
    fc.assert(
      fc.property(
        around,
        session,
        fc.constantFrom(':', '', '::'),
        number,
        around,
        (before, name, colon, digits, after) => {
          const header = `${before}${name}${colon}${digits}${after}`;
          const bytes = Buffer.from(`x:1${header}7`);
          const expected = parseSourceSequence(new TextDecoder().decode(Buffer.from(header)).trim());
          expect(reader.read(bytes, 3, bytes.length - 1)).toEqual(expected);
        },
      ),
      { numRuns: 3_000 },
    );
  });
});
