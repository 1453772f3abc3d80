/**
 * Blocks, and entries of the ledger, into ClickHouse.
 *
 * Job: one INSERT for several blocks of one month, as columns. Boundary: HTTP to the database.
 * Delivery guarantees: resolves when base table and views have the rows; a repeat is harmless (invariant 4).
 * Back pressure: the host inserts one batch at a time and stops its pull when the outbox is full.
 * Why no `insert_deduplication_token`: blocks of several partitions share an INSERT, which keeps the number of parts
 * down by far more than a second belt is worth; the braces are the table keys.
 */
import { Readable } from 'node:stream';
import type { ClickHouseClient } from '@clickhouse/client';
import type { SealedBlock } from '../actors/outbox.ts';
import { deleteBlocks, FACTS_TABLE, highestBlock, INSERT_SETTINGS, LEDGER_TABLE } from './clickhouse-schema.ts';
import type { LostBlocks } from './manifest.ts';
import { nativeColumns } from './native-columns.ts';
import type { HourlySink, LedgerRow } from './ports.ts';

export class ClickhouseSink implements HourlySink {
  readonly #client: ClickHouseClient;
  readonly #incarnation: number;

  constructor(client: ClickHouseClient, incarnation: number) {
    this.#client = client;
    this.#incarnation = incarnation;
  }

  async insert(blocks: readonly SealedBlock[]): Promise<void> {
    await this.#client
      .exec({
        query: `INSERT INTO ${FACTS_TABLE} FORMAT Native`,
        values: Readable.from(nativeColumns(blocks.map(({ bytes }) => bytes)), { objectMode: false }),
        clickhouse_settings: INSERT_SETTINGS,
      })
      .then(({ stream }) => drain(stream));
  }

  async insertLedger(rows: readonly LedgerRow[]): Promise<void> {
    await this.#client.insert({
      table: LEDGER_TABLE,
      values: rows.map(({ partition, atMs, sinceMs, lastSequence, totals }) => ({
        incarnation: this.#incarnation,
        partition,
        at: atMs / 1_000,
        since: sinceMs / 1_000,
        last_sequence: lastSequence,
        messages: totals.messages,
        messages_used: totals.messagesUsed,
        messages_duplicate: totals.messagesDuplicate,
        messages_rejected: totals.messagesRejected,
        readings_counted: totals.readingsCounted,
        readings_late: totals.readingsLate,
        readings_rejected: totals.readingsRejected,
      })),
      format: 'JSONEachRow',
      clickhouse_settings: { async_insert: 0 },
    });
  }

  highestBlocks(): Promise<ReadonlyMap<number, number>> {
    return highestBlock(this.#client, this.#incarnation);
  }

  deleteBlocks(partition: number, blocks: LostBlocks): Promise<void> {
    return deleteBlocks(this.#client, { partition, incarnation: this.#incarnation, ...blocks });
  }
}

/** The client drops the socket with a warning where an answer is not read to its end. */
async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const part of stream) void part;
}
