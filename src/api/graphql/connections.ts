/**
 * Pages as Relay connections. Cursors are those of the REST API: a cursor of one is good in the other.
 *
 * Boundary: keys and rows in, connections out; who reads the rows is the resolvers' affair.
 */
import { z } from '@hono/zod-openapi';
import { CURSOR_CHARS_MAX, PAGE_ROWS_MAX, TABLE_HOURS_MAX } from '../../model/limits.ts';
import { HOUR_CURSOR } from '../hour-cursor.ts';
import { decodeCursor, encodeCursor, type Key } from '../page.ts';

/** A list whose rows have cursors: the name and the key of the REST list of the same rows. */
export interface CursorList<Row, K extends Key> {
  readonly name: string;
  readonly key: z.ZodType<K>;
  readonly keyOf: (row: Row) => K;
}

export interface Connection<Row> {
  readonly edges: { cursor: string; node: Row }[];
  readonly nodes: Row[];
  readonly pageInfo: {
    hasNextPage: boolean;
    hasPreviousPage: boolean;
    startCursor: string | null;
    endCursor: string | null;
  };
}

/** Arguments of a page, as the schema has them. */
export const pageArguments = {
  first: z.int().min(1).max(PAGE_ROWS_MAX),
  after: z.string().max(CURSOR_CHARS_MAX).optional(),
};

const text = z.string();
const hour = z.int().min(0).max(TABLE_HOURS_MAX);

export const CITIES: CursorList<{ city: string }, [string]> = {
  name: 'cities',
  key: z.tuple([text]),
  keyOf: ({ city }) => [city],
};
export const DISTRICTS: CursorList<{ district: string }, [string]> = {
  name: 'districts',
  key: z.tuple([text]),
  keyOf: ({ district }) => [district],
};

interface SeriesNode {
  readonly city: string;
  readonly district: string;
  readonly kind: string;
  readonly metric: string;
  readonly sensor: string;
}
export const SENSORS: CursorList<SeriesNode, [string, string, string, string, string]> = {
  name: 'sensors',
  key: z.tuple([text, text, text, text, text]),
  keyOf: ({ city, district, kind, metric, sensor }) => [city, district, kind, metric, sensor],
};
export const HOURS: CursorList<SeriesNode & { hour: string }, [string, string, string, string, string, number]> = {
  ...HOUR_CURSOR,
  keyOf: (row) => [...SENSORS.keyOf(row), Date.parse(row.hour) / 3_600_000],
};

/** @param name as in the REST API. `period`: the hour, or the civil day that the period begins with, since 1970. */
export function rollupsList(name: string): CursorList<{ kind: string; period: number }, [string, number]> {
  return { name, key: z.tuple([text, hour]), keyOf: ({ kind, period }) => [kind, period] };
}

/** @throws {Problem} 400 where the cursor is not one of this list. */
export function keyAfterCursor<K extends Key>(list: CursorList<never, K>, cursor: string | undefined): K | null {
  return cursor === undefined ? null : decodeCursor(cursor, list.name, list.key);
}

/** @param isMore there are rows behind the last one. */
export function connectionOf<Row, K extends Key>(
  list: CursorList<Row, K>,
  rows: Row[],
  isMore: boolean,
): Connection<Row> {
  const edges = rows.map((node) => ({ cursor: encodeCursor(list.name, list.keyOf(node)), node }));
  return {
    edges,
    nodes: rows,
    pageInfo: {
      hasNextPage: isMore,
      hasPreviousPage: false,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

/** @param rows one more than `first` where there are more. */
export function firstOf<Row, K extends Key>(list: CursorList<Row, K>, rows: Row[], first: number): Connection<Row> {
  return connectionOf(list, rows.slice(0, first), rows.length > first);
}
