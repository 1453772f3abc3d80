import { describe, expect, it } from 'vitest';
import { parseSourceSequence } from './source-sequence-header.ts';

describe('Hourglass-Seq', () => {
  it('is session and number', () => {
    expect(parseSourceSequence('boot_7-A:0')).toEqual({ session: 'boot_7-A', n: 0 });
    expect(parseSourceSequence(`${'s'.repeat(64)}:9007199254740991`)).toEqual({
      session: 's'.repeat(64),
      n: 2 ** 53 - 1,
    });
    expect(parseSourceSequence('a:007')).toEqual({ session: 'a', n: 7 });
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
});
