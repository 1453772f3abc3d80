/**
 * Lists: pages with a cursor as JSON, or everything as a stream of CSV or NDJSON.
 *
 * Boundary: a route gives a {@link PageReader}; this file knows cursors, media types and streams.
 * Back pressure: a stream reads the next page when the socket has taken the one before; memory holds two pages.
 * A stream that fails midway is broken off, never ended as if it were whole.
 */
import { z } from '@hono/zod-openapi';
import { stringify } from 'csv-stringify/sync';
import type { Context } from 'hono';
import { parseAccept } from 'hono/utils/accept';
import { PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX } from '../model/limits.ts';
import { answerOf, questionOf, respondWith, streamCaching } from './answers/answers.ts';
import { Problem, problems } from './problem.ts';

/** Where a page ends: the last row's key. */
export type Key = readonly (string | number)[];

export interface Page<Row> {
  rows: Row[];
  /** The key to read on after; null: that was all. */
  next: Key | null;
  /** Headers of the answer that begins with this page. */
  headers?: Readonly<Record<string, string>>;
  /** Every hour that was asked for is final: only a correction can change the page. */
  isFinal?: boolean;
  /** See {@link Answer}. */
  isOfTables?: boolean;
}
export type PageReader<Row, K extends Key> = (after: K | null, limit: number) => Promise<Page<Row>>;

interface List<Row, K extends Key> {
  /** Part of the cursor: the cursor of one list is not one of another. */
  readonly name: string;
  readonly key: z.ZodType<K>;
  readonly columns: readonly (keyof Row & string)[];
  readonly read: PageReader<Row, K>;
  /** Headers that an answer about final hours has of the moment at which it is given; absent: those of its first page. */
  readonly headersNow?: () => Readonly<Record<string, string>>;
  readonly onError: (error: unknown) => void;
}

const CURSOR_VERSION = 1;
const JSON_TYPE = 'application/json';
const NDJSON_TYPE = 'application/x-ndjson';
const CSV_TYPE = 'text/csv';
const TYPES = [JSON_TYPE, NDJSON_TYPE, CSV_TYPE] as const;

/** @param rows the page's rows: keys follow from the last one where there may be more. */
export function pageOf<Row>(rows: Row[], limit: number, keyOf: (row: Row) => Key): Page<Row> {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, next: rows.length > limit && last !== undefined ? keyOf(last) : null };
}

export async function answerList<Row extends object, K extends Key>(
  c: Context,
  query: { limit?: number | undefined; cursor?: string | undefined; revision?: string | undefined },
  list: List<Row, K>,
): Promise<Response> {
  const type = negotiate(c.req.header('Accept'));
  const after = query.cursor === undefined ? null : decodeCursor(query.cursor, list.name, list.key);
  const rowsMax = query.limit ?? (type === JSON_TYPE ? PAGE_ROWS_DEFAULT : Infinity);
  const readFirst = (): Promise<Page<Row>> => list.read(after, Math.min(rowsMax, PAGE_ROWS_MAX));
  if (type === JSON_TYPE) {
    const answer = await c.get('answers').get(questionOf(c), async () => {
      const { rows, next, headers, isFinal = false, isOfTables = false } = await readFirst();
      const body = { data: rows, next: next === null ? null : encodeCursor(list.name, next) };
      return { ...answerOf(JSON.stringify(body), { Vary: 'Accept', ...headers }, isFinal), isOfTables };
    });
    const headersNow = answer.isFinal ? list.headersNow?.() : {};
    return respondWith(c, { ...answer, headers: { ...answer.headers, ...headersNow } }, query.revision);
  }
  if (query.revision !== undefined) throw new Problem(406, 'An answer with a revision is given as application/json.');
  const first = await readFirst();
  const headers = { Vary: 'Accept', ...first.headers, ...streamCaching(c, first.isFinal ?? false) };
  const text = type === CSV_TYPE ? csv(list.columns) : ndjson;
  return c.body(stream(first, rowsMax, list, text), 200, { ...headers, 'Content-Type': `${type}; charset=utf-8` });
}

function stream<Row extends object, K extends Key>(
  first: Page<Row>,
  rowsMax: number,
  list: List<Row, K>,
  text: (rows: readonly Row[], isFirst: boolean) => string,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let page: Page<Row> | null = null;
  let left = rowsMax;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const isFirst = page === null;
        if (page === null) page = first;
        else page = await list.read(list.key.parse(page.next), Math.min(left, PAGE_ROWS_MAX));
        left -= page.rows.length;
        const chunk = encoder.encode(text(page.rows, isFirst));
        if (chunk.length > 0) controller.enqueue(chunk);
        if (page.next === null || left <= 0) controller.close();
      } catch (error) {
        list.onError(error);
        controller.error(error);
      }
    },
  });
}

function csv<Row extends object>(columns: readonly string[]): (rows: readonly Row[], isFirst: boolean) => string {
  return (rows, isFirst) => stringify([...rows], { columns: [...columns], header: isFirst });
}

function ndjson(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** @throws {Problem} 406 where the caller takes none of ours. */
function negotiate(accept: string | undefined): (typeof TYPES)[number] {
  if (accept === undefined || accept.trim() === '') return JSON_TYPE;
  let best: (typeof TYPES)[number] | undefined;
  let bestQuality = 0;
  for (const type of TYPES) {
    const quality = qualityOf(type, accept);
    if (quality > bestQuality) [best, bestQuality] = [type, quality];
  }
  if (best === undefined)
    throw new Problem(406, `This list is given as ${TYPES.join(', ')}.`, { headers: { Vary: 'Accept' } });
  return best;
}

/** The most specific range that matches decides (RFC 9110, 12.5.1). */
function qualityOf(type: string, accept: string): number {
  const ranges = [type, `${type.slice(0, type.indexOf('/'))}/*`, '*/*'];
  const offers = parseAccept(accept);
  for (const range of ranges) {
    const offer = offers.find((candidate) => candidate.type.toLowerCase() === range);
    if (offer !== undefined) return offer.q;
  }
  return 0;
}

/** The opaque cursor behind a row. */
export function encodeCursor(name: string, key: Key): string {
  return Buffer.from(JSON.stringify([CURSOR_VERSION, name, ...key]), 'utf8').toString('base64url');
}

/** @throws {Problem} 400 where the cursor is not one this list gave. */
export function decodeCursor<K extends Key>(cursor: string, name: string, key: z.ZodType<K>): K {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    parts = null;
  }
  if (Array.isArray(parts) && parts[0] === CURSOR_VERSION && parts[1] === name) {
    const parsed = key.safeParse(parts.slice(2));
    if (parsed.success) return parsed.data;
  }
  throw new Problem(400, 'The cursor is not one that this list gave.', {
    members: { errors: [{ path: 'cursor', message: 'not a cursor of this list' }] },
  });
}

/** Headers of answers about hours, for the document. */
export const hourHeaders = z.object({
  'Hourglass-Watermark': z.iso.datetime().openapi({ description: 'Least committed watermark of all partitions.' }),
  'Hourglass-Final-Through': z.iso.datetime().openapi({ description: 'Hours that end at or before this are final.' }),
});

/** The documented answers of a list of `row`. */
export function listResponses<Row extends z.ZodType>(row: Row, description: string, headers?: z.ZodObject) {
  return {
    200: {
      description,
      ...(headers === undefined ? {} : { headers }),
      content: {
        [JSON_TYPE]: {
          schema: z.object({
            data: z.array(row),
            next: z.string().nullable().openapi({ description: 'Cursor of the next page; null: this was the last.' }),
          }),
        },
        [NDJSON_TYPE]: { schema: z.string().openapi({ description: 'One row a line, all of them.' }) },
        [CSV_TYPE]: { schema: z.string().openapi({ description: 'A header line, then all rows; null is empty.' }) },
      },
    },
    304: { description: 'As the ETag in If-None-Match says: nothing has changed.' },
    ...problems(400, 404, 406, 500, 503),
  };
}
