/**
 * How large a request may be: its URL here, its headers by Node (src/api/server.ts), its body by route.
 *
 * Boundary: sizes only. A body is looked at after the guard: who may not publish cannot make us read.
 */
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { BODY_BYTES_MAX, URL_CHARS_MAX } from '../../model/limits.ts';
import { Problem } from '../problem.ts';

/** Routes that set a limit of their own, for what is larger by nature. */
const OWN_LIMIT = ['/v1/readings/', '/v1/registry/', '/graphql'];

export const urlLimit: MiddlewareHandler = (c, next) => {
  if (c.req.url.length > URL_CHARS_MAX)
    throw new Problem(414, `A URL has at most ${String(URL_CHARS_MAX)} characters.`);
  return next();
};

const small = bodyLimitOf(BODY_BYTES_MAX, `The body of this request has at most ${String(BODY_BYTES_MAX)} bytes.`);

export const bodyLimits: MiddlewareHandler = (c, next) =>
  OWN_LIMIT.some((path) => c.req.path.startsWith(path)) ? next() : small(c, next);

/**
 * Refuses a body of more bytes with 413. A body whose length is said, or that cannot be, is not touched: a look at it makes a
 * web stream, which costs more than all other checks together. Node holds a body to the length that was said.
 */
export function bodyLimitOf(bytesMax: number, detail: string): MiddlewareHandler {
  const onError = (): never => {
    throw new Problem(413, detail);
  };
  const counted = bodyLimit({ maxSize: bytesMax, onError });
  return (c, next) => {
    if (c.req.method === 'GET' || c.req.method === 'HEAD') return next();
    const length = c.req.header('Content-Length') ?? '';
    if (!/^\d+$/.test(length) || c.req.header('Transfer-Encoding') !== undefined) return counted(c, next);
    return Number(length) > bytesMax ? onError() : next();
  };
}
