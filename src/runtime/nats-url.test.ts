import { expect, it } from 'vitest';
import { parseNatsUrl } from './nats-url.ts';

it('the credentials of a URL are handed over beside servers that may be shown', () => {
  expect(parseNatsUrl('nats://worker:p%40ss@nats-1:4222, nats://nats-2:4222')).toEqual({
    servers: ['nats://nats-1:4222', 'nats://nats-2:4222'],
    credentials: { user: 'worker', pass: 'p@ss' },
  });
});

it('a name without a password is a token', () => {
  expect(parseNatsUrl('tls://s3cret@nats:4222')).toEqual({
    servers: ['tls://nats:4222'],
    credentials: { token: 's3cret' },
  });
});

it('a host alone is a server without credentials', () => {
  expect(parseNatsUrl('127.0.0.1:4222')).toEqual({ servers: ['127.0.0.1:4222'], credentials: {} });
});
