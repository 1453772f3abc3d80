/**
 * What the rows of each month of some tables are called: a name that changes whenever rows come or go.
 *
 * Boundary: the database's list of parts. Every insert takes the next block number of its month, every mutation the next
 * version, and rows that leave with the horizon are missing in the number of rows; a merge may change the name and not the rows.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import { selectRows } from './sql.ts';

/** By month, counted from the year 0 (year * 12 + month from 0). */
export async function readMonthVersions(
  client: ClickHouseClient,
  tables: readonly string[],
): Promise<Map<number, string>> {
  const rows = await selectRows<[string, string]>(
    client,
    `SELECT partition, arrayStringConcat(arraySort(groupArray(name)), ' ') FROM
     (
       SELECT partition, concat(table, '-', toString(max(max_block_number)), '-', toString(max(data_version)), '-', toString(sum(rows))) AS name
       FROM system.parts WHERE database = 'hourglass' AND table IN {tables:Array(String)} AND active GROUP BY table, partition
     ) GROUP BY partition`,
    { tables },
  );
  return new Map(rows.map(([name, version]) => [Number(name.slice(0, 4)) * 12 + Number(name.slice(4)) - 1, version]));
}
