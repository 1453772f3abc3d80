import { describe, expect, it } from 'vitest';
import { HourglassError } from '../../model/errors.ts';
import { DeliverySubject } from './delivery-subject.ts';

const read = (reply: string): object => {
  const subject = new DeliverySubject();
  subject.read(reply);
  const { sequence, delivery, receivedMs, pending } = subject;
  return { sequence, delivery, receivedMs, pending };
};

describe('the reply subject of a delivery', () => {
  it('says sequence, delivery, time and what waits', () => {
    expect(read('$JS.ACK.READINGS.x9.1.90071992547409.17.1764000000123456789.250')).toEqual({
      sequence: 90_071_992_547_409,
      delivery: 17,
      receivedMs: 1_764_000_000_123,
      pending: 250,
    });
    expect(read('$JS.ACK.READINGS.x9.1.5.1.999999.0')).toMatchObject({ receivedMs: 0, pending: 0 });
  });

  it('of a server with a domain has more tokens', () => {
    expect(read('$JS.ACK.hub.ABCDEF.READINGS.x9.1.5.3.1764000000123456789.2.r4nd0m')).toEqual({
      sequence: 5,
      delivery: 3,
      receivedMs: 1_764_000_000_123,
      pending: 2,
    });
    expect(read('$JS.ACK.hub.ABCDEF.READINGS.x9.1.5.3.1764000000123456789.2.77')).toMatchObject({ pending: 2 });
  });

  it('of another form is an error', () => {
    for (const reply of [
      '',
      '$JS.ACK.READINGS.x9.1.5.3',
      '$JS.ACK.READINGS.x9.1.5.3.17640000x.2',
      '$JS.ACK.R.x.1.5..17.2',
    ])
      expect(() => read(reply), reply).toThrow(HourglassError);
  });
});
