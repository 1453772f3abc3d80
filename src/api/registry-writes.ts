/**
 * Reading, writing and removing one entry of the registry over HTTP: revisions as ETags, `If-Match`, `If-None-Match: *`.
 *
 * Boundary: HTTP around the port; what an entry looks like in a body is its route's.
 */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { RegistryConflict } from '../model/errors.ts';
import { REGISTRY_ENTRY_BYTES_MAX } from '../model/limits.ts';
import type { Registered, RegistryEntry, RegistryKey } from '../model/registry.ts';
import type { Registry } from './ports.ts';
import { Problem, problems } from './problem.ts';

/** A proxy that compresses an answer makes its ETag weak (`W/`): the revision in it is the same. */
const ETAG = /^(?:W\/)?"(\d{1,15})"$/;

export const conditions = z.object({
  'if-match': z
    .string()
    .refine((text) => text === '*' || ETAG.test(text), 'expected an ETag that was given for this entry, or *')
    .optional()
    .openapi({ type: 'string', description: 'ETag of the entry as it was read, or `*`: 412 where it is another one.' }),
  'if-none-match': z.literal('*').optional().openapi({ description: '`*`: 412 where there is an entry already.' }),
});
/** Of a removal. */
export const ifMatch = conditions.pick({ 'if-match': true });
type Conditions = z.infer<typeof conditions>;

const headers = z.object({ ETag: z.string().openapi({ description: 'The entry’s revision.', example: '"42"' }) });

export const entryBodyLimit = bodyLimit({
  maxSize: REGISTRY_ENTRY_BYTES_MAX,
  onError: () => {
    throw new Problem(413, `An entry has at most ${String(REGISTRY_ENTRY_BYTES_MAX)} bytes.`);
  },
});

const answered = <Schema extends z.ZodType>(description: string, schema: Schema, type: string) => ({
  description,
  headers,
  content: { [type]: { schema } },
});

/** The documented answers of `GET`. */
export function readResponses<Schema extends z.ZodType>(schema: Schema, type = 'application/json') {
  return { 200: answered('The entry', schema, type), ...problems(400, 404, 500) };
}

/** The documented answers of `PUT`. */
export function writeResponses<Schema extends z.ZodType>(schema: Schema, type = 'application/json') {
  return {
    200: answered('Replaced', schema, type),
    201: answered('Made', schema, type),
    ...problems(400, 412, 413, 500, 503),
  };
}

/** The documented answers of `DELETE`. */
export const eraseResponses = { 204: { description: 'Removed' }, ...problems(400, 404, 412, 500, 503) };

export function answerEntry<Entry extends RegistryEntry>(
  c: Context,
  found: Registered<Entry> | null,
  what: string,
  toBody: (entry: Entry) => object,
  type = 'application/json',
): Response {
  if (found === null) throw notThere(what);
  return answer(c, 200, toBody(found.entry), found.revision, type);
}

/** Replaces the entry, or makes it. */
export async function writeEntry<Entry extends RegistryEntry>(
  c: Context,
  registry: Registry,
  entry: Entry,
  given: Conditions,
  toBody: (entry: Entry) => object,
  type = 'application/json',
): Promise<Response> {
  const known = registry.find(entry);
  const match = given['if-match'];
  let expected: number | null | undefined;
  if (match !== undefined) {
    if (known === null) throw conflict();
    expected = match === '*' ? known.revision : Number(ETAG.exec(match)?.[1]);
  } else if (given['if-none-match'] !== undefined) expected = null;
  const revision = await resolved(registry.write(entry, expected));
  return answer(c, known === null ? 201 : 200, toBody(entry), revision, type);
}

export async function eraseEntry(
  c: Context,
  registry: Registry,
  key: RegistryKey,
  given: Pick<Conditions, 'if-match'>,
  what: string,
): Promise<Response> {
  const known = registry.find(key);
  if (known === null) throw notThere(what);
  const match = given['if-match'] ?? '*';
  await resolved(registry.erase(key, match === '*' ? known.revision : Number(ETAG.exec(match)?.[1])));
  return c.body(null, 204);
}

function answer(c: Context, status: 200 | 201, body: object, revision: number, type: string): Response {
  return c.body(JSON.stringify(body), status, { 'Content-Type': type, ETag: `"${String(revision)}"` });
}

async function resolved<Result>(write: Promise<Result>): Promise<Result> {
  try {
    return await write;
  } catch (error) {
    if (error instanceof RegistryConflict) throw conflict(error);
    throw error;
  }
}

function conflict(cause?: unknown): Problem {
  return new Problem(412, 'The entry is not in the state that was expected: read it again and decide anew.', { cause });
}

function notThere(what: string): Problem {
  return new Problem(404, `The registry has no ${what}.`);
}
