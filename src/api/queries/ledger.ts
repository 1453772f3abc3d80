/**
 * The table's side of the books (invariant 14): readings by partition, in the base table and in the rollup.
 *
 * Boundary: counts only; comparing them with the workers' totals is the route's.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import { selectRows } from './sql.ts';

export interface TableCounts {
  /** Readings in `hourly_facts`. */
  hourly: number;
  /** Readings in `district_facts`. */
  districts: number;
}

/**
 * @param nextBlocks by partition: only blocks below are counted, so that what is sealed meanwhile does not show.
 * @returns by partition; partitions without rows are not in the map.
 */
export async function readTableCounts(
  client: ClickHouseClient,
  incarnation: number,
  nextBlocks: readonly number[],
): Promise<Map<number, TableCounts>> {
  const counts = async (table: string): Promise<Map<number, number>> => {
    const rows = await selectRows<[number, number]>(
      client,
      `SELECT partition, sum(count) FROM hourglass.${table} FINAL
       WHERE incarnation = {incarnation:UInt32} AND block < {nextBlocks:Array(UInt64)}[partition + 1] GROUP BY partition`,
      { incarnation, nextBlocks },
    );
    return new Map(rows);
  };
  const hourly = await counts('hourly_facts');
  const districts = await counts('district_facts');
  return new Map(
    [...new Set([...hourly.keys(), ...districts.keys()])].map((partition) => [
      partition,
      { hourly: hourly.get(partition) ?? 0, districts: districts.get(partition) ?? 0 },
    ]),
  );
}
