/**
 * Streams and buckets, created idempotently (`hourglass migrate`, also run by `up`).
 *
 * Job: READINGS with its subject transform, REJECTED, the buckets, and the identity of it all: the
 * incarnation. Boundary: JetStream management only. Invariants: 10 (same stream, same tables), 12 (the backlog is
 * never thrown away: `discard: new`, no age limit).
 */
import { randomInt } from 'node:crypto';
import {
  DiscardPolicy,
  type JetStreamManager,
  JetStreamApiError,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import type { Config } from '../model/config.ts';
import { EnvironmentError } from '../model/errors.ts';
import { REGISTRY_BUCKET } from '../model/registry.ts';
import { CHECKPOINT_BUCKET } from './checkpoint-bucket.ts';
import { LEASE_BUCKET } from './membership/lease-bucket.ts';
import { READINGS_STREAM } from './message-source.ts';

export const REJECTED_STREAM = 'REJECTED';
/** Publishers that use `Nats-Msg-Id` are protected this long (contract, section 2, way a). */
const DUPLICATE_WINDOW_MS = 2 * 60_000;
/** Rejected readings are kept a week: time to look, not an archive. */
const REJECTED_AGE_MS = 7 * 24 * 3_600_000;
const REJECTED_BYTES_MAX = 1024 ** 3;
const IDENTITY_KEY = 'stream';
const INCARNATION_MAX = 0xffff_ffff;
const INSUFFICIENT_STORAGE = 10_047;

export interface Topology {
  readonly partitions: number;
  /** Random, drawn when the stream was created; part of every row's key. */
  readonly incarnation: number;
}

const identitySchema = z.object({ incarnation: z.number().int(), created: z.string(), partitions: z.number().int() });

/** @throws {EnvironmentError} where the stream is not the one that the checkpoints belong to. */
export async function ensureTopology(nc: NatsConnection, config: Config): Promise<Topology> {
  const jsm = await jetstreamManager(nc);
  const info = await ensureStream(jsm, {
    name: READINGS_STREAM,
    subjects: ['sensors.*.*.*.*'],
    subject_transform: { src: 'sensors.*.*.*.*', dest: transformOf(config.partitions) },
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    max_bytes: config.streamBytesMax,
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
    num_replicas: config.replicas,
    allow_direct: true,
  });
  await ensureStream(jsm, {
    name: REJECTED_STREAM,
    subjects: ['rejected.>'],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_age: nanos(REJECTED_AGE_MS),
    max_bytes: REJECTED_BYTES_MAX,
    num_replicas: config.replicas,
    allow_direct: true,
  });
  // Not read directly: a replica that lags would show an owner an old manifest.
  const kv = await new Kvm(nc).create(CHECKPOINT_BUCKET, {
    history: 1,
    replicas: config.replicas,
    storage: StorageType.File,
    allow_direct: false,
  });
  await new Kvm(nc).create(LEASE_BUCKET, {
    history: 1,
    replicas: config.replicas,
    storage: StorageType.File,
    allow_direct: false,
  });
  await new Kvm(nc).create(REGISTRY_BUCKET, {
    history: 1,
    replicas: config.replicas,
    storage: StorageType.File,
    allow_direct: false,
  });
  return await identityOf(kv, info);
}

/** What is there already. @throws {EnvironmentError} where nothing is. */
export async function readTopology(nc: NatsConnection): Promise<Topology> {
  try {
    const jsm = await jetstreamManager(nc);
    return await identityOf(await new Kvm(nc).open(CHECKPOINT_BUCKET), await jsm.streams.info(READINGS_STREAM));
  } catch (cause) {
    if (cause instanceof EnvironmentError) throw cause;
    throw new EnvironmentError(`the stream ${READINGS_STREAM} is not there`, 'Run `hourglass migrate` first.', {
      retry: true,
      cause,
    });
  }
}

function transformOf(partitions: number): string {
  return `readings.{{partition(${String(partitions)},1,2,4)}}.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}.{{wildcard(4)}}`;
}

async function ensureStream(
  jsm: JetStreamManager,
  config: Partial<StreamConfig> & { name: string },
): Promise<StreamInfo> {
  try {
    return await jsm.streams.info(config.name);
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.status !== 404) throw error;
  }
  try {
    return await jsm.streams.add(config);
  } catch (cause) {
    if (cause instanceof JetStreamApiError && cause.code === INSUFFICIENT_STORAGE) {
      throw new EnvironmentError(
        `the broker has no room for the stream ${config.name}`,
        'Set HOURGLASS_STREAM_BYTES lower, or give the broker more storage.',
        { cause },
      );
    }
    // Another node may have created it at the same moment.
    return await jsm.streams.info(config.name);
  }
}

/** The identity is written once, by whoever creates the stream; later it must match the stream that is there. */
async function identityOf(kv: KV, info: StreamInfo): Promise<Topology> {
  const partitions = Number(/partition\((\d+),/.exec(info.config.subject_transform?.dest ?? '')?.[1]);
  if (!Number.isInteger(partitions)) {
    throw new EnvironmentError(
      `the stream ${READINGS_STREAM} has no subject transform of ours`,
      'It was made by something else; rename or remove it, then run `hourglass migrate`.',
    );
  }
  const created = info.created;
  const fresh = { incarnation: randomInt(1, INCARNATION_MAX), created, partitions };
  await kv.create(IDENTITY_KEY, JSON.stringify(fresh)).catch(() => undefined);
  const entry = await kv.get(IDENTITY_KEY);
  if (entry === null)
    throw new EnvironmentError('the checkpoint bucket cannot be read', 'Check the broker’s log.', { retry: true });
  const identity = identitySchema.parse(JSON.parse(entry.string()));
  if (identity.created !== created || identity.partitions !== partitions) {
    throw new EnvironmentError(
      `the stream ${READINGS_STREAM} was made again (${created}); the checkpoints belong to the one of ${identity.created}`,
      `Restore stream and bucket from one backup, or remove the bucket KV_${CHECKPOINT_BUCKET} to begin anew: rows in ClickHouse stay and add up, open hours of the old stream are lost.`,
    );
  }
  return { partitions, incarnation: identity.incarnation };
}
