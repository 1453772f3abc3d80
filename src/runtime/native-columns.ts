/**
 * Blocks as ClickHouse's Native format: column after column, as the database keeps them.
 *
 * Job: one Native block of several blocks of columns (actors/fact-columns.ts), whose bytes are sent as they are; what
 * rows share (partition, hour, names of channels) is written out here. Why Native: to take rows apart and to look each
 * name up in a dictionary was about half of the database's processor time for an INSERT (`npm run bench -- --only inserts`).
 * Boundary: bytes to bytes; of what is written out, one block's column is in memory at a time (invariant 13).
 * Invariant 4: the whole INSERT is one physical block.
 * Source: the format as the database writes it (`SELECT ... FORMAT Native`); LowCardinality is
 * `SerializationLowCardinality`: version, flags, dictionary, index of each row.
 */
import { CHANNEL_COLUMNS, FactColumns, ROW_COLUMNS, type Run, textsEnd } from '../actors/fact-columns.ts';
import { HOUR_MS } from '../model/hour.ts';

const HOUR_SECONDS = HOUR_MS / 1_000;
/** A dictionary of the block alone: the only kind that Native has. */
const LOW_CARDINALITY_VERSION = 1n;
const HAS_ADDITIONAL_KEYS = 1n << 9n;
const NEEDS_DICTIONARY = 1n << 10n;
/** Arrays for an index, by the code that says its width. */
const INDEXES = [Uint8Array, Uint16Array, Uint32Array] as const;

type Numbers = Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

/** Columns of which all rows of a block, or of a run of it, have the same number. */
const SHARED_COLUMNS: readonly { name: string; type: string; of: (block: FactColumns) => Numbers }[] = [
  {
    name: 'hour',
    type: "DateTime('UTC')",
    of: (block) => ofRuns(block, Uint32Array, ({ hour }) => hour * HOUR_SECONDS),
  },
  { name: 'revised', type: 'UInt8', of: (block) => ofRuns(block, Uint8Array, ({ revised }) => (revised ? 1 : 0)) },
  { name: 'partition', type: 'UInt16', of: ({ rows, key }) => new Uint16Array(rows).fill(key.partition) },
  { name: 'block', type: 'UInt64', of: ({ rows, key }) => new BigUint64Array(rows).fill(BigInt(key.block)) },
  { name: 'incarnation', type: 'UInt32', of: ({ rows, key }) => new Uint32Array(rows).fill(key.incarnation) },
];

/** Rows of several blocks, in their order. @param sealed bytes of each. */
export function* nativeColumns(sealed: readonly Uint8Array[]): Generator<Uint8Array> {
  const blocks = sealed.map((bytes) => new FactColumns(bytes));
  const rows = blocks.reduce((sum, block) => sum + block.rows, 0);
  const columns = CHANNEL_COLUMNS.length + 1 + SHARED_COLUMNS.length + ROW_COLUMNS.length;
  yield Buffer.concat([varint(columns), varint(rows)]);
  for (const [text, name] of CHANNEL_COLUMNS.entries()) {
    yield header(name, 'LowCardinality(String)');
    yield* channelText(blocks, rows, text);
  }
  yield header('sensor', 'String');
  for (const { sensors } of blocks) yield sensors;
  for (const { name, type, of } of SHARED_COLUMNS) {
    yield header(name, type);
    for (const block of blocks) yield bytesOf(of(block));
  }
  for (const column of ROW_COLUMNS) {
    yield header(column.name, column.type);
    for (const block of blocks) yield block.column(column);
  }
}

/** Version, flags, dictionary and indexes. @param text of {@link CHANNEL_COLUMNS}. */
function* channelText(blocks: readonly FactColumns[], rows: number, text: number): Generator<Uint8Array> {
  const keys = new Map<string, { at: number; bytes: Uint8Array }>();
  const keysOf = blocks.map(({ channels }) => Uint32Array.from(channels, (channel) => keyOf(channel, text, keys)));
  const code = keys.size <= 0x100 ? 0 : keys.size <= 0x1_0000 ? 1 : 2;
  yield words(LOW_CARDINALITY_VERSION, BigInt(code) | HAS_ADDITIONAL_KEYS | NEEDS_DICTIONARY, BigInt(keys.size));
  yield Buffer.concat([...keys.values()].map(({ bytes }) => bytes));
  yield words(BigInt(rows));
  for (const [place, block] of blocks.entries()) {
    const index = new INDEXES[code](block.rows);
    const keyOfChannel = keysOf[place]!;
    for (let row = 0; row < block.rows; row++) index[row] = keyOfChannel[block.channelOf(row)]!;
    yield bytesOf(index);
  }
}

/** The place of a channel's text among those of its column. */
function keyOf(channel: Uint8Array, text: number, keys: Map<string, { at: number; bytes: Uint8Array }>): number {
  const bytes = channel.subarray(textsEnd(channel, 0, text), textsEnd(channel, 0, text + 1));
  const name = latin1.decode(bytes);
  let key = keys.get(name);
  if (key === undefined) keys.set(name, (key = { at: keys.size, bytes }));
  return key.at;
}

/** A number of each run, for each of its rows. */
function ofRuns<Column extends Uint8Array | Uint32Array>(
  { rows, runs }: FactColumns,
  Of: new (rows: number) => Column,
  numberOf: (run: Run) => number,
): Column {
  const column = new Of(rows);
  let at = 0;
  for (const run of runs) column.fill(numberOf(run), at, (at += run.rows));
  return column;
}

const latin1 = new TextDecoder('latin1');

function bytesOf({ buffer, byteOffset, byteLength }: Numbers): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function header(name: string, type: string): Buffer {
  return Buffer.concat([string(name), string(type)]);
}

function string(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(bytes.length), bytes]);
}

/** LEB128. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

function words(...values: bigint[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length);
  for (const [at, value] of values.entries()) bytes.writeBigUInt64LE(value, 8 * at);
  return bytes;
}
