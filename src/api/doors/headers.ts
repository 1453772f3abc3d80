/**
 * Headers of every answer: what browsers may do with it, and which pages of others may read it.
 *
 * Boundary: Hono's own middleware with our choices. The policy is for pages of this server: scripts of its own, styles that
 * chart and map libraries write inline, workers and pictures that they make in the browser, live data from here; nothing
 * from elsewhere. A route that needs another policy sets its own. Strict-Transport-Security is left to whoever terminates TLS: it speaks for a whole host name.
 */
import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { secureHeaders } from 'hono/secure-headers';
import { PREFLIGHT_AGE_S } from '../../model/limits.ts';

export const securityHeaders: MiddlewareHandler = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'self'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:', 'blob:'],
    connectSrc: ["'self'"],
    workerSrc: ["'self'", 'blob:'],
    objectSrc: ["'none'"],
    baseUri: ["'self'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
  },
  referrerPolicy: 'no-referrer',
  strictTransportSecurity: false,
  xFrameOptions: 'DENY',
  xXssProtection: false,
  overwrite: false,
});

/** @param origins whose pages may read answers, as `https://host[:port]`; none: no page of another origin. */
export function crossOrigin(origins: readonly string[]): MiddlewareHandler {
  return cors({
    origin: [...origins],
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    allowHeaders: [
      'Authorization',
      'X-API-Key',
      'Content-Type',
      'If-None-Match',
      'Last-Event-ID',
      'Nats-Msg-Id',
      'Hourglass-Seq',
    ],
    exposeHeaders: [
      'ETag',
      'Hourglass-Final-Through',
      'Hourglass-Revision',
      'Hourglass-Watermark',
      'RateLimit',
      'RateLimit-Policy',
      'Retry-After',
    ],
    maxAge: PREFLIGHT_AGE_S,
  });
}
