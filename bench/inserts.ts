/** Rows of ended hours into the database: as columns, which is what the program sends, and the same row by row. */
import { Readable } from 'node:stream';
import { channelTexts, FactColumnsWriter } from '../src/actors/fact-columns.ts';
import { ByteSpan } from '../src/model/byte-span.ts';
import { hourOf } from '../src/model/hour.ts';
import { BLOCK_ROWS_MAX, INSERT_ROWS_MAX } from '../src/model/limits.ts';
import { Random } from '../src/model/random.ts';
import { FACTS_TABLE, INSERT_SETTINGS } from '../src/runtime/clickhouse-schema.ts';
import { nativeColumns } from '../src/runtime/native-columns.ts';
import { FRAME_READINGS } from './fill.ts';
import type { Benchmark, Figure, Size } from './harness.ts';
import { ratios } from './harness.ts';
import { Servers } from './servers.ts';

const SIZES: Record<Size, { rows: number; rounds: number }> = {
  tiny: { rows: 2_000, rounds: 1 },
  small: { rows: BLOCK_ROWS_MAX, rounds: 3 },
  full: { rows: INSERT_ROWS_MAX, rounds: 7 },
};
const INCARNATION = 1_764_000_000;
const US_PER_MS = 1_000;
/** The database compiles what it is asked for the third time, which takes it longer than a small INSERT. */
const WARM_UPS = 3;
const DISTRICTS = 10;
/** As actors have one: for all blocks. */
const writer = new FactColumnsWriter();

export const inserts: Benchmark = {
  name: 'inserts',
  async run(size, say) {
    const { rows, rounds } = SIZES[size];
    const servers = await Servers.start();
    const seen = {
      rowsMs: [] as number[],
      rowsCpu: [] as number[],
      columnsMs: [] as number[],
      columnsCpu: [] as number[],
    };
    const sealingMs: number[] = [];
    const makingMs: number[] = [];
    const blockBytes: number[] = [];
    const rowBytes: number[] = [];
    try {
      for (let round = 1 - WARM_UPS; round <= rounds; round++) {
        const sealing = performance.now();
        const blocks = blocksOf(rows, round + WARM_UPS);
        const making = performance.now();
        for (const part of nativeColumns(blocks)) void part;
        const made = performance.now();
        const [columnsCpu, columnsMs] = await insert(servers, 'Native', () => nativeColumns(blocks));
        const rowByRow = await asRows(servers);
        const [rowsCpu, rowsMs] = await insert(servers, 'RowBinary', () => rowByRow);
        if (round <= 0) continue;
        sealingMs.push(making - sealing);
        makingMs.push(made - making);
        blockBytes.push(blocks.reduce((sum, { length }) => sum + length, 0) / rows);
        rowBytes.push(rowByRow.reduce((sum, { length }) => sum + length, 0) / rows);
        seen.rowsMs.push(rowsMs);
        seen.rowsCpu.push(rowsCpu);
        seen.columnsMs.push(columnsMs);
        seen.columnsCpu.push(columnsCpu);
        say(`round ${String(round)}: rows ${rowsCpu.toFixed(0)} ms of CPU, columns ${columnsCpu.toFixed(0)} ms`);
      }
    } finally {
      await servers.stop();
    }
    const figures: Figure[] = [
      { what: 'columns (Native): an INSERT', unit: 'ms', values: seen.columnsMs },
      { what: 'row by row (RowBinary): an INSERT', unit: 'ms', values: seen.rowsMs },
      { what: 'columns, CPU of the database', unit: 'ms', values: seen.columnsCpu },
      { what: 'row by row, CPU of the database', unit: 'ms', values: seen.rowsCpu },
      { what: 'columns / row by row, CPU of the database', unit: '×', values: ratios(seen.columnsCpu, seen.rowsCpu) },
      { what: 'sealing the blocks, on the worker thread', unit: 'ms', values: sealingMs },
      { what: 'making the columns, on the worker thread', unit: 'ms', values: makingMs },
      { what: 'a block, by its rows', unit: 'bytes a row', values: blockBytes },
      { what: 'the same row by row', unit: 'bytes a row', values: rowBytes },
    ];
    return {
      name: 'inserts',
      about: `${rows.toLocaleString('en')} rows of one hour in blocks of at most ${BLOCK_ROWS_MAX.toLocaleString('en')}, into empty tables with their views and projection, in turn, after ${String(WARM_UPS)} of each that are not counted. Row by row: what the database gives back of the columns as RowBinary. Sealing is from made-up sums to a block's bytes, making from these to what is sent. CPU is what the database counts for all its threads from before to after, merges that begin meanwhile included.`,
      figures,
    };
  },
};

/** Blocks as actors seal them: sensors of a gateway one after the other. */
function blocksOf(rows: number, round: number): Uint8Array[] {
  const random = new Random(round);
  const blocks: Uint8Array[] = [];
  const channels = Array.from({ length: DISTRICTS }, (_, district) =>
    channelTexts({ city: 'city', district: `d${String(district)}`, kind: 'power', metric: 'kwh' }),
  );
  const hour = hourOf(INCARNATION * 1_000);
  for (let first = 0; first < rows; first += BLOCK_ROWS_MAX) {
    const many = Math.min(BLOCK_ROWS_MAX, rows - first);
    const key = { partition: blocks.length, block: round, incarnation: INCARNATION };
    writer.begin(hour, false);
    for (let slot = first; slot < first + many; slot++) {
      const channel = Math.floor(slot / FRAME_READINGS) % DISTRICTS;
      const sensor = ByteSpan.of(Buffer.from(`meter-${String(slot).padStart(10, '0')}`));
      const hi = random.next() * 1e5;
      const cell = {
        slot,
        count: 3_600,
        hi,
        lo: hi * 2 ** -60,
        min: random.next(),
        max: 9,
        firstMs: 17,
        lastMs: 3_599_017,
      };
      writer.row(channel, channels[channel]!, sensor, cell);
    }
    blocks.push(writer.take(key));
  }
  return blocks;
}

/** The rows of the table in the order in which they were sealed, as they would be sent row by row. */
async function asRows({ clickhouse }: Servers): Promise<Buffer[]> {
  const { stream } = await clickhouse.exec({ query: `SELECT * FROM ${FACTS_TABLE} ORDER BY sensor FORMAT RowBinary` });
  return (await stream.toArray()) as Buffer[];
}

/** Into empty tables. @returns CPU of the database, and time, ms. */
async function insert(
  servers: Servers,
  format: string,
  parts: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<[cpuMs: number, ms: number]> {
  const { clickhouse } = servers;
  await servers.emptyTables();
  const beforeMs = await cpuMs(servers);
  const startMs = performance.now();
  const { stream } = await clickhouse.exec({
    query: `INSERT INTO ${FACTS_TABLE} FORMAT ${format}`,
    values: Readable.from(parts(), { objectMode: false }),
    clickhouse_settings: INSERT_SETTINGS,
  });
  for await (const part of stream) void part;
  const ms = performance.now() - startMs;
  return [(await cpuMs(servers)) - beforeMs, ms];
}

async function cpuMs(servers: Servers): Promise<number> {
  const [us] = await servers.row<[number]>(
    "SELECT toFloat64(sum(value)) FROM system.events WHERE event = 'OSCPUVirtualTimeMicroseconds'",
  );
  return us / US_PER_MS;
}
