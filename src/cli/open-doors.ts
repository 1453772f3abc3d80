/**
 * The doors of the API as the configuration has them, and what they are in a line.
 *
 * Boundary: configuration in, settings out. On loopback everybody may do everything until keys or tokens are configured;
 * on any other address nobody may do anything until then. HOURGLASS_ANONYMOUS_SCOPES says otherwise.
 */
import { KeyFile } from '../api/doors/key-file.ts';
import type { Doors } from '../api/doors/doors.ts';
import { isLoopbackAddress } from '../api/doors/origins.ts';
import { systemClock } from '../model/clock.ts';
import type { Config } from '../model/config.ts';
import type { Log } from '../model/log.ts';
import { SCOPES, type Scope } from '../model/scopes.ts';

/** @throws {ConfigError} where the file of keys cannot be read. */
export async function openDoors(config: Config, log: Log): Promise<Doors> {
  const { apiKeysFile, oidc, anonymousScopes, corsOrigins, trustedProxies, requestsPerSecondMax } = config;
  const isConfigured = apiKeysFile !== null || oidc !== null;
  const isLoopback = isLoopbackAddress(config.httpHost);
  const byDefault: readonly Scope[] = isLoopback && !isConfigured ? SCOPES : [];
  const anonymous = new Set(anonymousScopes ?? byDefault);
  const keys = apiKeysFile === null ? null : await KeyFile.open(apiKeysFile, systemClock, (text) => log.warn(text));
  if (!isConfigured && anonymous.size === 0) {
    log.warn(
      `the API listens on ${config.httpHost} and lets nobody in: set HOURGLASS_API_KEYS_FILE (\`hourglass key NAME --scopes read\` makes its lines), HOURGLASS_OIDC_ISSUER, or HOURGLASS_ANONYMOUS_SCOPES=read`,
    );
  }
  return {
    anonymous,
    anonymousOnLoopbackOnly: isLoopback && anonymousScopes === null,
    keys,
    oidc,
    corsOrigins,
    trustedProxies,
    requestsPerSecondMax,
  };
}
