/**
 * The tables: creating them, what an insert needs so that the materialized views count right, and the questions of
 * a partition that is being loaded.
 *
 * Boundary: numbered files `infra/clickhouse/NNNN_*.sql`, each applied once and recorded with its checksum; what an
 * operator may change from start to start (horizon, durability) is applied after them, every time.
 * Invariants: 4 and 5 (one insert, one physical block), 10 (blocks of a lost commit are deleted), 15 (power).
 * Concurrency: every statement of a file can be run again, so two nodes may migrate at once, and a migration that
 * was cut off is simply run again.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { EnvironmentError } from '../model/errors.ts';
import { INSERT_BYTES_MAX, INSERT_ROWS_MAX } from '../model/limits.ts';

const DATABASE = 'hourglass';
export const FACTS_TABLE = `${DATABASE}.hourly_facts`;
export const LEDGER_TABLE = `${DATABASE}.ledger_facts`;

/** From src/runtime/ and from dist/runtime/ alike: `infra/` stands beside both. */
const FOLDER = new URL('../../infra/clickhouse/', import.meta.url);

/**
 * Settings of every insert of blocks into {@link FACTS_TABLE}.
 *
 * A view must see all rows of a block in one physical block, so the server neither splits nor waits nor parses in
 * parallel; an error of a view is an error of the insert. Up to `INSERT_ROWS_MAX` rows of one month per insert, and no
 * (partition, block) twice in it: the views would add it up before their tables' keys could tell.
 */
export const INSERT_SETTINGS = {
  async_insert: 0,
  max_insert_block_size: String(2 * INSERT_ROWS_MAX),
  min_insert_block_size_rows: String(2 * INSERT_ROWS_MAX),
  min_insert_block_size_bytes: String(4 * INSERT_BYTES_MAX),
  min_insert_block_size_rows_for_materialized_views: '0',
  min_insert_block_size_bytes_for_materialized_views: '0',
  max_insert_threads: '1',
  input_format_parallel_parsing: 0,
  // Each view has all of the block, whoever comes first.
  parallel_view_processing: 1,
  materialized_views_ignore_errors: 0,
  // Rows of a block have distinct keys: there is nothing to replace within an insert.
  optimize_on_insert: 0,
} as const satisfies ClickHouseSettings;

/**
 * Tables that hold rows of blocks: the base table and what the views made of it. Which blocks a day has comes first: without one of
 * them nothing that was compacted with it counts any more (invariant 16).
 */
const BLOCK_TABLES = ['day_blocks', 'hourly_facts', 'district_facts'] as const;
/** The times by which rows leave with the horizon. */
const TIME_COLUMNS = {
  hourly_facts: 'hour',
  district_facts: 'hour',
  sensor_facts: 'last_seen',
  ledger_facts: 'at',
  day_blocks: 'day',
  compacted_rollups: 'begins',
} as const;
/** All that hold readings or books. */
export const TABLES = Object.keys(TIME_COLUMNS) as (keyof typeof TIME_COLUMNS)[];

/** Mutations wait until they are done, on every replica. */
const WAIT: ClickHouseSettings = { mutations_sync: '2', alter_sync: '2' };

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
  /** Of earlier texts of the file, which a database may keep: `-- Applied before as <checksum>: why`. */
  readonly earlier: readonly string[];
  readonly statements: readonly string[];
}

/**
 * Creates or completes the database; safe to call at every start.
 *
 * @param horizonDays rows whose hour ended longer ago may be dropped by the database; 0: never.
 * @param durability `power`: an insert is synced before it is answered.
 * @throws {EnvironmentError} where an applied file has changed or the database is from a newer release.
 */
export async function migrateTables(
  client: ClickHouseClient,
  options: { horizonDays: number; durability: 'process' | 'power' },
): Promise<void> {
  await client.command({ query: `CREATE DATABASE IF NOT EXISTS ${DATABASE}` });
  await client.command({
    query: `CREATE TABLE IF NOT EXISTS ${DATABASE}.schema_migrations
      (version UInt32, name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))
      ENGINE = ReplacingMergeTree ORDER BY (version, checksum)`,
  });
  const migrations = await readMigrations();
  const applied = await appliedChecksums(client);
  assertKnown(migrations, applied);
  for (const migration of migrations) {
    if (!applied.has(migration.version)) await apply(client, migration);
  }
  assertKnown(migrations, await appliedChecksums(client));
  await setHorizon(client, options.horizonDays);
  await setDurability(client, options.durability);
}

async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(FOLDER)).filter((name) => /^\d{4}_\w+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = (await readFile(new URL(name, FOLDER), 'utf8')).replaceAll('\r\n', '\n');
      return {
        version: Number(name.slice(0, 4)),
        name,
        checksum: createHash('sha256').update(text).digest('hex'),
        earlier: Array.from(text.matchAll(/^-- Applied before as ([0-9a-f]{64}):/gm), ([, checksum = '']) => checksum),
        statements: text.split(/;[ \t]*$/m).filter((part) => part.replaceAll(/--.*$/gm, '').trim() !== ''),
      };
    }),
  );
}

async function appliedChecksums(client: ClickHouseClient): Promise<Map<number, string[]>> {
  const result = await client.query({
    query: `SELECT version, groupUniqArray(checksum) AS checksums FROM ${DATABASE}.schema_migrations GROUP BY version`,
    format: 'JSONEachRow',
  });
  const rows = await result.json<{ version: number; checksums: string[] }>();
  return new Map(rows.map((row) => [row.version, row.checksums]));
}

function assertKnown(migrations: readonly Migration[], applied: ReadonlyMap<number, string[]>): void {
  for (const [version, checksums] of applied) {
    const file = migrations.find((migration) => migration.version === version);
    if (file === undefined) {
      throw new EnvironmentError(
        `the database has migration ${String(version)}, which this release does not know`,
        'Run the release that wrote the database, or a newer one.',
      );
    }
    if (checksums.some((checksum) => checksum !== file.checksum && !file.earlier.includes(checksum))) {
      throw new EnvironmentError(
        `infra/clickhouse/${file.name} has changed since it was applied`,
        'Restore the file and put the change into a new numbered file.',
      );
    }
  }
}

async function apply(client: ClickHouseClient, migration: Migration): Promise<void> {
  for (const query of migration.statements) await client.command({ query });
  await client.insert({
    table: `${DATABASE}.schema_migrations`,
    values: [{ version: migration.version, name: migration.name, checksum: migration.checksum }],
    columns: ['version', 'name', 'checksum'],
    format: 'JSONEachRow',
    clickhouse_settings: { async_insert: 0 },
  });
}

/** Rows leave an hour's length after the horizon, so that no reading is dropped that the actors would still take. */
async function setHorizon(client: ClickHouseClient, horizonDays: number): Promise<void> {
  const hours = horizonDays * 24 + 1;
  for (const table of TABLES) {
    const wanted = `TTL toDateTime(${TIME_COLUMNS[table]}) + toIntervalHour(${String(hours)})`;
    const engine = await engineOf(client, table);
    if (horizonDays === 0 && / TTL /.test(engine)) {
      await client.command({ query: `ALTER TABLE ${DATABASE}.${table} REMOVE TTL`, clickhouse_settings: WAIT });
    } else if (horizonDays > 0 && !engine.includes(`${wanted} `)) {
      // The rows there are get the new rule as they are merged: rewriting a large table at a start would block it.
      const settings: ClickHouseSettings = { ...WAIT, materialize_ttl_after_modify: 0 };
      await client.command({
        query: `ALTER TABLE ${DATABASE}.${table} MODIFY ${wanted}`,
        clickhouse_settings: settings,
      });
    }
  }
}

/** Invariant 15: with `power` parts, their folders and merged parts are synced before they count. */
async function setDurability(client: ClickHouseClient, durability: 'process' | 'power'): Promise<void> {
  const value = durability === 'power' ? 1 : 0;
  const wanted = ['fsync_after_insert', 'fsync_part_directory', 'min_rows_to_fsync_after_merge'].map(
    (name) => `${name} = ${String(value)}`,
  );
  for (const table of TABLES) {
    const engine = await engineOf(client, table);
    const isSet = wanted.every((setting) => engine.includes(setting));
    const isUnset = !engine.includes('fsync');
    if (isSet || (value === 0 && isUnset)) continue;
    await client.command({ query: `ALTER TABLE ${DATABASE}.${table} MODIFY SETTING ${wanted.join(', ')}` });
  }
}

/** The table's engine, keys, TTL and settings as the server writes them. */
async function engineOf(client: ClickHouseClient, table: string): Promise<string> {
  const result = await client.query({
    query: 'SELECT engine_full FROM system.tables WHERE database = {database:String} AND name = {table:String}',
    query_params: { database: DATABASE, table },
    format: 'JSONEachRow',
  });
  const rows = await result.json<{ engine_full: string }>();
  return rows[0]?.engine_full ?? '';
}

/**
 * Invariant 10: removes the rows of blocks whose commit was lost, from the base table and from what the views made of
 * them, and returns when they are gone. First and last seen of a sensor stay: the readings are in the stream and come
 * again.
 *
 * @param blocks `fromBlock` to `toBlock`, both go.
 */
export async function deleteBlocks(
  client: ClickHouseClient,
  blocks: { partition: number; incarnation: number; fromBlock: number; toBlock: number },
): Promise<void> {
  for (const table of BLOCK_TABLES) {
    await client.command({
      query: `ALTER TABLE ${DATABASE}.${table} DELETE
        WHERE incarnation = {incarnation:UInt32} AND partition = {partition:UInt16} AND block BETWEEN {fromBlock:UInt64} AND {toBlock:UInt64}`,
      query_params: blocks,
      clickhouse_settings: WAIT,
    });
  }
}

/** Highest block number in the base table by partition; partitions without rows are not in the map. */
export async function highestBlock(client: ClickHouseClient, incarnation: number): Promise<Map<number, number>> {
  const result = await client.query({
    query: `SELECT partition, max(block) AS block FROM ${FACTS_TABLE}
      WHERE incarnation = {incarnation:UInt32} GROUP BY partition`,
    query_params: { incarnation },
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  });
  const rows = await result.json<{ partition: number; block: number }>();
  return new Map(rows.map((row) => [row.partition, row.block]));
}
