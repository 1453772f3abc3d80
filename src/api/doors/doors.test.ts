import { describe, expect, it } from 'vitest';
import { ADMIN, behind, depsBehind, INGEST, publishing, READ, type PlainRequest } from '../../../test/support/doors.ts';
import { BAD_CREDENTIALS_PER_WINDOW_MAX, BODY_BYTES_MAX, RATE_WINDOW_S, URL_CHARS_MAX } from '../../model/limits.ts';
import { SCOPES, type Scope } from '../../model/scopes.ts';
import { createApp } from '../app.ts';
import { startApi } from '../server.ts';
import { findKey, newKey, parseKeys } from './api-keys.ts';
import type { Doors } from './doors.ts';
import { scopeNeeded } from './rights.ts';

function ringOf(...lines: string[]): NonNullable<Doors['keys']> {
  const { keys, problems } = parseKeys(lines.join('\n'));
  if (problems.length > 0) throw new Error(problems.join('; '));
  return { find: (secret) => Promise.resolve(findKey(keys, secret)) };
}
const bearer = (key: string): Record<string, string> => ({ Authorization: `Bearer ${key}` });

describe('who may', () => {
  const requests: Record<Scope, [string, PlainRequest]> = {
    read: [READ, {}],
    ingest: [INGEST, publishing()],
    admin: [ADMIN, {}],
  };

  it.each(SCOPES)('a key with %s opens that door and no other, by either header', async (scope) => {
    const { key, line } = newKey('someone', [scope], null);
    const api = await behind({ keys: ringOf(line) });
    for (const [needed, [path, init]] of Object.entries(requests)) {
      for (const credential of [bearer(key), { 'X-API-Key': key }]) {
        const { status, headers } = await api.request(path, { ...init, headers: { ...init.headers, ...credential } });
        expect(status).toBe(needed !== scope ? 403 : needed === 'ingest' ? 202 : 200);
        if (status === 403) expect(headers.get('WWW-Authenticate')).toContain(`scope="${needed}"`);
      }
    }
  });

  it('without a key, with a wrong one, or with half of one: 401 that says how to come in', async () => {
    const { key, line } = newKey('someone', SCOPES, null);
    const api = await behind({ keys: ringOf(line) });
    for (const headers of [
      {},
      bearer(`${key}x`),
      bearer(key.slice(0, -1)),
      { Authorization: 'Basic dTpw' },
      { Authorization: 'Bearer' },
      { Authorization: `Bearer ${key} ${key}` },
      { 'X-API-Key': '' },
    ]) {
      for (const [path, init] of Object.values(requests)) {
        const answer = await api.request(path, { ...init, headers: { ...init.headers, ...headers } });
        expect([answer.status, answer.headers.get('WWW-Authenticate')]).toEqual([
          401,
          expect.stringMatching(/^Bearer/),
        ]);
      }
    }
  });

  it('what is open to everybody: probes, the document, and nothing that nobody thought of', async () => {
    const api = await behind({});
    for (const path of ['/healthz', '/readyz', '/openapi.json']) expect((await api.request(path)).status).toBe(200);
    for (const path of ['/v1/cities', '/metrics', '/v2', '/docs../v1/admin/pool', '/V1/cities', '//v1/admin/pool'])
      expect([path, (await api.request(path)).status]).toEqual([path, 401]);
    expect((await api.request('/healthz', { method: 'DELETE' })).status).toBe(401);
    expect(scopeNeeded('PUT', '/v1/registry/sensors')).toBe('admin');
    expect(scopeNeeded('POST', '/v1/of-tomorrow')).toBe('admin');
  });

  it('open rights are what the configuration says, and the document says the same', async () => {
    const api = await behind({ anonymous: new Set(['read']) });
    expect((await api.request(READ)).status).toBe(200);
    expect((await api.request(ADMIN)).status).toBe(401);
    const document = api.document as unknown as {
      paths: Record<string, Record<string, { security: object[] }>>;
      components: { securitySchemes: object };
    };
    expect(Object.keys(document.components.securitySchemes)).toEqual(['key', 'bearer', 'access_token']);
    expect(document.paths['/healthz']?.['get']?.security).toEqual([]);
    expect(document.paths['/v1/hourly']?.['get']?.security).toEqual([{}, { key: ['read'] }, { bearer: ['read'] }]);
    expect(document.paths['/v1/admin/pool']?.['put']?.security).toEqual([{ key: ['admin'] }, { bearer: ['admin'] }]);
  });

  it('a key bound to a place publishes there only', async () => {
    const district = newKey('gateway', ['ingest'], 'lisbon/alfama');
    const city = newKey('city', ['ingest'], 'lisbon');
    const api = await behind({ keys: ringOf(district.line, city.line) });
    const status = async (key: string, path: string): Promise<number> =>
      (await api.request(path, publishing(bearer(key)))).status;
    expect(await status(district.key, INGEST)).toBe(202);
    expect(await status(district.key, INGEST.replace('alfama', 'baixa'))).toBe(403);
    expect(await status(district.key, INGEST.replace('alfama', 'alfama2'))).toBe(403);
    expect(await status(city.key, INGEST.replace('alfama', 'baixa'))).toBe(202);
    expect(await status(city.key, INGEST.replace('lisbon', 'lisbon2'))).toBe(403);
  });

  it('a credential in the query counts on the live path only', async () => {
    const { key, line } = newKey('screen', ['read'], null);
    const app = createApp(depsBehind({ keys: ringOf(line) }));
    const server = await startApi(app, { host: '127.0.0.1', port: 0 });
    const statusOf = async (path: string): Promise<number> => (await fetch(server.url + path)).status;
    expect(await statusOf(`${READ}?access_token=${key}`)).toBe(401);
    expect(await statusOf('/v1/live?access_token=wrong')).toBe(401);
    const live = await fetch(`${server.url}/v1/live?city=lisbon&access_token=${key}`);
    // The route refuses parameters that it does not know: it was not shown this one.
    expect(live.status).toBe(200);
    await live.body?.cancel();
    await server.close();
  });
});

describe('pages of others', () => {
  const local = { anonymous: new Set(SCOPES), anonymousOnLoopbackOnly: true };

  it('a name that was pointed at this machine is not served without a key', async () => {
    const { key, line } = newKey('someone', SCOPES, null);
    const api = await behind({ ...local, keys: ringOf(line) });
    for (const host of ['localhost:8080', '127.0.0.1', '127.9.9.9:1', '[::1]:8080', 'app.localhost', 'LOCALHOST'])
      expect([host, (await api.request(READ, { headers: { Host: host } })).status]).toEqual([host, 200]);
    for (const host of [
      'evil.example',
      '127.0.0.1.evil.example',
      'localhost.evil.example',
      '192.168.0.7',
      '1270.0.0.1',
    ])
      expect([host, (await api.request(READ, { headers: { Host: host } })).status]).toEqual([host, 403]);
    expect((await api.request(READ, { headers: { Host: 'evil.example', ...bearer(key) } })).status).toBe(200);
  });

  it('a page of another origin can neither publish nor scale, and its WebSocket is not opened', async () => {
    const api = await behind({ ...local, corsOrigins: ['https://city.example'] });
    const status = async (path: string, init: PlainRequest, headers: Record<string, string>): Promise<number> =>
      (await api.request(path, { ...init, headers: { Host: 'localhost:8080', ...init.headers, ...headers } })).status;
    for (const [path, init, good] of [
      [INGEST, publishing(), 202],
      [ADMIN, {}, 200],
      [READ, { headers: { Upgrade: 'websocket' } }, 200],
    ] as const) {
      expect(await status(path, init, { Origin: 'http://localhost:8080' })).toBe(good);
      expect(await status(path, init, { Origin: 'https://city.example' })).toBe(good);
      expect(await status(path, init, { 'Sec-Fetch-Site': 'same-origin' })).toBe(good);
      for (const origin of [
        'http://evil.example',
        'http://localhost:9999',
        'null',
        'http://localhost:8080.evil.example',
      ])
        expect([origin, await status(path, init, { Origin: origin })]).toEqual([origin, 403]);
      expect(await status(path, init, { 'Sec-Fetch-Site': 'cross-site' })).toBe(403);
    }
  });

  it('CORS lets the configured origins read, and only them', async () => {
    const api = await behind({ anonymous: new Set(['read']), corsOrigins: ['https://city.example'] });
    const allowed = async (origin: string, init: PlainRequest = {}): Promise<string | null> =>
      (await api.request(READ, { ...init, headers: { Origin: origin } })).headers.get('Access-Control-Allow-Origin');
    expect(await allowed('https://city.example')).toBe('https://city.example');
    expect(await allowed('https://evil.example')).toBeNull();
    const preflight = await api.request(ADMIN, { method: 'OPTIONS', headers: { Origin: 'https://city.example' } });
    expect([preflight.status, preflight.headers.get('Access-Control-Allow-Headers')]).toEqual([
      204,
      expect.stringContaining('Authorization'),
    ]);
    const none = await behind({ anonymous: new Set(['read']) });
    const answer = await none.request(READ, { headers: { Origin: 'https://city.example' } });
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBeNull();
  });

  it('every answer says what browsers may do with it, refusals too', async () => {
    const api = await behind({});
    for (const path of ['/healthz', READ, '/nothing']) {
      const { headers } = await api.request(path);
      expect(headers.get('Content-Security-Policy')).toContain("script-src 'self';");
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
      expect(headers.get('X-Frame-Options')).toBe('DENY');
      expect(headers.get('Cache-Control')).toBe('no-store');
    }
  });
});

describe('how often', () => {
  it('a caller has its quota, told in every answer; beyond it 429 with Retry-After, and others go on', async () => {
    const a = newKey('a', ['read'], null);
    const b = newKey('b', ['read'], null);
    const api = await behind({ keys: ringOf(a.line, b.line), requestsPerSecondMax: 1 });
    const quota = RATE_WINDOW_S;
    for (let left = quota - 1; left >= 0; left--) {
      const { status, headers } = await api.request(READ, { headers: bearer(a.key) });
      expect(status).toBe(200);
      expect(headers.get('RateLimit-Policy')).toBe(`"requests";q=${String(quota)};w=${String(RATE_WINDOW_S)}`);
      expect(headers.get('RateLimit')).toMatch(new RegExp(`^"requests";r=${String(left)};t=\\d+$`));
    }
    const refused = await api.request(READ, { headers: bearer(a.key) });
    expect(refused.status).toBe(429);
    const after = Number(refused.headers.get('Retry-After'));
    expect(after).toBeGreaterThan(0);
    expect(after).toBeLessThanOrEqual(RATE_WINDOW_S);
    expect(refused.headers.get('RateLimit')).toContain(';r=0;');
    expect((await api.request(READ, { headers: bearer(b.key) })).status).toBe(200);
    expect((await api.request('/healthz')).status).toBe(200);
  });

  it('who guesses keys is not listened to any more, also where a later guess is right', async () => {
    const { key, line } = newKey('a', ['read'], null);
    const api = await behind({ keys: ringOf(line) });
    for (let n = 0; n < BAD_CREDENTIALS_PER_WINDOW_MAX; n++)
      expect((await api.request(READ, { headers: bearer(`guess-${String(n)}`) })).status).toBe(401);
    expect((await api.request(READ, { headers: bearer(key) })).status).toBe(429);
  });

  it('X-Forwarded-For is believed from trusted proxies only, and from the right', async () => {
    const serve = async (trustedProxies: string[]) => {
      const doors = { anonymous: new Set(SCOPES), requestsPerSecondMax: 0.1, trustedProxies };
      const server = await startApi(createApp(depsBehind(doors)), { host: '127.0.0.1', port: 0, trustedProxies });
      const status = async (forwarded: string): Promise<number> => {
        const headers = { 'X-Forwarded-For': forwarded, Connection: 'close' };
        return (await fetch(`${server.url}${READ}`, { headers })).status;
      };
      return { status, close: () => server.close() };
    };
    const plain = await serve([]);
    expect([await plain.status('198.51.100.1'), await plain.status('198.51.100.2')]).toEqual([200, 429]);
    await plain.close();
    const proxied = await serve(['127.0.0.0/8', '10.0.0.0/8']);
    expect([await proxied.status('198.51.100.1'), await proxied.status('198.51.100.2')]).toEqual([200, 200]);
    // What the client itself put in front is not looked at; inner proxies are skipped.
    expect(await proxied.status('203.0.113.9, 198.51.100.2, 10.1.1.1')).toBe(429);
    // One site of IPv6 is one caller.
    expect([await proxied.status('2001:db8::1'), await proxied.status('2001:db8:0:0:ffff::2')]).toEqual([200, 429]);
    expect(await proxied.status('2001:db8:0:1::1')).toBe(200);
    await proxied.close();
  });
});

describe('how large', () => {
  it('a URL, and a body where no route says more', async () => {
    const api = await behind({ anonymous: new Set(SCOPES) });
    expect((await api.request(`${READ}?x=${'y'.repeat(URL_CHARS_MAX)}`)).status).toBe(414);
    const put = (body: string): RequestInit => ({
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body,
    });
    expect((await api.request(ADMIN, put('{"workers":3}'))).status).toBe(200);
    expect((await api.request(ADMIN, put(`{"workers":3,"node":"${'x'.repeat(BODY_BYTES_MAX)}"}`))).status).toBe(413);
  });
});
