import { JetStreamApiError, JetStreamError } from '@nats-io/jetstream';
import { expect, it } from 'vitest';
import { PubAckReader } from './pub-ack.ts';

/** Each as a part of a larger chunk, as they come from the socket. */
function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(`MSG ${text}\r\n`).subarray(4, -2);
}

it.each([
  ['{"stream":"READINGS","seq":1}', { sequence: 1, duplicate: false }],
  ['{"stream":"READINGS","seq":20}', { sequence: 20, duplicate: false }],
  ['{"stream":"READINGS","seq":999999999999999}', { sequence: 999_999_999_999_999, duplicate: false }],
  ['{"stream":"READINGS","seq":9007199254740991}', { sequence: Number.MAX_SAFE_INTEGER, duplicate: false }],
  ['{"stream":"READINGS","seq":3,"duplicate":true}', { sequence: 3, duplicate: true }],
  ['{"stream":"READINGS","seq":4,"domain":"hub"}', { sequence: 4, duplicate: false }],
  ['{"stream":"READINGS","domain":"hub","seq":5}', { sequence: 5, duplicate: false }],
  ['{"stream":"READING2","seq":6}', { sequence: 6, duplicate: false }],
  ['{"stream":"READINGS", "seq":7}', { sequence: 7, duplicate: false }],
  ['{"stream":"Ä","seq":8}', { sequence: 8, duplicate: false }],
])('%s is an acknowledgement, whatever came before it', (text, ack) => {
  const others = ['{"stream":"READINGS","seq":17}', '{"stream":"Ä","seq":2}', '{"stream":"R","seq":1,"domain":"x"}'];
  for (const other of [text, ...others]) {
    const reader = new PubAckReader();
    reader.read(bytes(other));
    expect(reader.read(bytes(text))).toEqual(ack);
    expect(reader.read(bytes(text))).toEqual(ack);
  }
});

it.each([
  '',
  '}',
  'null',
  '{}',
  '17',
  '{"stream":"READINGS","seq":}',
  '{"stream":"READINGS","seq":1',
  '{"stream":"READINGS","seq":1x}',
  '{"stream":"READINGS","seq":9007199254740993}',
  '{"stream":"","seq":1}',
  '{"stream":"READINGS","seq":"1"}',
])('%s is no acknowledgement', (text) => {
  const reader = new PubAckReader();
  expect(reader.read(bytes(text))).toBeInstanceOf(JetStreamError);
  reader.read(bytes('{"stream":"READINGS","seq":17}'));
  expect(reader.read(bytes(text))).toBeInstanceOf(JetStreamError);
});

it('an answer that is an error keeps its code', () => {
  const answer = '{"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"},"stream":"R","seq":0}';
  const error = new PubAckReader().read(bytes(answer));
  expect(error).toBeInstanceOf(JetStreamApiError);
  expect((error as JetStreamApiError).code).toBe(10_077);
});
