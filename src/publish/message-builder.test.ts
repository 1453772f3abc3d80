import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plain } from '../../test/fixtures/decoded.ts';
import { Decoder } from '../runtime/decode/decoder.ts';
import { type Addressing, type Format, MessageBuilder, type OutgoingMessage } from './message-builder.ts';
import type { RecordedReading } from './reading-csv.ts';

const TO: Addressing = { city: 'aarhus', district: 'north', kind: 'traffic', source: { name: 'gw' } };

function build(readings: readonly RecordedReading[], to: Addressing, format: Format, batch: number): OutgoingMessage[] {
  const builder = new MessageBuilder(to, format, batch);
  const messages = readings.map((reading) => builder.add(reading));
  return [...messages, builder.end()].filter((message) => message !== null);
}

/** What a worker makes of the messages. */
function decoded(messages: readonly OutgoingMessage[]): RecordedReading[] {
  const decoder = new Decoder();
  return messages.flatMap(({ payload, contentType, subject }) => {
    const result = decoder.decode(payload, contentType, subject, subject.split('.').at(-1) ?? '', 2e12);
    return plain(result).readings.map(({ timeMs, sensor, metric, value }) => ({ timeMs, sensor, metric, value }));
  });
}

const reading = fc.record({
  timeMs: fc.oneof(
    fc.integer({ min: Date.UTC(2014, 0), max: Date.UTC(2014, 0) + 5_000 }),
    fc.integer({ min: Date.UTC(1991, 0), max: Date.UTC(2030, 0) }),
  ),
  sensor: fc.constantFrom('a', 'b', 'c-1'),
  metric: fc.constantFrom('m', 'n'),
  value: fc.double({ noNaN: true, noDefaultInfinity: true }),
});

describe('messages of a replay', () => {
  it.each(['senml', 'frame'] as const)('in %s hold the readings in their order, to the bit', (format) => {
    fc.assert(
      fc.property(
        fc.array(reading, { maxLength: 40 }),
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        (all, batch, own) => {
          const messages = build(all, own ? { ...TO, source: 'sensor' } : TO, format, batch);
          expect(decoded(messages)).toEqual(all);
          expect(messages.every(({ readings }) => readings >= 1 && readings <= batch)).toBe(true);
        },
      ),
    );
  });

  it('are runs of one source', () => {
    const run = (sensor: string) => ({ timeMs: 1.5e12, sensor, metric: 'm', value: 1 });
    const messages = build([run('a'), run('a'), run('b'), run('a')], { ...TO, source: 'sensor' }, 'frame', 10);
    expect(messages.map(({ subject, readings }) => [subject, readings])).toEqual([
      ['sensors.aarhus.north.traffic.a', 2],
      ['sensors.aarhus.north.traffic.b', 1],
      ['sensors.aarhus.north.traffic.a', 1],
    ]);
    expect(messages[0]?.publisher).toBe('aarhus.north.a');
  });

  it('refuse names that cannot stand in a subject', () => {
    expect(() => new MessageBuilder({ ...TO, city: 'New York' }, 'senml', 1)).toThrow('the city "New York"');
    const builder = new MessageBuilder({ ...TO, source: 'sensor' }, 'senml', 1);
    builder.add({ timeMs: 1.5e12, sensor: 'a.b', metric: 'm', value: 1 });
    expect(() => builder.end()).toThrow('the sensor "a.b"');
  });

  it('say that SenML cannot say a time before 1978', () => {
    const builder = new MessageBuilder(TO, 'senml', 1);
    builder.add({ timeMs: 1_000, sensor: 's', metric: 'm', value: 1 });
    expect(() => builder.end()).toThrow('SenML');
  });
});
