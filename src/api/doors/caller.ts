/**
 * Who calls: the name and rights that a request's credentials stand for.
 *
 * Boundary: reads headers (and, on one path, the query); keys and tokens are checked by what is handed in.
 */
import type { Context } from 'hono';
import type { Scope } from '../../model/scopes.ts';
import { LIVE_PATH } from '../params.ts';

export interface Caller {
  /** What limits and logs know it by: `key:<name>`, `token:<subject>`, `address:<address>`. */
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  /** `city` or `city/district` that it may publish to; null: any. */
  readonly place: string | null;
  readonly isAnonymous: boolean;
}

/** Finds who a credential stands for; null: nobody. Rejects with a `Problem` where that cannot be known now. */
export type Identify = (credential: string) => Promise<Omit<Caller, 'isAnonymous'> | null>;

const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]+)$/i;

/**
 * The key or token of a request. A browser's EventSource and WebSocket cannot set headers, so the live path also takes
 * `?access_token=` (RFC 6750, 2.3): such a URL may stand in logs of proxies and in a browser's history, so give it a key
 * of its own with `read` alone, or a token that lives for minutes. No other path takes it.
 *
 * @returns undefined: none was given; null: one was given that cannot be read.
 */
export function credentialOf(c: Context): string | null | undefined {
  const authorization = c.req.header('Authorization');
  if (authorization !== undefined) return BEARER.exec(authorization)?.[1] ?? null;
  const key = c.req.header('X-API-Key');
  if (key !== undefined) return key;
  return c.req.path === LIVE_PATH ? takeFromQuery(c) : undefined;
}

/** Takes it out of the request, too: no route needs to know it, and none can repeat it. */
function takeFromQuery(c: Context): string | undefined {
  const url = new URL(c.req.url);
  const token = url.searchParams.get('access_token');
  if (token === null) return undefined;
  url.searchParams.delete('access_token');
  c.req.raw = new Request(url, c.req.raw);
  return token;
}
