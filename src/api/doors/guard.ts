/**
 * The guard in front of every route: who calls, may they, and how often.
 *
 * Boundary: middleware over what its neighbours in this folder know. It answers 401 where nobody known calls, 403 where
 * somebody known (or a page of another origin) may not, 429 where somebody comes too often.
 */
import type { Context, MiddlewareHandler } from 'hono';
import type { Scope } from '../../model/scopes.ts';
import { Problem } from '../problem.ts';
import { credentialOf, type Caller, type Identify } from './caller.ts';
import { isForLoopback, isOwnOrigin } from './origins.ts';
import type { RateLimits } from './rate-limits.ts';
import { isWithin, scopeNeeded } from './rights.ts';

export interface GuardDeps {
  /** Rights of who shows no credential. */
  readonly anonymous: ReadonlySet<Scope>;
  /** Who shows none must have asked for this machine by a loopback name. */
  readonly anonymousOnLoopbackOnly: boolean;
  readonly identify: Identify;
  readonly addressOf: (c: Context) => string;
  readonly limits: RateLimits;
  /** Origins whose pages may act for who shows no credential. */
  readonly origins: readonly string[];
}

export function createGuard(deps: GuardDeps): MiddlewareHandler {
  return async (c, next) => {
    const scope = scopeNeeded(c.req.method, c.req.path);
    if (scope === null) return next();
    const caller = await callerOf(c, deps);
    await deps.limits.count(c, caller.name);
    assertMay(c, caller, scope, deps);
    return next();
  };
}

async function callerOf(c: Context, deps: GuardDeps): Promise<Caller> {
  const address = deps.addressOf(c);
  const credential = credentialOf(c);
  if (credential === undefined)
    return { name: `address:${address}`, scopes: deps.anonymous, place: null, isAnonymous: true };
  await deps.limits.checkFailures(address);
  const known = credential === null ? null : await deps.identify(credential);
  if (known !== null) return { ...known, isAnonymous: false };
  await deps.limits.countFailure(address);
  throw new Problem(401, 'The key or token is not known, or no longer good.', {
    headers: { 'WWW-Authenticate': 'Bearer realm="hourglass", error="invalid_token"' },
  });
}

/** @throws {Problem} 401, 403 */
function assertMay(c: Context, caller: Caller, scope: Scope, deps: GuardDeps): void {
  if (caller.isAnonymous && deps.anonymousOnLoopbackOnly && !isForLoopback(c))
    throw new Problem(
      403,
      'Without a key this server answers only to loopback names such as localhost. Set HOURGLASS_API_KEYS_FILE or HOURGLASS_ANONYMOUS_SCOPES to open it to others.',
    );
  if (!caller.scopes.has(scope)) throw caller.isAnonymous ? unknownCaller(scope) : missingScope(scope);
  const isUpgrade = c.req.header('Upgrade') !== undefined;
  if (caller.isAnonymous && (scope !== 'read' || isUpgrade) && !isOwnOrigin(c, deps.origins))
    throw new Problem(403, 'Pages of another origin may not do this without a key; see HOURGLASS_CORS_ORIGINS.');
  if (scope === 'ingest' && caller.place !== null && !isWithin(caller.place, c.req.path))
    throw new Problem(403, `This key may publish to ${caller.place} only.`);
}

function unknownCaller(scope: Scope): Problem {
  return new Problem(
    401,
    `This needs a key or token with the scope ${scope}, as \`Authorization: Bearer ...\` or \`X-API-Key: ...\`.`,
    { headers: { 'WWW-Authenticate': 'Bearer realm="hourglass"' } },
  );
}

function missingScope(scope: Scope): Problem {
  return new Problem(403, `This needs the scope ${scope}, which this key or token does not have.`, {
    headers: { 'WWW-Authenticate': `Bearer realm="hourglass", error="insufficient_scope", scope="${scope}"` },
  });
}
