/**
 * What broker and database do before they promise that something is kept (invariant 15), read from themselves.
 *
 * Job: facts, and whether they keep what the profile promises. Boundary: asks; changes nothing. What cannot be read is
 * null, and is said as such: a guess would be worse than nothing.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import type { Durability } from '../model/durability.ts';
import { MONITOR_MS_MAX } from '../model/limits.ts';

export interface DurabilitySources {
  readonly profile: Durability['profile'];
  /** nats-server's monitoring endpoint, `http://host:8222`; null where none is known. */
  readonly monitorUrl: string | null;
  /** Copies of the stream READINGS. */
  readonly streamReplicas: () => Promise<number>;
  readonly clickhouse: ClickHouseClient;
}

/** Never rejects: what cannot be read is null. */
export async function readDurability(sources: DurabilitySources): Promise<Durability> {
  const { profile, monitorUrl, streamReplicas, clickhouse } = sources;
  const [brokerSyncS, replicas, database] = await Promise.all([
    monitorUrl === null ? null : readBrokerSync(monitorUrl).catch(() => null),
    streamReplicas().catch(() => null),
    readDatabase(clickhouse).catch(() => null),
  ]);
  return {
    profile,
    brokerSyncS,
    streamReplicas: replicas,
    databaseSyncs: database?.syncs ?? null,
    databaseReplicas: database?.replicas ?? null,
    insertQuorum: database?.insertQuorum ?? null,
  };
}

/** `/varz` of nats-server 2.10 to 2.14; the interval is in nanoseconds, `sync_always` is absent where it is off. */
const varzSchema = z.object({
  jetstream: z.object({
    config: z.object({ sync_interval: z.number().nonnegative(), sync_always: z.boolean().default(false) }),
  }),
});

async function readBrokerSync(monitorUrl: string): Promise<number> {
  const url = new URL('varz', monitorUrl.endsWith('/') ? monitorUrl : `${monitorUrl}/`);
  const answer = await fetch(url, { signal: AbortSignal.timeout(MONITOR_MS_MAX) });
  const { config } = varzSchema.parse(await answer.json()).jetstream;
  return config.sync_always ? 0 : config.sync_interval / 1e9;
}

/** Of the tables that hold rows of blocks (a migration that is lost is made again); a setting that a table does not give is the server's. */
const TABLES = `SELECT engine_full AS definition,
    (SELECT any(value) FROM system.merge_tree_settings WHERE name = 'fsync_after_insert') AS serverSyncs,
    (SELECT any(value) FROM system.settings WHERE name = 'insert_quorum') AS insertQuorum
  FROM system.tables
  WHERE database = 'hourglass' AND engine LIKE '%MergeTree' AND name != 'schema_migrations'`;
const REPLICAS = `SELECT min(total_replicas) AS replicas, toUInt32(count()) AS tables FROM system.replicas WHERE database = 'hourglass'`;

async function readDatabase(
  clickhouse: ClickHouseClient,
): Promise<{ syncs: boolean; replicas: number; insertQuorum: number } | null> {
  const tables = await rows<{ definition: string; serverSyncs: string; insertQuorum: string }>(clickhouse, TABLES);
  const [first] = tables;
  if (first === undefined) return null;
  const syncs = tables.every(({ definition, serverSyncs }) => (fsyncOf(definition) ?? serverSyncs) !== '0');
  const [found] = await rows<{ replicas: number; tables: number }>(clickhouse, REPLICAS);
  const replicas = found === undefined || found.tables === 0 ? 1 : found.replicas;
  // `auto` is a majority.
  const quorum = first.insertQuorum === 'auto' ? Math.floor(replicas / 2) + 1 : Number(first.insertQuorum);
  return { syncs, replicas, insertQuorum: quorum };
}

function fsyncOf(definition: string): string | undefined {
  return /fsync_after_insert = (\d)/.exec(definition)?.[1];
}

async function rows<Row>(clickhouse: ClickHouseClient, query: string): Promise<Row[]> {
  const answer = await clickhouse.query({ query, format: 'JSONEachRow' });
  return await answer.json<Row>();
}
