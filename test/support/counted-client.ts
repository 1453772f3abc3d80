/**
 * A database client that remembers the text of every query.
 *
 * Boundary: tests only; everything else of the client is the client's own.
 */
import type { ClickHouseClient } from '@clickhouse/client';

export function countedClient(client: ClickHouseClient): { client: ClickHouseClient; queries: string[] } {
  const queries: string[] = [];
  const counted = new Proxy(client, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      return (...args: [{ query?: string }]): unknown => {
        if (property === 'query' && args[0].query !== undefined) queries.push(args[0].query);
        return value.apply(target, args) as unknown;
      };
    },
  });
  return { client: counted, queries };
}
