/**
 * OIDC access tokens (JWT): verified with the issuer's own keys, which are fetched and rotated by `jose`.
 *
 * Boundary: a token in, a caller out. Issuer, audience and algorithms are pinned by configuration; only asymmetric
 * algorithms can be configured, so that a public key can never pass as a shared secret. `exp` and `sub` are required.
 * Scopes are the words of `scope` (RFC 9068) or `scp`; a claim `hourglass_place` binds publishing to a city or district.
 */
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Clock } from '../../model/clock.ts';
import type { OidcConfig } from '../../model/config.ts';
import {
  JWKS_AGE_MS_MAX,
  JWKS_COOLDOWN_MS,
  OIDC_CALL_MS_MAX,
  TOKEN_CLOCK_SKEW_S,
  VERIFIED_TOKEN_MS_MAX,
  VERIFIED_TOKENS_MAX,
} from '../../model/limits.ts';
import { isScope, type Scope } from '../../model/scopes.ts';
import { Problem } from '../problem.ts';
import { readPlace } from './api-keys.ts';
import type { Identify } from './caller.ts';

const discovery = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });

/** @returns a function that answers null for a token that is not good, and rejects with 503 where the issuer is away. */
export function createTokenVerifier(config: OidcConfig, clock: Clock): Identify {
  let keys: ReturnType<typeof createRemoteJWKSet> | null = null;
  const keySet = async (): Promise<NonNullable<typeof keys>> => {
    keys ??= createRemoteJWKSet(await jwksUrl(config), {
      cooldownDuration: JWKS_COOLDOWN_MS,
      cacheMaxAge: JWKS_AGE_MS_MAX,
      timeoutDuration: OIDC_CALL_MS_MAX,
    });
    return keys;
  };
  // A signature costs ten times all else that a request does, and a caller shows the same token again and again.
  const known = new LRUCache<string, Verified>({ max: VERIFIED_TOKENS_MAX });
  const verify = async (token: string): Promise<Verified['caller']> => {
    try {
      const { payload } = await jwtVerify(token, await keySet(), {
        issuer: config.issuer,
        audience: config.audience,
        algorithms: [...config.algorithms],
        requiredClaims: ['exp', 'sub'],
        clockTolerance: TOKEN_CLOCK_SKEW_S,
        currentDate: new Date(clock.nowMs()),
      });
      const caller = { name: `token:${payload.sub ?? ''}`, scopes: scopesOf(payload), place: placeOf(payload) };
      const untilMs = Math.min(clock.nowMs() + VERIFIED_TOKEN_MS_MAX, (payload.exp ?? 0) * 1_000);
      known.set(token, { caller, untilMs });
      return caller;
    } catch (error) {
      if (isTokensFault(error)) return null;
      throw new Problem(503, 'The issuer of tokens does not answer; try again in a few seconds.', { cause: error });
    }
  };
  return async (token) => {
    const verified = known.get(token);
    return verified !== undefined && clock.nowMs() < verified.untilMs ? verified.caller : verify(token);
  };
}

interface Verified {
  readonly caller: Awaited<ReturnType<Identify>>;
  readonly untilMs: number;
}

async function jwksUrl({ issuer, jwksUrl: given }: OidcConfig): Promise<URL> {
  if (given !== null) return new URL(given);
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(OIDC_CALL_MS_MAX) });
  if (!answer.ok) throw new Error(`${url}: ${String(answer.status)}`);
  const found = discovery.parse(await answer.json());
  if (found.issuer !== issuer) throw new Error(`${url} speaks for ${found.issuer}`);
  return new URL(found.jwks_uri);
}

/** Wrong signature, issuer, time, algorithm, form, or a key the issuer does not have; all else is the issuer's side. */
function isTokensFault(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return false;
  if (error instanceof InvalidPlace) return true;
  return error instanceof errors.JOSEError && error.code !== 'ERR_JOSE_GENERIC';
}

function scopesOf({ scope, scp }: JWTPayload): ReadonlySet<Scope> {
  const words = [scope, ...(Array.isArray(scp) ? (scp as unknown[]) : [scp])]
    .filter((part) => typeof part === 'string')
    .flatMap((part) => part.split(' '));
  return new Set(words.filter(isScope));
}

class InvalidPlace extends Error {}

/** A place that cannot be read must not become "any". */
function placeOf({ hourglass_place: place }: JWTPayload): string | null {
  if (place === undefined) return null;
  try {
    return readPlace(typeof place === 'string' ? place : '');
  } catch (error) {
    throw new InvalidPlace('hourglass_place', { cause: error });
  }
}
