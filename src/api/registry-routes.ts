/**
 * The shape that every entry of the registry has over HTTP: `GET`, `PUT` and `DELETE` of one path.
 *
 * Boundary: documents of routes; what an entry is and where it is kept is the caller's. Handlers: registry-writes.ts.
 */
import { createRoute, type z } from '@hono/zod-openapi';
import {
  conditions,
  entryBodyLimit,
  eraseResponses,
  ifMatch,
  readResponses,
  writeResponses,
} from './registry-writes.ts';

interface EntryShape<Path extends string, Named, Entry, Body> {
  readonly path: Path;
  /** The schemas of path and query: what names one entry. */
  readonly named: Named;
  /** An entry as it is answered, and as it is sent. */
  readonly entry: Entry;
  readonly body: Body;
  /** Ends the operations' ids: `City` makes `getRegisteredCity`. */
  readonly id: string;
  /** The operations' summaries. */
  readonly read: string;
  readonly write: string;
  readonly erase: string;
}

export function entryRoutes<
  Path extends string,
  Named extends { readonly query: z.ZodObject; readonly params?: z.ZodObject },
  Entry extends z.ZodType,
  Body extends z.ZodType,
>({ path, named, entry, body, id, ...summaries }: EntryShape<Path, Named, Entry, Body>) {
  const tags = ['registry'];
  return {
    read: createRoute({
      method: 'get',
      path,
      operationId: `getRegistered${id}`,
      tags,
      summary: summaries.read,
      request: named,
      responses: readResponses(entry),
    }),
    write: createRoute({
      method: 'put',
      path,
      operationId: `putRegistered${id}`,
      tags,
      summary: summaries.write,
      middleware: entryBodyLimit,
      request: {
        ...named,
        headers: conditions,
        body: { required: true, content: { 'application/json': { schema: body } } },
      },
      responses: writeResponses(entry),
    }),
    erase: createRoute({
      method: 'delete',
      path,
      operationId: `deleteRegistered${id}`,
      tags,
      summary: summaries.erase,
      request: { ...named, headers: ifMatch },
      responses: eraseResponses,
    }),
  };
}
