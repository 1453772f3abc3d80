/**
 * Recorded readings from a file: `time,sensor,metric,value`, plain or gzip, in file order.
 *
 * Boundary: a file in, readings out, a megabyte at a time. A row that cannot be read ends the reading with an error that
 * names file and line: a replay that silently skips rows is no replay.
 */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { ConfigError } from '../model/errors.ts';

export interface RecordedReading {
  /** ms since 1970 UTC, whole. */
  timeMs: number;
  sensor: string;
  metric: string;
  value: number;
}

export interface CsvOptions {
  /** Told how many bytes of the file have been read. */
  readonly onProgress?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

const COLUMNS = ['time', 'sensor', 'metric', 'value'] as const;
const CHUNK_BYTES = 1024 * 1024;
/** A row longer than this is no row of ours. */
const ROW_BYTES_MAX = 64 * 1024;
const NEW_LINE = 0x0a;
/** Epoch numbers below this are seconds: in ms it would be 1973, in seconds it is the year 5138. */
const EPOCH_MS_MIN = 1e11;

/** Readings in file order, some thousand at a time. @throws {ConfigError} naming the line that cannot be read. */
export async function* readCsv(file: string, options: CsvOptions = {}): AsyncGenerator<RecordedReading[]> {
  const rows = new CsvRows(file);
  for await (const chunk of chunksOf(file, options)) {
    const readings = rows.take(chunk);
    if (readings.length > 0) yield readings;
  }
  const last = rows.end();
  if (last.length > 0) yield last;
}

class CsvRows {
  readonly #file: string;
  #rest: Buffer = Buffer.alloc(0);
  #columns: number[] | null = null;
  #width = 0;
  #line = 0;
  #timeText = '';
  #timeMs = 0;

  constructor(file: string) {
    this.#file = file;
  }

  take(chunk: Buffer): RecordedReading[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const end = bytes.lastIndexOf(NEW_LINE) + 1;
    this.#rest = bytes.subarray(end);
    if (this.#rest.length > ROW_BYTES_MAX) throw this.#unreadable(this.#line + 1, 'has no end');
    return this.#parse(bytes.subarray(0, end));
  }

  end(): RecordedReading[] {
    const readings = this.#parse(this.#rest);
    if (this.#columns === null) throw new ConfigError(`${this.#file} is empty`, HEADER_ADVICE);
    return readings;
  }

  #parse(bytes: Buffer): RecordedReading[] {
    const rows = this.#split(bytes);
    const readings: RecordedReading[] = [];
    for (const row of rows) {
      this.#line += 1;
      if (this.#columns === null) {
        this.#takeHeader(row);
        continue;
      }
      // An empty line, mostly the last one.
      if (row.length === 1 && row[0] === '') continue;
      if (row.length !== this.#width)
        throw this.#unreadable(this.#line, `has ${String(row.length)} columns, not ${String(this.#width)}`);
      readings.push(this.#toReading(row, this.#columns));
    }
    return readings;
  }

  #split(bytes: Buffer): string[][] {
    try {
      return parse(bytes, { bom: true, relax_column_count: true, skip_empty_lines: false, encoding: 'utf8' });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ConfigError(
        `${this.#file}, after line ${String(this.#line)}: ${reason}`,
        'Correct the file; names hold no line breaks.',
      );
    }
  }

  #takeHeader(row: readonly string[]): void {
    const columns = COLUMNS.map((name) => row.indexOf(name));
    if (columns.includes(-1))
      throw new ConfigError(`${this.#file} begins with "${row.join(',').slice(0, 80)}"`, HEADER_ADVICE);
    this.#columns = columns;
    this.#width = row.length;
  }

  #toReading(row: readonly string[], columns: readonly number[]): RecordedReading {
    const [time = '', sensor = '', metric = '', value = ''] = columns.map((at) => row[at]);
    // Rows of one moment stand together.
    if (time !== this.#timeText) {
      this.#timeMs = timeOf(time);
      this.#timeText = time;
    }
    if (!Number.isFinite(this.#timeMs)) throw this.#unreadable(this.#line, `has the time "${time}"`);
    const number = value.trim() === '' ? NaN : Number(value);
    if (!Number.isFinite(number)) throw this.#unreadable(this.#line, `has the value "${value}"`);
    return { timeMs: this.#timeMs, sensor, metric, value: number };
  }

  #unreadable(line: number, what: string): ConfigError {
    return new ConfigError(
      `${this.#file}:${String(line)} ${what.slice(0, 120)}`,
      'Times are ISO 8601 (UTC where no zone is given) or epoch seconds or ms, values finite numbers. Correct or remove the row.',
    );
  }
}

const HEADER_ADVICE = `The first line must name the columns ${COLUMNS.join(',')}.`;
const CIVIL = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)(Z|[+-]\d\d:?\d\d)?$/;

/** ms since 1970, floored; NaN for what is no time. */
function timeOf(text: string): number {
  const civil = CIVIL.exec(text);
  if (civil !== null) {
    const [, day = '', time = '', zone = 'Z'] = civil;
    const offset = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone;
    return Date.parse(`${day}T${time.replace(',', '.')}${offset}`);
  }
  if (!/^\d{9,14}(\.\d+)?$/.test(text)) return NaN;
  const epoch = Number(text);
  return Math.floor(epoch < EPOCH_MS_MIN ? epoch * 1_000 : epoch);
}

/** The file's bytes, unpacked where they begin as gzip does. */
async function* chunksOf(file: string, { onProgress, signal }: CsvOptions): AsyncGenerator<Buffer> {
  const isGzip = await beginsAsGzip(file);
  let read = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      read += chunk.length;
      onProgress?.(read);
      done(null, chunk);
    },
  });
  const source = createReadStream(file, { highWaterMark: CHUNK_BYTES });
  const output = isGzip ? createGunzip({ chunkSize: CHUNK_BYTES }) : null;
  const aborted = signal === undefined ? {} : { signal };
  const running = output === null ? pipeline(source, counted, aborted) : pipeline(source, counted, output, aborted);
  let failure: unknown = null;
  running.catch((error: unknown) => (failure = error));
  try {
    for await (const chunk of output ?? counted) yield chunk as Buffer;
    await running;
  } catch (cause) {
    if (signal?.aborted === true) return;
    const reason = failure ?? cause;
    const text = reason instanceof Error ? reason.message : String(reason);
    throw new ConfigError(`${file} cannot be read: ${text}`, 'Is it whole? Copy it again.');
  }
}

async function beginsAsGzip(file: string): Promise<boolean> {
  try {
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
      return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`cannot open ${file}: ${reason}`, 'Give the path of a CSV file, plain or gzip.');
  }
}
