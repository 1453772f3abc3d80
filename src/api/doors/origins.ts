/**
 * Pages of others must not use a reader's browser to come in where no credential is asked for.
 *
 * Boundary: headers. Two ways are closed: a page of another origin that sends a request or opens a WebSocket (its
 * `Origin` or `Sec-Fetch-Site` says so), and a name that was pointed at this machine (DNS rebinding: `Host` says so).
 * Credentials here are never cookies, so a request that carries one was made by somebody who knows it.
 */
import type { Context } from 'hono';

const LOOPBACK_HOST = /^(localhost|[a-z0-9-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;

export function isLoopbackAddress(host: string): boolean {
  return LOOPBACK_HOST.test(host.includes(':') ? `[${host}]` : host);
}

/** The request names this machine as only this machine can be meant. */
export function isForLoopback(c: Context): boolean {
  return LOOPBACK_HOST.test(hostOf(c));
}

/** @param allowed other origins that may. */
export function isOwnOrigin(c: Context, allowed: readonly string[]): boolean {
  const origin = c.req.header('Origin');
  if (origin === undefined) return c.req.header('Sec-Fetch-Site') !== 'cross-site';
  if (allowed.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host.toLowerCase() === hostOf(c).toLowerCase();
}

function hostOf(c: Context): string {
  return c.req.header('Host') ?? new URL(c.req.url).host;
}
