import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ParsedSubject } from '../decode/subject.ts';
import { SubjectTable } from './subject-table.ts';

const encoder = new TextEncoder();
const ask = (table: SubjectTable, subject: string): ParsedSubject => {
  const bytes = encoder.encode(`MSG ${subject} 7`);
  return table.of(
    bytes,
    4,
    bytes.length - 2,
    bytes.reduce((sum, byte) => sum + byte, 0),
  );
};

describe('the table of subjects', () => {
  it('gives the subject of the bytes, whatever it has seen before, and however few places it has', () => {
    const subject = fc.oneof(fc.stringMatching(/^readings\.[0-9]{1,2}\.[a-z]{1,3}$/), fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(fc.array(subject, { maxLength: 40 }), (subjects) => {
        const table = new SubjectTable(4);
        for (const one of [...subjects, ...subjects]) expect(ask(table, one).text).toBe(encoderRound(one));
      }),
    );
  });

  it('keeps two subjects that want the same place', () => {
    const table = new SubjectTable(2);
    const [a, b] = ['a', 'b'].map((one) => ask(table, one));
    expect([ask(table, 'a'), ask(table, 'b')]).toEqual([a, b]);
    expect(ask(table, 'a')).toBe(a);
    expect(ask(table, 'b')).toBe(b);
  });

  it('knows by text what it knows by bytes, a bounded number of them (invariant 13)', () => {
    const table = new SubjectTable(4);
    const first = table.ofText('readings.1.a.b.c.d');
    expect(first).toMatchObject({ ok: true, partition: 1, published: 'a.b.c.d' });
    expect(table.ofText('readings.1.a.b.c.d')).toBe(first);
    for (let i = 0; i < 20; i++) table.ofText(`readings.1.a.b.c.d${String(i)}`);
    const again = table.ofText('readings.1.a.b.c.d');
    expect(again).not.toBe(first);
    expect(again).toEqual(first);
  });
});

/** Lone halves of surrogate pairs cannot be sent. */
function encoderRound(subject: string): string {
  return new TextDecoder().decode(encoder.encode(subject));
}
