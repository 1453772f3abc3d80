/**
 * What /openapi.json says of credentials and limits: written from the same rules that the guard applies.
 *
 * Boundary: an OpenAPI document in, the same with security, 401, 403, 413, 414, 415 and 429 out.
 */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Scope } from '../../model/scopes.ts';
import { LIVE_PATH } from '../params.ts';
import { problems } from '../problem.ts';
import { scopeNeeded } from './rights.ts';

type Document = ReturnType<OpenAPIHono['getOpenAPI31Document']>;

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;
/** The groups of the reference page. */
const TAGS = { read: 'read', ingest: 'publish', admin: 'administer', open: 'open to everybody' } as const;
const SCHEMES = {
  key: {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
    description: 'A key made with `hourglass key`; `Authorization: Bearer` takes it, too.',
  },
  bearer: { type: 'http', scheme: 'bearer', description: 'A key, or an access token (JWT) of the configured issuer.' },
  access_token: {
    type: 'apiKey',
    in: 'query',
    name: 'access_token',
    description:
      'For EventSource and WebSocket in browsers, which cannot set headers. It may end up in logs: `read` alone.',
  },
} as const;
const header = (description: string): object => ({ description, schema: { type: 'string' } });
const LIMIT_HEADERS = {
  'RateLimit-Policy': header('`"requests";q=<requests>;w=<seconds>` (IETF draft).'),
  RateLimit: header('`"requests";r=<requests left>;t=<seconds until all are back>`.'),
};

/** @param anonymous what may be done without a credential. */
export function withSecurity(document: Document, anonymous: ReadonlySet<Scope>): Document {
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const method of METHODS) {
      const operation = item[method];
      if (operation === undefined) continue;
      const scope = scopeNeeded(method.toUpperCase(), path);
      operation.tags ??= [TAGS[scope ?? 'open']];
      operation.security = securityOf(path, scope, anonymous);
      operation.responses = { ...refusals(scope, method, operation.requestBody !== undefined), ...operation.responses };
      if (scope !== null) for (const answer of Object.values(operation.responses)) addLimitHeaders(answer);
    }
  }
  document.components = { ...document.components, securitySchemes: SCHEMES };
  return document;
}

function securityOf(path: string, scope: Scope | null, anonymous: ReadonlySet<Scope>): Record<string, string[]>[] {
  if (scope === null) return [];
  const schemes = path === LIVE_PATH ? ['key', 'bearer', 'access_token'] : ['key', 'bearer'];
  const credentials = schemes.map((scheme) => ({ [scheme]: [scope] }));
  return anonymous.has(scope) ? [{}, ...credentials] : credentials;
}

const REFERENCE = { schema: { $ref: '#/components/schemas/Problem' } };

function refusals(scope: Scope | null, method: string, takesBody: boolean): Record<string, object> {
  const statuses = [
    414,
    ...(scope === null ? [] : ([401, 403, 429, 503] as const)),
    ...(method === 'get' ? [] : ([413] as const)),
    ...(takesBody ? ([415] as const) : []),
  ] as const;
  return Object.fromEntries(
    Object.entries(problems(...statuses)).map(([status, { description }]) => [
      status,
      { description, content: { 'application/problem+json': REFERENCE } },
    ]),
  );
}

function addLimitHeaders(answer: { headers?: object } | { $ref: string }): void {
  if ('$ref' in answer) return;
  const own = 'headers' in answer ? answer.headers : undefined;
  Object.assign(answer, { headers: { ...own, ...LIMIT_HEADERS } });
}
