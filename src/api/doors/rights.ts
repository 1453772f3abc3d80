/**
 * Which request needs which scope: one function, which the guard asks and /openapi.json is written from.
 *
 * Boundary: method and path in, scope out. What no rule names is closed: a route that changes something and that
 * nobody thought of here needs `admin`.
 */
import type { Scope } from '../../model/scopes.ts';

/**
 * The same for every installation, or needed by machines that have no key: probes, the document, and pages, which ask for
 * the key that their questions need.
 */
const OPEN_PATHS = new Set(['/', '/healthz', '/readyz', '/openapi.json', '/docs', '/operator', '/favicon.ico']);
const OPEN_FOLDERS = ['/docs/', '/assets/', '/city/'];

/** @returns null: open to everybody. */
export function scopeNeeded(method: string, path: string): Scope | null {
  if (method === 'OPTIONS') return null;
  const isRead = method === 'GET' || method === 'HEAD';
  if (isRead && (OPEN_PATHS.has(path) || OPEN_FOLDERS.some((folder) => path.startsWith(folder)))) return null;
  if (path.startsWith('/v1/admin/')) return 'admin';
  if (path.startsWith('/v1/readings/')) return 'ingest';
  // Its questions are sent by POST; it changes nothing.
  if (path === '/graphql') return 'read';
  return isRead ? 'read' : 'admin';
}

/** Whether a caller that is bound to a place (`city`, or `city/district`) may publish to a path of readings. */
export function isWithin(place: string, path: string): boolean {
  return path.startsWith(`/v1/readings/${place}/`);
}
