/**
 * The environment, read once, checked as a whole: all problems are reported together.
 *
 * Boundary: turns `process.env` (handed in) into a {@link Config}; nothing else reads the environment.
 */
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import type { PoolBounds } from './cluster.ts';
import { ConfigError } from './errors.ts';
import { ALLOWED_DISORDER_MS, PARTITIONS_MAX, WORKERS_MAX } from './limits.ts';

export interface Config {
  /** External broker(s), comma separated `nats://` URLs; null: the embedded server is started. */
  readonly natsUrl: string | null;
  /** External database, `http://user:password@host:8123`; null: the embedded engine is started. */
  readonly clickhouseUrl: string | null;
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

const schema = {
  HOURGLASS_NATS_URL: natsUrls.optional(),
  HOURGLASS_CLICKHOUSE_URL: z.url({ protocol: /^https?$/, error: 'expected http://host:port' }).optional(),
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
  };
  if (problems.length > 0) throw new ConfigError(problems.join('; '), 'See the table of variables in the README.');
  return config;
}
