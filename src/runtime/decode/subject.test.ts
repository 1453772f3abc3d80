import { describe, expect, it } from 'vitest';
import { parseSubject } from './subject.ts';

const tokens = { city: 'riga', district: 'centrs', kind: 'air', source: 'gw-1' };

describe('subjects', () => {
  it('are partition and four tokens', () => {
    expect(parseSubject('readings.63.riga.centrs.air.gw-1')).toEqual({
      ok: true,
      text: 'readings.63.riga.centrs.air.gw-1',
      partition: 63,
      published: 'riga.centrs.air.gw-1',
      tokens,
    });
    expect(parseSubject('readings.0.A.b_c.1.-')).toMatchObject({ ok: true, partition: 0 });
  });

  it('with a token that breaks the rule are bad-name, and keep their tokens', () => {
    const long = 'x'.repeat(65);
    for (const subject of [
      `readings.1.riga.centrs.air.${long}`,
      `readings.1.${long}.centrs.air.gw-1`,
      'readings.1.riga.centrs.air.gw 1',
      'readings.1.rīga.centrs.air.gw-1',
      'readings.1.riga..air.gw-1',
      'readings.1.riga.centrs.air.gw$1',
    ]) {
      const parsed = parseSubject(subject);
      expect(parsed, subject).toMatchObject({ ok: false, reject: { reason: 'bad-name' } });
      expect(Object.values(parsed.tokens ?? {}).join('.')).toBe(parsed.published);
      expect(subject.endsWith(`.1.${parsed.published}`)).toBe(true);
    }
    expect(parseSubject(`readings.1.riga.centrs.air.${'x'.repeat(64)}`).ok).toBe(true);
  });

  it('of another form are bad-name', () => {
    for (const subject of [
      '',
      'readings',
      'sensors.riga.centrs.air.gw-1',
      'readings.riga.centrs.air.gw-1',
      'readings.1.riga.centrs.air',
      'readings.1.riga.centrs.air.gw-1.x',
      'readings.-1.riga.centrs.air.gw-1',
      'readings.01.riga.centrs.air.gw-1',
      'readings.1024.riga.centrs.air.gw-1',
      'readings.1e1.riga.centrs.air.gw-1',
    ]) {
      expect(parseSubject(subject), subject).toMatchObject({ ok: false, tokens: null, reject: { reason: 'bad-name' } });
    }
  });
});
