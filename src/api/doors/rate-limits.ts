/**
 * How often a caller may come: per key or token, else per address, with the headers of the IETF's draft
 * (draft-ietf-httpapi-ratelimit-headers: `RateLimit-Policy`, `RateLimit`) and `Retry-After` on 429.
 *
 * Boundary: counts in this process; several API processes count each for itself. Its memory is bounded by how many
 * callers can come within one window.
 */
import type { Context } from 'hono';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { BAD_CREDENTIALS_PER_WINDOW_MAX, RATE_WINDOW_S } from '../../model/limits.ts';
import { Problem } from '../problem.ts';

export interface RateLimits {
  /** Counts a request and says what is left. @throws {Problem} 429 */
  count(c: Context, caller: string): Promise<void>;
  /** Counts a credential that stands for nobody. */
  countFailure(address: string): Promise<void>;
  /** @throws {Problem} 429 where an address has tried too many: nothing of it is verified any more. */
  checkFailures(address: string): Promise<void>;
}

/** @param requestsPerSecond on average over a window of RATE_WINDOW_S; 0: no limit. */
export function createRateLimits(requestsPerSecond: number): RateLimits {
  const quota = Math.ceil(requestsPerSecond * RATE_WINDOW_S);
  const requests = quota === 0 ? null : new RateLimiterMemory({ points: quota, duration: RATE_WINDOW_S });
  const failures = new RateLimiterMemory({ points: BAD_CREDENTIALS_PER_WINDOW_MAX, duration: RATE_WINDOW_S });
  const policy = `"requests";q=${String(quota)};w=${String(RATE_WINDOW_S)}`;
  return {
    async count(c, caller) {
      if (requests === null) return;
      const state = await requests.consume(caller).catch((refused: unknown) => refused);
      if (!(state instanceof RateLimiterRes)) throw state;
      c.header('RateLimit-Policy', policy);
      c.header('RateLimit', `"requests";r=${String(state.remainingPoints)};t=${String(seconds(state))}`);
      if (state.consumedPoints > quota)
        throw tooMany(`At most ${String(quota)} requests in ${String(RATE_WINDOW_S)} s are answered.`, state);
    },
    async countFailure(address) {
      await failures.consume(address).catch(() => undefined);
    },
    async checkFailures(address) {
      const state = await failures.get(address);
      if (state !== null && state.consumedPoints >= BAD_CREDENTIALS_PER_WINDOW_MAX)
        throw tooMany('Too many keys or tokens that are not known came from this address.', state);
    },
  };
}

function tooMany(detail: string, state: RateLimiterRes): Problem {
  const after = String(seconds(state));
  return new Problem(429, `${detail} Try again in ${after} s.`, { headers: { 'Retry-After': after } });
}

function seconds({ msBeforeNext }: RateLimiterRes): number {
  return Math.max(1, Math.ceil(msBeforeNext / 1_000));
}
