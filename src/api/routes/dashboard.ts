/**
 * The dashboard: its page for every address of a view, and the files that the page asks for.
 *
 * Boundary: files are handed in whole (ports.ts), so that no request reaches the disk and no path can lead out of a folder.
 * Only the addresses below answer with the page: what is no view stays a 404, and the API's own paths are never shadowed.
 * Files under assets/ have their content's hash in their names and never change; the page is asked for again each time.
 */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ApiDeps, DashboardFile } from '../ports.ts';
import { Problem } from '../problem.ts';

/** Addresses of views; web/src/url/route.ts reads and writes the same. */
export const VIEW_PATHS = [
  '/',
  '/city/:city',
  '/city/:city/live',
  '/city/:city/district/:district',
  '/city/:city/district/:district/sensor',
  '/operator',
] as const;

const PAGE = 'index.html';
const YEAR_S = 365 * 24 * 3_600;
const FOREVER = `public, max-age=${String(YEAR_S)}, immutable`;

export function addDashboard(app: OpenAPIHono, { dashboard }: Pick<ApiDeps, 'dashboard'>): void {
  if (dashboard === undefined) return;
  for (const path of VIEW_PATHS) app.get(path, (c) => answerFile(c, dashboard.get(PAGE), 'no-cache'));
  app.get('/assets/:file', (c) => answerFile(c, dashboard.get(`assets/${c.req.param('file')}`), FOREVER));
}

/** @throws {Problem} 404 where there is no such file: a page of an earlier version asks for files that are gone. */
function answerFile(c: Context, file: DashboardFile | undefined, cacheControl: string): Response {
  if (file === undefined) throw new Problem(404, `There is no ${c.req.path}; reload the page.`);
  const accepted = c.req.header('Accept-Encoding') ?? '';
  const encoding = (['br', 'gzip'] as const).find((one) => takes(accepted, one) && file.bodies[one] !== undefined);
  const etag = `"${file.hash}${encoding === undefined ? '' : `-${encoding}`}"`;
  const headers = { ETag: etag, 'Cache-Control': cacheControl, Vary: 'Accept-Encoding' };
  if (isKnown(c.req.header('If-None-Match'), etag)) return c.body(null, 304, headers);
  const body = (encoding === undefined ? undefined : file.bodies[encoding]) ?? file.bodies.identity;
  return c.body(body, 200, {
    ...headers,
    'Content-Type': file.type,
    ...(encoding === undefined ? {} : { 'Content-Encoding': encoding }),
  });
}

/** True where the header names the coding without refusing it (`q=0`). */
function takes(accepted: string, coding: string): boolean {
  return accepted.split(',').some((part) => {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    return name === coding && !parameters.some((text) => /^q=0(\.0*)?$/.test(text));
  });
}

function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? [];
  return tags.includes(etag) || tags.includes('*');
}
