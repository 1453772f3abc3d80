/**
 * The environment, read once, checked as a whole: all problems are reported together.
 *
 * Boundary: turns `process.env` (handed in) into a {@link Config}; nothing else reads the environment.
 */
import { availableParallelism } from 'node:os';
import { isIP } from 'node:net';
import { z } from 'zod';
import type { PoolBounds } from './cluster.ts';
import { ConfigError } from './errors.ts';
import { ALLOWED_DISORDER_MS, PARTITIONS_MAX, REQUESTS_PER_SECOND_DEFAULT, WORKERS_MAX } from './limits.ts';
import { isScope, SCOPES, type Scope } from './scopes.ts';

/** Where access tokens come from, and what they must say. */
export interface OidcConfig {
  readonly issuer: string;
  readonly audience: string;
  /** Null: the issuer's discovery document says it. */
  readonly jwksUrl: string | null;
  readonly algorithms: readonly string[];
}

export interface Config {
  /** External broker(s), comma separated `nats://` URLs; null: the embedded server is started. */
  readonly natsUrl: string | null;
  /** External database, `http://user:password@host:8123`; null: the embedded engine is started. */
  readonly clickhouseUrl: string | null;
  /** Monitoring endpoint of an external broker, `http://host:8222`; null: what it says about itself is not known. */
  readonly natsMonitorUrl: string | null;
  readonly dataDir: string;
  readonly httpHost: string;
  readonly httpPort: number;
  readonly natsPort: number;
  readonly mqttPort: number;
  readonly clickhousePort: number;
  /** Worker threads a node starts with. */
  readonly workers: number;
  /** Bounds between which they follow the load; null: they stay as they are set. */
  readonly autoWorkers: PoolBounds | null;
  /** Partitions of a stream that is created now; an existing stream keeps its own number. */
  readonly partitions: number;
  readonly durability: 'process' | 'power';
  readonly demo: boolean;
  /** Readings older than this many days before receipt are `too-old`; 0: no horizon. Also the tables' TTL. */
  readonly horizonDays: number;
  /** How late a reading may come and still be in time for its hour's first row, ms. */
  readonly allowedDisorderMs: number;
  /** Copies of streams and buckets: 1 embedded, 3 on a cluster. */
  readonly replicas: number;
  /** Bytes the READINGS stream may hold before it refuses publishers (invariant 12). */
  readonly streamBytesMax: number;
  /** Hours of used messages that stay in the stream, to be replayed if need be. */
  readonly replayHours: number;
  /** Keys of the API, one a line (src/api/doors/api-keys.ts); null: none. */
  readonly apiKeysFile: string | null;
  /** Null: no tokens. */
  readonly oidc: OidcConfig | null;
  /** What callers without a credential may do; null: everything on loopback while neither keys nor tokens are configured, else nothing. */
  readonly anonymousScopes: readonly Scope[] | null;
  /** Other origins whose pages may read answers. */
  readonly corsOrigins: readonly string[];
  /** Addresses and subnets whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  /** Requests a second of one key, token or address; 0: no limit. */
  readonly requestsPerSecondMax: number;
}

const port = (fallback: number) => z.coerce.number().int().min(1).max(65_535).default(fallback);
const emptyIsUnset = (value: unknown): unknown => (value === '' ? undefined : value);
const natsUrls = z
  .string()
  .regex(/^((nats|tls|ws|wss):\/\/)?[^\s,]+(,((nats|tls|ws|wss):\/\/)?[^\s,]+)*$/, 'expected nats://host:port');

const WORKERS_DEFAULT = Math.max(1, availableParallelism() - 1);

/** `4`; `auto`; `auto:1..8`. */
function readWorkers(text: string, context: z.RefinementCtx): Pick<Config, 'workers' | 'autoWorkers'> {
  const isCount = (count: number): boolean => Number.isInteger(count) && count >= 1 && count <= WORKERS_MAX;
  const workers = Number(text);
  if (isCount(workers)) return { workers, autoWorkers: null };
  const bounds = /^auto(?::(\d+)\.\.(\d+))?$/.exec(text);
  if (bounds !== null) {
    const [, min = '1', max = String(availableParallelism())] = bounds;
    const autoWorkers = { min: Number(min), max: Number(max) };
    if (isCount(autoWorkers.min) && isCount(autoWorkers.max) && autoWorkers.min <= autoWorkers.max)
      return { workers: autoWorkers.min, autoWorkers };
  }
  const message = `expected a whole number from 1 to ${String(WORKERS_MAX)}, auto, or bounds such as auto:1..8`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}
/** Asymmetric ones only: with a shared secret, whoever can check a token could make one. */
const TOKEN_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const LOOPBACK_URL = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/]/;

/** Words between commas. */
const list = (isGood: (word: string) => boolean, expected: string) =>
  z
    .string()
    .transform((text) => text.split(',').map((word) => word.trim()))
    .refine((words) => words.every(isGood), expected);
const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text;
const isAddressOrSubnet = (text: string): boolean => {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  const isSubnet = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
  return family !== 0 && isSubnet && rest.length === 0;
};
/** Tokens are worth what the way to their issuer's keys is worth. */
const issuerUrl = z
  .url({ protocol: /^https?$/, error: 'expected https://...' })
  .refine((url) => url.startsWith('https:') || LOOPBACK_URL.test(url), 'expected https:// (http only on loopback)');

const schema = {
  HOURGLASS_NATS_URL: natsUrls.optional(),
  HOURGLASS_CLICKHOUSE_URL: z.url({ protocol: /^https?$/, error: 'expected http://host:port' }).optional(),
  HOURGLASS_NATS_MONITOR_URL: z.url({ protocol: /^https?$/, error: 'expected http://host:8222' }).optional(),
  HOURGLASS_DATA_DIR: z.string().default('.hourglass'),
  HOURGLASS_HTTP_HOST: z.string().default('127.0.0.1'),
  HOURGLASS_HTTP_PORT: port(8080),
  HOURGLASS_NATS_PORT: port(4222),
  HOURGLASS_MQTT_PORT: port(1883),
  HOURGLASS_CLICKHOUSE_PORT: port(8123),
  HOURGLASS_WORKERS: z.string().transform(readWorkers).default({ workers: WORKERS_DEFAULT, autoWorkers: null }),
  HOURGLASS_PARTITIONS: z.coerce.number().int().min(1).max(PARTITIONS_MAX).default(64),
  HOURGLASS_DURABILITY: z.enum(['process', 'power']).default('process'),
  HOURGLASS_DEMO: z.enum(['0', '1']).default('0'),
  HOURGLASS_HORIZON_DAYS: z.coerce.number().int().min(0).max(36_500).default(0),
  HOURGLASS_ALLOWED_DISORDER_SECONDS: z.coerce
    .number()
    .min(0)
    .max(3_600)
    .default(ALLOWED_DISORDER_MS / 1_000),
  HOURGLASS_REPLICAS: z.coerce.number().int().min(1).max(5).default(1),
  HOURGLASS_STREAM_BYTES: z.coerce
    .number()
    .int()
    .min(1024 * 1024)
    .default(20 * 1024 ** 3),
  HOURGLASS_REPLAY_HOURS: z.coerce.number().min(0).default(1),
  HOURGLASS_API_KEYS_FILE: z.string().optional(),
  HOURGLASS_OIDC_ISSUER: issuerUrl.optional(),
  HOURGLASS_OIDC_AUDIENCE: z.string().optional(),
  HOURGLASS_OIDC_JWKS_URL: issuerUrl.optional(),
  HOURGLASS_OIDC_ALGORITHMS: list(
    (word) => TOKEN_ALGORITHMS.includes(word),
    `expected of ${TOKEN_ALGORITHMS.join(',')}`,
  )
    .optional()
    .transform((words) => words ?? ['RS256', 'ES256']),
  HOURGLASS_ANONYMOUS_SCOPES: list(
    (word) => word === 'none' || isScope(word),
    `expected of ${SCOPES.join(',')}, or none`,
  ).optional(),
  HOURGLASS_CORS_ORIGINS: list(isOrigin, 'expected origins as https://host[:port]').optional(),
  HOURGLASS_TRUSTED_PROXIES: list(isAddressOrSubnet, 'expected addresses or subnets as 10.0.0.0/8').optional(),
  HOURGLASS_REQUESTS_PER_SECOND: z.coerce.number().min(0).default(REQUESTS_PER_SECOND_DEFAULT),
};

/** Variables that are read elsewhere: where the servers' programs are found. */
const READ_ELSEWHERE = new Set(['HOURGLASS_NATS_SERVER_BIN', 'HOURGLASS_LIBCHDB']);

/** @throws {ConfigError} naming every variable that cannot be used and every unknown `HOURGLASS_` one. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const problems: string[] = [];
  for (const name of Object.keys(env)) {
    if (name.startsWith('HOURGLASS_') && !(name in schema) && !READ_ELSEWHERE.has(name))
      problems.push(`${name} is not a variable of Hourglass`);
  }
  const take = <K extends keyof typeof schema>(name: K): z.output<(typeof schema)[K]> => {
    const parsed = schema[name].safeParse(emptyIsUnset(env[name]));
    if (parsed.success) return parsed.data as z.output<(typeof schema)[K]>;
    problems.push(`${name}=${String(env[name])}: ${parsed.error.issues[0]?.message ?? 'cannot be used'}`);
    return undefined as z.output<(typeof schema)[K]>;
  };
  const config: Config = {
    natsUrl: take('HOURGLASS_NATS_URL') ?? null,
    clickhouseUrl: take('HOURGLASS_CLICKHOUSE_URL') ?? null,
    natsMonitorUrl: take('HOURGLASS_NATS_MONITOR_URL') ?? null,
    dataDir: take('HOURGLASS_DATA_DIR'),
    httpHost: take('HOURGLASS_HTTP_HOST'),
    httpPort: take('HOURGLASS_HTTP_PORT'),
    natsPort: take('HOURGLASS_NATS_PORT'),
    mqttPort: take('HOURGLASS_MQTT_PORT'),
    clickhousePort: take('HOURGLASS_CLICKHOUSE_PORT'),
    ...take('HOURGLASS_WORKERS'),
    partitions: take('HOURGLASS_PARTITIONS'),
    durability: take('HOURGLASS_DURABILITY'),
    demo: take('HOURGLASS_DEMO') === '1',
    horizonDays: take('HOURGLASS_HORIZON_DAYS'),
    allowedDisorderMs: take('HOURGLASS_ALLOWED_DISORDER_SECONDS') * 1_000,
    replicas: take('HOURGLASS_REPLICAS'),
    streamBytesMax: take('HOURGLASS_STREAM_BYTES'),
    replayHours: take('HOURGLASS_REPLAY_HOURS'),
    apiKeysFile: take('HOURGLASS_API_KEYS_FILE') ?? null,
    oidc: oidcOf(
      take('HOURGLASS_OIDC_ISSUER'),
      take('HOURGLASS_OIDC_AUDIENCE'),
      take('HOURGLASS_OIDC_JWKS_URL') ?? null,
      take('HOURGLASS_OIDC_ALGORITHMS'),
    ),
    anonymousScopes: take('HOURGLASS_ANONYMOUS_SCOPES')?.filter(isScope) ?? null,
    corsOrigins: take('HOURGLASS_CORS_ORIGINS') ?? [],
    trustedProxies: take('HOURGLASS_TRUSTED_PROXIES') ?? [],
    requestsPerSecondMax: take('HOURGLASS_REQUESTS_PER_SECOND'),
  };
  if (isSet(env, 'HOURGLASS_OIDC_ISSUER') !== isSet(env, 'HOURGLASS_OIDC_AUDIENCE'))
    problems.push('HOURGLASS_OIDC_ISSUER and HOURGLASS_OIDC_AUDIENCE are needed together');
  if (problems.length > 0) throw new ConfigError(problems.join('; '), 'See the table of variables in the README.');
  return config;
}

function isSet(env: NodeJS.ProcessEnv, name: string): boolean {
  return emptyIsUnset(env[name]) !== undefined;
}

function oidcOf(
  issuer: string | undefined,
  audience: string | undefined,
  jwksUrl: string | null,
  algorithms: readonly string[],
): OidcConfig | null {
  return issuer === undefined || audience === undefined ? null : { issuer, audience, jwksUrl, algorithms };
}
