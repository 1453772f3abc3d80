import { JetStreamApiError } from '@nats-io/jetstream';
import { NoRespondersError, TimeoutError } from '@nats-io/transport-node';
import { expect, it } from 'vitest';
import { retryOf } from './publish-retry.ts';

const answered = (code: number, err_code: number, description: string): Error =>
  new JetStreamApiError({ code, err_code, description });

it.each([
  [answered(503, 10_077, 'maximum bytes exceeded'), 'when there is room'],
  [answered(503, 10_008, 'JetStream system temporarily unavailable'), 'soon'],
  [answered(500, 10_053, 'a store that failed'), 'soon'],
  // A cluster, asked again while the first copy of the message is on its way to the others.
  [answered(409, 10_158, 'duplicate message id is in process'), 'soon'],
  [answered(429, 10_167, 'too many requests'), 'soon'],
  [answered(400, 10_071, 'wrong last sequence'), 'never'],
  [new TimeoutError(), 'soon'],
  [new NoRespondersError('sensors.a.b.c.d'), 'nobody'],
  [new Error("'max_payload' size exceeded"), 'never'],
  [new Error('Permissions Violation for Publish'), 'never'],
])('%s is tried again: %s', (error, retry) => {
  expect(retryOf(error)).toBe(retry);
});
