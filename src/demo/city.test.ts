import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plain } from '../../test/fixtures/decoded.ts';
import { checkTime } from '../model/reading-time.ts';
import { Decoder } from '../runtime/decode/decoder.ts';
import { BACKFILL_EVERY_MS, backfillOf, type CityMessage, messagesOf, SECOND_MS } from './city.ts';
import { CITY_SEED as SEED, DISTRICTS, KINDS, valueAt } from './city-model.ts';

const T0 = Date.UTC(2026, 10, 24, 8);

const seconds = fc.integer({ min: 0, max: 86_400 }).map((s) => T0 + s * SECOND_MS);

function decodeAt(message: CityMessage, nowMs: number): ReturnType<typeof plain> | null {
  const source = message.subject.split('.').at(-1) ?? '';
  const decoded = new Decoder().decode(message.payload, message.contentType, message.subject, source, nowMs);
  return decoded.ok ? plain(decoded) : null;
}

describe('the city of the demo', () => {
  it('says the same at the same time', () => {
    fc.assert(
      fc.property(seconds, (secondMs) => {
        expect([...messagesOf(SEED, secondMs)]).toEqual([...messagesOf(SEED, secondMs)]);
      }),
      { numRuns: 10 },
    );
  });

  it('measures what such sensors measure', () => {
    const site = fc.record({
      kind: fc.constantFrom(...KINDS),
      district: fc.nat(DISTRICTS.length - 1),
      number: fc.nat(4),
    });
    fc.assert(
      fc.property(site, seconds, (at, timeMs) => {
        for (const metric of at.kind.metrics) {
          const value = valueAt(SEED, at, metric, timeMs);
          if (metric === 'temperature') expect(Math.abs(value - 11)).toBeLessThan(12);
          else if (metric === 'pressure') expect(Math.abs(value - 1_013)).toBeLessThan(15);
          else expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThan(1_100);
        }
      }),
    );
  });

  it('in ten minutes every kind speaks, a few readings are bad for each reason, some are late, some come twice', () => {
    const kinds = new Map<string, number>();
    const reasons = new Set<string>();
    let late = 0;
    let twice = 0;
    let total = 0;
    for (let nowMs = T0; nowMs < T0 + 600_000; nowMs += SECOND_MS) {
      for (const message of messagesOf(SEED, nowMs)) {
        const kind = message.subject.split('.')[3] ?? '';
        if (message.times > 1) twice += 1;
        const found = decodeAt(message, nowMs);
        if (found === null) {
          reasons.add('malformed');
          continue;
        }
        for (const reason of Object.keys(found.rejects)) reasons.add(reason);
        for (const { timeMs } of found.readings) {
          const wrong = checkTime(timeMs, nowMs, 0);
          if (wrong !== null) reasons.add(wrong);
          else if (timeMs < nowMs - 60_000) late += 1;
          kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
          total += 1;
        }
      }
    }
    expect([...kinds.keys()].sort()).toEqual(KINDS.map(({ name }) => name).sort());
    expect([...reasons].sort()).toEqual(['bad-name', 'future', 'malformed', 'not-finite', 'not-numeric', 'too-old']);
    expect(twice).toBeGreaterThan(5);
    expect(late / total).toBeGreaterThan(0.000_5);
    expect(late / total).toBeLessThan(0.05);
    // Some thousand sensors, a few hundred readings a second.
    expect(total / 600).toBeGreaterThan(300);
    expect(total / 600).toBeLessThan(2_000);
  });

  it('has sent nothing from the future for the time before it began', () => {
    const fromMs = T0 - 3 * BACKFILL_EVERY_MS;
    for (let timeMs = fromMs; timeMs < T0; timeMs += BACKFILL_EVERY_MS) {
      for (const message of backfillOf(SEED, timeMs)) {
        const found = decodeAt(message, timeMs + 60_000);
        expect(found?.rejects).toEqual({});
        expect(found?.readings.every((one) => one.timeMs >= timeMs && one.timeMs < timeMs + 60_000)).toBe(true);
      }
    }
  });
});
