/**
 * A database client that remembers the text of every query, and how many rows the database read for it.
 *
 * Boundary: tests only; everything else of the client is the client's own. Each answer is held back until the query has ended, so that its
 * summary is whole.
 */
import type { BaseResultSet, ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';

export interface CountedClient {
  readonly client: ClickHouseClient;
  readonly queries: string[];
  /** Of all answers so far. */
  rowsRead(): number;
}

/** @param before is waited for before the database is asked. */
export function countedClient(
  client: ClickHouseClient,
  before: (query: string) => Promise<void> = () => Promise.resolve(),
): CountedClient {
  const queries: string[] = [];
  let rows = 0;
  const query = async (params: {
    query: string;
    clickhouse_settings?: ClickHouseSettings;
  }): Promise<BaseResultSet<unknown, unknown>> => {
    queries.push(params.query);
    await before(params.query);
    const settings = { ...params.clickhouse_settings, wait_end_of_query: 1 as const };
    const result = await client.query({ ...params, clickhouse_settings: settings });
    const summary = result.response_headers['x-clickhouse-summary'];
    rows += Number((JSON.parse(String(summary)) as { read_rows: string }).read_rows);
    return result;
  };
  const counted = new Proxy(client, {
    get(target, property) {
      if (property === 'query') return query;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return { client: counted, queries, rowsRead: () => rows };
}
