import { OpenAPIHono } from '@hono/zod-openapi';
import { describe, expect, it } from 'vitest';
import { formatRoute, START, type View } from '../../../web/src/url/route.ts';
import type { DashboardFile } from '../ports.ts';
import { respond, toProblem } from '../problem.ts';
import { addDashboard } from './dashboard.ts';

const bytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text));
const file = (type: string, text: string): DashboardFile => ({
  type,
  hash: 'abc',
  bodies: { identity: bytes(text), br: bytes(`br ${text}`), gzip: bytes(`gzip ${text}`) },
});

function appWith(files: Record<string, DashboardFile>): OpenAPIHono {
  const app = new OpenAPIHono();
  app.onError((error, c) => respond(c, toProblem(error)));
  addDashboard(app, { dashboard: new Map(Object.entries(files)) });
  return app;
}

describe('the dashboard’s files', () => {
  const app = appWith({
    'index.html': file('text/html; charset=utf-8', 'page'),
    'assets/index-1.js': file('text/javascript; charset=utf-8', 'code'),
  });

  it('every address that a view can have answers with the page, to be asked for again each time', async () => {
    const views: View[] = [
      { name: 'start' },
      { name: 'operator' },
      { name: 'city', city: 'a' },
      { name: 'live', city: 'a' },
      { name: 'district', city: 'a', district: 'b' },
      { name: 'sensor', city: 'a', district: 'b', kind: 'c', sensor: 'urn:x/y?z#1' },
    ];
    for (const view of views) {
      const answer = await app.request(formatRoute({ ...START, view, metric: 'no2' }));
      expect(answer.status).toBe(200);
      expect(await answer.text()).toBe('page');
      expect(answer.headers.get('cache-control')).toBe('no-cache');
      expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    }
  });

  it('what is no view, and what belongs to the API, does not', async () => {
    for (const path of ['/v1', '/v1/anything', '/city', '/city/a/b', '/city/a/district', '/index.html', '/assets'])
      expect((await app.request(path)).status).toBe(404);
  });

  it('files with a hash in their names may be kept for ever; those that are gone are a problem', async () => {
    const answer = await app.request('/assets/index-1.js');
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(await answer.text()).toBe('code');
    const gone = await app.request('/assets/index-0.js');
    expect(gone.status).toBe(404);
    expect(await gone.json()).toMatchObject({ status: 404, detail: expect.stringContaining('reload') });
    expect((await app.request('/assets/..%2Findex.html')).status).toBe(404);
  });

  it('are sent as small as the browser takes them, each form with its own tag', async () => {
    const get = (accept: string, etag = ''): Response | Promise<Response> =>
      app.request('/', { headers: { 'accept-encoding': accept, 'if-none-match': etag } });
    const brotli = await get('gzip, deflate, br, zstd');
    expect([brotli.headers.get('content-encoding'), await brotli.text()]).toEqual(['br', 'br page']);
    const gzip = await get('br;q=0, gzip;q=0.5');
    expect([gzip.headers.get('content-encoding'), await gzip.text()]).toEqual(['gzip', 'gzip page']);
    expect((await get('')).headers.get('content-encoding')).toBeNull();
    expect(brotli.headers.get('vary')).toBe('Accept-Encoding');
    const tag = brotli.headers.get('etag') ?? '';
    expect(gzip.headers.get('etag')).not.toBe(tag);
    const known = await get('br', tag);
    expect([known.status, await known.text(), known.headers.get('etag')]).toEqual([304, '', tag]);
    expect((await get('gzip', tag)).status).toBe(200);
  });

  it('without a build there is none', async () => {
    const none = new OpenAPIHono();
    addDashboard(none, {});
    expect((await none.request('/')).status).toBe(404);
  });
});
