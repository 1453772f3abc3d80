/**
 * Doors and locks: everything a request passes before it reaches a route, in order.
 *
 * Boundary: put together here from one subject a file; settings come from the configuration. Without settings (a test
 * of routes) everybody may do everything, as often as they like.
 */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { compress, COMPRESSIBLE_CONTENT_TYPE_REGEX } from 'hono/compress';
import type { Clock } from '../../model/clock.ts';
import type { OidcConfig } from '../../model/config.ts';
import { COMPRESS_BYTES_MIN } from '../../model/limits.ts';
import { SCOPES, type Scope } from '../../model/scopes.ts';
import { createAddressReader } from './addresses.ts';
import type { ApiKey } from './api-keys.ts';
import type { Identify } from './caller.ts';
import { createGuard } from './guard.ts';
import { crossOrigin, securityHeaders } from './headers.ts';
import { createRateLimits } from './rate-limits.ts';
import { bodyLimits, urlLimit } from './request-limits.ts';
import { createTokenVerifier } from './tokens.ts';

export interface Doors {
  /** Rights of who shows no credential. */
  readonly anonymous: ReadonlySet<Scope>;
  /** Who shows none must have asked for this machine by a loopback name. */
  readonly anonymousOnLoopbackOnly: boolean;
  readonly keys: { find(secret: string): Promise<ApiKey | null> } | null;
  readonly oidc: OidcConfig | null;
  readonly corsOrigins: readonly string[];
  readonly trustedProxies: readonly string[];
  /** 0: no limit. */
  readonly requestsPerSecondMax: number;
}

export const OPEN_DOORS: Doors = {
  anonymous: new Set(SCOPES),
  anonymousOnLoopbackOnly: false,
  keys: null,
  oidc: null,
  corsOrigins: [],
  trustedProxies: [],
  requestsPerSecondMax: 0,
};

export function addDoors(app: OpenAPIHono, doors: Doors, clock: Clock): void {
  app.use(securityHeaders);
  if (doors.corsOrigins.length > 0) app.use(crossOrigin(doors.corsOrigins));
  app.use(urlLimit);
  app.use(
    createGuard({
      anonymous: doors.anonymous,
      anonymousOnLoopbackOnly: doors.anonymousOnLoopbackOnly,
      identify: identifierOf(doors, clock),
      addressOf: createAddressReader(doors.trustedProxies),
      limits: createRateLimits(doors.requestsPerSecondMax),
      origins: doors.corsOrigins,
    }),
  );
  app.use(bodyLimits);
  app.use(compress({ threshold: COMPRESS_BYTES_MIN, contentTypeFilter: isCompressible }));
  app.use(varyByEncoding);
}

function identifierOf({ keys, oidc }: Doors, clock: Clock): Identify {
  const verify = oidc === null ? null : createTokenVerifier(oidc, clock);
  return async (credential) => {
    // A JWT has three parts; a key has no dot.
    if (verify !== null && credential.split('.').length === 3) return verify(credential);
    const key = await keys?.find(credential);
    return key == null ? null : { name: `key:${key.name}`, scopes: key.scopes, place: key.place };
  };
}

/** Said before `compress` says it, whose way makes a stream of a body that is there. */
const varyByEncoding: MiddlewareHandler = async (c, next) => {
  await next();
  const { headers } = c.res;
  if (!isCompressible(headers.get('Content-Type') ?? '') || /accept-encoding/i.test(headers.get('Vary') ?? '')) return;
  headers.append('Vary', 'Accept-Encoding');
};

function isCompressible(type: string): boolean {
  return COMPRESSIBLE_CONTENT_TYPE_REGEX.test(type) || type.startsWith('application/x-ndjson');
}
