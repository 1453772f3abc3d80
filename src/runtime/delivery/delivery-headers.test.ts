/** Headers from bytes against the library's own reader, and what that reader throws at. */
import { MsgHdrsImpl } from '@nats-io/nats-core/internal';
import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SourceSequence } from '../../model/reading.ts';
import { DeliveryHeaders } from './delivery-headers.ts';

type Found = readonly [contentType: string | undefined, sourceSequence: SourceSequence | 'malformed' | null];

/** Somewhere in the connection's bytes. */
function fromBytes(block: string, headers = new DeliveryHeaders()): Found {
  const bytes = Buffer.from(`\r\nhourglass-seq: before:1\r\n${block}hourglass-seq: behind:1\r\n`);
  const start = bytes.indexOf(block);
  headers.read(bytes, start, start + Buffer.byteLength(block));
  return [headers.contentType, headers.sourceSequence];
}

function fromLibrary(block: string): Found {
  const headers = new DeliveryHeaders();
  headers.readFrom({
    get headers(): MsgHdrs {
      return MsgHdrsImpl.decode(Buffer.from(block));
    },
  } as Msg);
  return [headers.contentType, headers.sourceSequence];
}

const anyCase = (name: string): fc.Arbitrary<string> =>
  fc.mixedCase(fc.constant(name), { toggleCase: (char) => char.toUpperCase() });
const name = fc.oneof(
  anyCase('content-type'),
  anyCase('hourglass-seq'),
  fc.constantFrom('content', 'content-typ', 'content-type-', 'hourglass_seq', 'Nats-Msg-Id', 'x'),
);
const value = fc.oneof(
  fc.constantFrom('', ' ', ':', 'application/senml+json', 'application/senml+json; charset=utf-8', 's-1:42', 'grün'),
  fc.stringMatching(/^[ -~]{0,30}$/),
);
const line = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(name, fc.constantFrom(':', ': ', ':  ', ':\t'), value).map((parts) => parts.join('')),
  },
  { weight: 1, arbitrary: fc.constantFrom('', 'no colon') },
);
const blockOf = (lines: readonly string[]): string => `NATS/1.0\r\n${lines.map((one) => `${one}\r\n`).join('')}\r\n`;

describe('headers from the bytes of a connection', () => {
  it('are those that the library reads', () => {
    const headers = new DeliveryHeaders();
    let found = 0;
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
        const block = blockOf(lines);
        const expected = fromLibrary(block);
        if (expected.some((one) => one != null)) found += 1;
        expect(fromBytes(block, headers)).toEqual(expected);
      }),
      { numRuns: 2_000 },
    );
    expect(found).toBeGreaterThan(500);
  });

  it('are found between lines that the library throws at', () => {
    for (const bad of ['Bad Name: x', 'grün: x', 'X: a\nb', ': x', '\u0000: x']) {
      const block = blockOf([bad, 'content-type: text/plain', 'Hourglass-Seq: s:7']);
      expect(fromBytes(block), bad).toEqual(['text/plain', { session: 's', number: 7 }]);
    }
  });

  it('of a block that is cut off or empty are none', () => {
    for (const block of ['', 'NATS/1.0', 'NATS/1.0\r\n', 'NATS/1.0\r\n\r\n', 'NATS/1.0\r\ncontent-type'])
      expect(fromBytes(block), block).toEqual([undefined, null]);
    expect(fromBytes('NATS/1.0\r\ncontent-type: a')).toEqual(['a', null]);
  });

  it('that the library throws at make a message malformed: a number may be among them', () => {
    expect(fromLibrary(blockOf(['Bad Name: x', 'content-type: text/plain']))).toEqual([undefined, 'malformed']);
  });
});
