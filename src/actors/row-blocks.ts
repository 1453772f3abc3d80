/**
 * Blocks of rows, which checkpoints of earlier releases may hold, into blocks of columns.
 *
 * Job: reads what blocks were before they were columns: RowBinary of the table's columns in the order of
 * infra/clickhouse/0001_tables.sql. Boundary: bytes to bytes, where a checkpoint is loaded; nothing writes such blocks any more.
 */
import { ByteSpan } from '../model/byte-span.ts';
import { CHANNEL_COLUMNS, FactColumnsWriter, textsEnd, textStart } from './fact-columns.ts';

const HOUR_SECONDS = 3_600;
/** Behind the names. uint32 hour (s), uint16 partition, uint64 block, uint32 incarnation, uint8 revised, uint32 count, four float64, two uint32. */
const NUMBERS_BYTES = 63;
const WORD = 0x1_0000_0000;
const latin1 = new TextDecoder('latin1');

/** The block as columns, whichever of the two it is. @param bytes of a block as a checkpoint has it. */
export function asColumns(bytes: Uint8Array): Uint8Array {
  // A row begins with the length of its city's name.
  return bytes.length === 0 || bytes[0] === 0 ? bytes : columnsOf(bytes);
}

function columnsOf(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const writer = new FactColumnsWriter();
  const channels = new Map<string, number>();
  let key = { partition: 0, block: 0, incarnation: 0 };
  for (let start = 0; start < bytes.length;) {
    const sensorAt = textsEnd(bytes, start, CHANNEL_COLUMNS.length);
    const at = textsEnd(bytes, sensorAt, 1);
    const texts = bytes.subarray(start, sensorAt);
    const name = latin1.decode(texts);
    const channel = channels.get(name) ?? channels.size;
    channels.set(name, channel);
    key = {
      partition: view.getUint16(at + 4, true),
      block: view.getUint32(at + 6, true) + view.getUint32(at + 10, true) * WORD,
      incarnation: view.getUint32(at + 14, true),
    };
    writer.begin(view.getUint32(at, true) / HOUR_SECONDS, view.getUint8(at + 18) === 1);
    writer.row(channel, texts, new ByteSpan(bytes, textStart(bytes, sensorAt), at), {
      slot: 0,
      count: view.getUint32(at + 19, true),
      hi: view.getFloat64(at + 23, true),
      lo: view.getFloat64(at + 31, true),
      min: view.getFloat64(at + 39, true),
      max: view.getFloat64(at + 47, true),
      firstMs: view.getUint32(at + 55, true),
      lastMs: view.getUint32(at + 59, true),
    });
    start = at + NUMBERS_BYTES;
  }
  return writer.take(key);
}
