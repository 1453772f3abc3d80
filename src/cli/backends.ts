/**
 * Broker and database of a command, connected and with everything in them that the program needs.
 *
 * Boundary: connects and creates; `close` lets go of both.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Config } from '../model/config.ts';
import { EnvironmentError } from '../model/errors.ts';
import { migrateTables } from '../runtime/clickhouse-schema.ts';
import { connectClickhouse, connectNats } from '../runtime/connections.ts';
import { ensureTopology, readTopology, type Topology } from '../runtime/topology.ts';
import { brokerUrl, databaseUrl } from './endpoints.ts';

export interface Backends {
  readonly natsUrl: string;
  readonly clickhouseUrl: string;
  readonly nc: NatsConnection;
  readonly clickhouse: ClickHouseClient;
  readonly topology: Topology;
  close(): Promise<void>;
}

interface Urls {
  readonly natsUrl: string;
  readonly clickhouseUrl: string;
}

/**
 * @param create true: streams, buckets and tables are made where they are missing (`up`, `migrate`).
 * @throws {EnvironmentError} where a server cannot be reached or is not as it must be.
 */
export async function openBackends(
  config: Config,
  name: string,
  { create, urls }: { create: boolean; urls?: Urls },
): Promise<Backends> {
  const { natsUrl, clickhouseUrl } = urls ?? { natsUrl: brokerUrl(config), clickhouseUrl: databaseUrl(config) };
  const nc = await connectNats(natsUrl, name);
  const clickhouse = connectClickhouse(clickhouseUrl);
  const close = async (): Promise<void> => {
    await Promise.allSettled([nc.close(), clickhouse.close()]);
  };
  try {
    const [topology] = await Promise.all([
      create ? ensureTopology(nc, config) : readTopology(nc),
      openDatabase(clickhouse, clickhouseUrl, create ? config : null),
    ]);
    return { natsUrl, clickhouseUrl, nc, clickhouse, topology, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openDatabase(clickhouse: ClickHouseClient, url: string, config: Config | null): Promise<void> {
  // `select`: also tells a wrong password, which a mere ping does not.
  const answer = await clickhouse.ping({ select: true });
  if (!answer.success) {
    const { host } = new URL(url);
    throw new EnvironmentError(
      `cannot use ClickHouse at ${host}: ${answer.error.message || 'no answer'}`,
      'Start it, or set HOURGLASS_CLICKHOUSE_URL to http://user:password@host:8123.',
      { retry: true, cause: answer.error },
    );
  }
  if (config !== null) await migrateTables(clickhouse, config);
}
