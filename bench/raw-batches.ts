/** Raw readings as RowBinary into `bench.raw`, one insert under way while the next batch is filled. Boundary: bytes. */
import { Readable } from 'node:stream';
import type { ClickHouseClient } from '@clickhouse/client';

/** Bytes of a batch: some 500,000 readings, what ClickHouse takes well. */
const BATCH_BYTES = 32 * 1024 * 1024;
/** The rows of one message at most: 500 of some 60 bytes each. */
const MESSAGE_ROWS_BYTES_MAX = 512 * 1_024;

export class RawBatches {
  readonly #client: ClickHouseClient;
  #batch = Buffer.allocUnsafe(BATCH_BYTES);
  #length = 0;
  #inserting: Promise<void> = Promise.resolve();

  constructor(client: ClickHouseClient) {
    this.#client = client;
  }

  readonly visit = (place: readonly string[], metric: string, sensor: string, timeMs: number, value: number): void => {
    for (let at = 0; at < 3; at++) this.#text(place[at] ?? '');
    this.#text(metric);
    this.#text(sensor);
    this.#length = this.#batch.writeBigInt64LE(BigInt(timeMs), this.#length);
    this.#length = this.#batch.writeDoubleLE(value, this.#length);
  };

  /** Waits where a full batch must wait for the one before. */
  async room(): Promise<void> {
    if (this.#length < BATCH_BYTES - MESSAGE_ROWS_BYTES_MAX) return;
    await this.#send();
  }

  async end(): Promise<void> {
    await this.#send();
    await this.#inserting;
  }

  async #send(): Promise<void> {
    await this.#inserting;
    if (this.#length === 0) return;
    const bytes = this.#batch.subarray(0, this.#length);
    this.#batch = Buffer.allocUnsafe(BATCH_BYTES);
    this.#length = 0;
    this.#inserting = this.#insert(bytes);
  }

  async #insert(bytes: Buffer): Promise<void> {
    const { stream } = await this.#client.exec({
      query: 'INSERT INTO bench.raw FORMAT RowBinary',
      values: Readable.from([bytes], { objectMode: false }),
      clickhouse_settings: { async_insert: 0 },
    });
    for await (const part of stream) void part;
  }

  /** Names here are shorter than 128 bytes: a length is one byte. */
  #text(text: string): void {
    const bytes = this.#batch.write(text, this.#length + 1);
    this.#batch[this.#length] = bytes;
    this.#length += 1 + bytes;
  }
}
