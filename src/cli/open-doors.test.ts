import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newKey } from '../api/doors/api-keys.ts';
import { readConfig } from '../model/config.ts';
import { SCOPES } from '../model/scopes.ts';
import { openDoors } from './open-doors.ts';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hourglass-doors-'));
  file = join(folder, 'api-keys');
  await writeFile(file, newKey('someone', ['read'], null).line);
});
afterAll(() => rm(folder, { recursive: true }));

async function doorsOf(env: Record<string, string>) {
  const said: string[] = [];
  const say = (text: string): void => void said.push(text);
  const doors = await openDoors(readConfig(env), { debug: say, info: say, warn: say, error: say });
  return { anonymous: [...doors.anonymous], loopbackOnly: doors.anonymousOnLoopbackOnly, said };
}

it.each(['127.0.0.1', 'localhost', '::1'])(
  'on %s everybody may do everything until keys are configured',
  async (host) => {
    const open = await doorsOf({ HOURGLASS_HTTP_HOST: host });
    expect(open).toEqual({ anonymous: [...SCOPES], loopbackOnly: true, said: [] });
    const keyed = await doorsOf({ HOURGLASS_HTTP_HOST: host, HOURGLASS_API_KEYS_FILE: file });
    expect(keyed).toMatchObject({ anonymous: [], said: [] });
  },
);

it.each(['0.0.0.0', '::', '192.0.2.7', 'hourglass.example'])(
  'on %s nobody may until it is configured, and that is said',
  async (host) => {
    const closed = await doorsOf({ HOURGLASS_HTTP_HOST: host });
    expect(closed).toEqual({
      anonymous: [],
      loopbackOnly: false,
      said: [expect.stringMatching(/lets nobody in: set HOURGLASS_API_KEYS_FILE/)],
    });
    expect(await doorsOf({ HOURGLASS_HTTP_HOST: host, HOURGLASS_API_KEYS_FILE: file })).toMatchObject({ said: [] });
    const read = await doorsOf({ HOURGLASS_HTTP_HOST: host, HOURGLASS_ANONYMOUS_SCOPES: 'read' });
    expect(read).toEqual({ anonymous: ['read'], loopbackOnly: false, said: [] });
  },
);

it('open rights can be given and taken everywhere', async () => {
  const mixed = await doorsOf({ HOURGLASS_ANONYMOUS_SCOPES: 'read, ingest', HOURGLASS_API_KEYS_FILE: file });
  expect(mixed).toMatchObject({ anonymous: ['read', 'ingest'], loopbackOnly: false });
  expect(await doorsOf({ HOURGLASS_ANONYMOUS_SCOPES: 'none' })).toMatchObject({ anonymous: [] });
});

it('settings that cannot be used are refused, all of them at once', () => {
  const wrong = {
    HOURGLASS_OIDC_ISSUER: 'http://issuer.example',
    HOURGLASS_OIDC_ALGORITHMS: 'RS256,HS256',
    HOURGLASS_ANONYMOUS_SCOPES: 'write',
    HOURGLASS_CORS_ORIGINS: 'https://city.example/',
    HOURGLASS_TRUSTED_PROXIES: '10.0.0.0/33',
    HOURGLASS_REQUESTS_PER_SECOND: '-1',
  };
  const names = [...Object.keys(wrong), 'HOURGLASS_OIDC_AUDIENCE'];
  expect(() => readConfig(wrong)).toThrow(
    expect.objectContaining({
      message: expect.stringMatching(new RegExp(names.map((name) => `(?=.*${name})`).join(''))) as string,
    }),
  );
  const good = readConfig({
    HOURGLASS_OIDC_ISSUER: 'https://issuer.example/realms/city',
    HOURGLASS_OIDC_AUDIENCE: 'hourglass',
    HOURGLASS_CORS_ORIGINS: 'https://city.example, http://localhost:5173',
    HOURGLASS_TRUSTED_PROXIES: '10.0.0.0/8,::1',
  });
  expect(good).toMatchObject({
    oidc: { issuer: 'https://issuer.example/realms/city', audience: 'hourglass', algorithms: ['RS256', 'ES256'] },
    corsOrigins: ['https://city.example', 'http://localhost:5173'],
    trustedProxies: ['10.0.0.0/8', '::1'],
  });
});

it('a file of keys that is not there keeps the API from starting', async () => {
  await expect(doorsOf({ HOURGLASS_API_KEYS_FILE: join(folder, 'none') })).rejects.toThrow('HOURGLASS_API_KEYS_FILE');
});
