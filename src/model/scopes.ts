/**
 * What a caller of the API may do, as three scopes. They do not include one another: `admin` alone cannot publish.
 *
 * Boundary: names only; which request needs which is src/api/doors/rights.ts.
 */

/** `read`: every question; `ingest`: publish readings; `admin`: scale, flush, change what is registered. */
export const SCOPES = ['read', 'ingest', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

export function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text);
}
