/**
 * The database: rows by the table's key, and what a view makes of them.
 *
 * Boundary: what ReplacingMergeTree with FINAL shows, not how. A block's rows of one month come as one; a view sees
 * the same insert.
 */
import { FactColumns, type FactRow, readRows } from '../../src/actors/fact-columns.ts';
import type { SealedBlock } from '../../src/actors/outbox.ts';
import type { HourlySink, LedgerRow } from '../../src/runtime/ports.ts';
import type { Server } from './network.ts';
import type { Life } from './world.ts';

export interface StoredRow extends FactRow {
  readonly partition: number;
  readonly block: number;
}

export class Database {
  /** Base table, by its sorting key. */
  readonly rows = new Map<string, StoredRow>();
  /** By `<partition>|<end of the period, ms>`. */
  readonly ledger = new Map<string, LedgerRow>();

  connect(server: Server, life: Life): HourlySink {
    return {
      insert: (blocks) => server.call(life, () => this.insert(blocks)),
      insertLedger: (rows) =>
        server.call(life, () => {
          for (const row of rows) this.ledger.set(`${String(row.partition)}|${String(row.atMs)}`, row);
        }),
      highestBlocks: () => server.call(life, () => this.#highest()),
      deleteBlocks: (partition, { fromBlock, toBlock }) =>
        server.call(life, () => {
          for (const [key, row] of this.rows)
            if (row.partition === partition && row.block >= fromBlock && row.block <= toBlock) this.rows.delete(key);
        }),
    };
  }

  /** @param belt what else would be in the key; a planted fault. */
  insert(blocks: readonly SealedBlock[], belt = ''): void {
    const inThisInsert = new Set<string>();
    for (const { block, bytes } of blocks) {
      const { partition } = new FactColumns(bytes).key;
      readRows(bytes, (row) => {
        const key = [row.city, row.district, row.kind, row.metric, row.sensor, row.hour, partition, block, belt].join(
          '|',
        );
        if (inThisInsert.has(key)) throw new Error(`invariant 4: two rows of one key in a block: ${key}`);
        inThisInsert.add(key);
        this.rows.set(key, { ...row, partition, block });
      });
    }
  }

  #highest(): Map<number, number> {
    const highest = new Map<number, number>();
    for (const { partition, block } of this.rows.values())
      highest.set(partition, Math.max(highest.get(partition) ?? 0, block));
    return highest;
  }
}
