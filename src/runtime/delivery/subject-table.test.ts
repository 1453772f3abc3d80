import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SubjectTable } from './subject-table.ts';

const encoder = new TextEncoder();
const ask = (table: SubjectTable, subject: string): string => {
  const bytes = encoder.encode(`MSG ${subject} 7`);
  return table.text(
    bytes,
    4,
    bytes.length - 2,
    bytes.reduce((sum, byte) => sum + byte, 0),
  );
};

describe('the table of subjects', () => {
  it('gives the text of the bytes, whatever it has seen before, and however few places it has', () => {
    const subject = fc.oneof(fc.stringMatching(/^readings\.[0-9]{1,2}\.[a-z]{1,3}$/), fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(fc.array(subject, { maxLength: 40 }), (subjects) => {
        const table = new SubjectTable(4);
        for (const one of [...subjects, ...subjects]) expect(ask(table, one)).toBe(encoderRound(one));
      }),
    );
  });

  it('keeps two subjects that want the same place', () => {
    const table = new SubjectTable(2);
    for (const one of ['a', 'b', 'a', 'b']) expect(ask(table, one)).toBe(one);
  });
});

/** Lone halves of surrogate pairs cannot be sent. */
function encoderRound(subject: string): string {
  return new TextDecoder().decode(encoder.encode(subject));
}
