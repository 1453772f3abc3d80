/** A real issuer on loopback: discovery, keys over HTTP, rotation. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  exportJWK,
  exportSPKI,
  generateKeyPair,
  SignJWT,
  UnsecuredJWT,
  type CryptoKey,
  type JWK,
  type JWTPayload,
} from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ADMIN, behind, INGEST, publishing, READ, type PlainRequest } from '../../../test/support/doors.ts';
import type { CheckedApi } from '../../../test/support/api.ts';
import { JWKS_COOLDOWN_MS, TOKEN_CLOCK_SKEW_S } from '../../model/limits.ts';

const AUDIENCE = 'hourglass';
let issuerServer: Server;
let issuer: string;
let published: JWK[] = [];
let api: CheckedApi;
let key: { privateKey: CryptoKey; publicKey: CryptoKey };

beforeAll(async () => {
  key = await generateKeyPair('ES256', { extractable: true });
  published = [{ ...(await exportJWK(key.publicKey)), kid: 'first', alg: 'ES256' }];
  issuerServer = createServer((request, response) => {
    response.setHeader('Content-Type', 'application/json');
    const isDiscovery = request.url === '/.well-known/openid-configuration';
    response.end(JSON.stringify(isDiscovery ? { issuer, jwks_uri: `${issuer}/keys` } : { keys: published }));
  }).listen(0, '127.0.0.1');
  await once(issuerServer, 'listening');
  issuer = `http://127.0.0.1:${String((issuerServer.address() as AddressInfo).port)}`;
  api = await fresh();
});
afterAll(() => {
  issuerServer.closeAllConnections();
  issuerServer.close();
});
afterEach(() => vi.useRealTimers());

function fresh(): Promise<CheckedApi> {
  return behind({ oidc: { issuer, audience: AUDIENCE, jwksUrl: null, algorithms: ['ES256'] } });
}

const nowS = (): number => Math.floor(Date.now() / 1_000);
const claims = (more: Record<string, unknown> = {}): JWTPayload => ({
  iss: issuer,
  aud: AUDIENCE,
  sub: 'dashboard',
  exp: nowS() + 600,
  scope: 'openid read',
  ...more,
});
const signed = (payload: JWTPayload, kid = 'first', by = key.privateKey): Promise<string> =>
  new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid }).sign(by);
const status = async (token: string, path = READ, init: PlainRequest = {}, of = api): Promise<number> =>
  (await of.request(path, { ...init, headers: { ...init.headers, Authorization: `Bearer ${token}` } })).status;

describe('an access token', () => {
  it('is good with the issuer’s signature, and gives the scopes it names', async () => {
    expect(await status(await signed(claims()))).toBe(200);
    expect(await status(await signed(claims()), ADMIN)).toBe(403);
    expect(await status(await signed(claims({ scope: undefined, scp: ['admin'] })), ADMIN)).toBe(200);
    expect(await status(await signed(claims({ scope: 'readadmin' })))).toBe(403);
  });

  it('can be bound to a place; a place that cannot be read is not "any"', async () => {
    const publish = async (place: unknown): Promise<number> =>
      status(await signed(claims({ scope: 'ingest', hourglass_place: place })), INGEST, publishing());
    expect(await publish('lisbon/alfama')).toBe(202);
    expect(await publish('porto')).toBe(403);
    expect(await publish(['lisbon'])).toBe(401);
    expect(await publish('')).toBe(401);
  });

  it.each<[string, Record<string, unknown>]>([
    ['another issuer', { iss: 'https://evil.example' }],
    ['another audience', { aud: 'another' }],
    ['no audience', { aud: undefined }],
    ['no expiry', { exp: undefined }],
    ['no subject', { sub: undefined }],
    ['an expiry in the past', { exp: Math.floor(Date.now() / 1_000) - TOKEN_CLOCK_SKEW_S - 5 }],
    ['a beginning in the future', { nbf: Math.floor(Date.now() / 1_000) + 600 }],
  ])('with %s is refused', async (_, wrong) => {
    expect(await status(await signed(claims(wrong)))).toBe(401);
  });

  it('cannot choose its algorithm: none, a shared secret made of the public key, one that is not pinned', async () => {
    expect(await status(new UnsecuredJWT(claims()).encode())).toBe(401);
    const secret = new TextEncoder().encode(await exportSPKI(key.publicKey));
    expect(
      await status(await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid: 'first' }).sign(secret)),
    ).toBe(401);
    const rsa = await generateKeyPair('RS256');
    published.push({ ...(await exportJWK(rsa.publicKey)), kid: 'rsa', alg: 'RS256' });
    const other = await fresh();
    const token = await new SignJWT(claims()).setProtectedHeader({ alg: 'RS256', kid: 'rsa' }).sign(rsa.privateKey);
    expect(await status(token, READ, {}, other)).toBe(401);
  });

  it('signed by another key under a known name, or changed after signing, is refused', async () => {
    const other = await generateKeyPair('ES256');
    expect(await status(await signed(claims(), 'first', other.privateKey))).toBe(401);
    const [head, , signature] = (await signed(claims())).split('.');
    const payload = Buffer.from(JSON.stringify(claims({ scope: 'admin' }))).toString('base64url');
    expect(await status(`${String(head)}.${payload}.${String(signature)}`, ADMIN)).toBe(401);
  });

  it('of a key that the issuer has changed to is good after a cool-down, and one of a withdrawn key is not', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    const of = await fresh();
    const before = await signed(claims());
    expect(await status(before, READ, {}, of)).toBe(200);
    const next = await generateKeyPair('ES256', { extractable: true });
    published = [{ ...(await exportJWK(next.publicKey)), kid: 'second', alg: 'ES256' }];
    const after = await signed(claims(), 'second', next.privateKey);
    expect(await status(after, READ, {}, of)).toBe(401);
    vi.setSystemTime(Date.now() + JWKS_COOLDOWN_MS + 1);
    expect(await status(after, READ, {}, of)).toBe(200);
    expect(await status(before, READ, {}, of)).toBe(401);
  });

  it('cannot be judged while the issuer is away: 503, not 401', async () => {
    const away = await behind({
      oidc: { issuer, audience: AUDIENCE, jwksUrl: 'http://127.0.0.1:9/keys', algorithms: ['ES256'] },
    });
    expect(await status(await signed(claims()), READ, {}, away)).toBe(503);
  });
});
