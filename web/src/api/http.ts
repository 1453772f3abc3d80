/**
 * Questions to the API, and what can go wrong with them, in words for readers.
 *
 * Boundary: fetch in, values or an {@link ApiError} out. Same origin only.
 */
import { fetchWithKey } from './key.ts';

export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status; 0: there was no answer. */
  readonly status: number;

  constructor(status: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

/** A question without an answer for so long is given up, ms. */
const ANSWER_MS_MAX = 20_000;

export interface Answer<Body> {
  readonly body: Body;
  readonly headers: Headers;
}

/** @throws {ApiError}, or the signal's reason where it was aborted. */
export async function ask<Body>(path: string, signal: AbortSignal, init: RequestInit = {}): Promise<Answer<Body>> {
  const late = AbortSignal.timeout(ANSWER_MS_MAX);
  let response: Response;
  try {
    const headers = {
      accept: 'application/json',
      ...(init.body == null ? {} : { 'content-type': 'application/json' }),
    };
    response = await fetchWithKey(path, { ...init, headers, signal: AbortSignal.any([signal, late]) });
  } catch (error) {
    signal.throwIfAborted();
    throw new ApiError(
      0,
      late.aborted ? 'The program does not answer in time.' : 'The program cannot be reached.',
      error,
    );
  }
  if (response.ok) return { body: (await response.json()) as Body, headers: response.headers };
  throw new ApiError(response.status, await reasonOf(response));
}

/** A path with a query of what is not null. */
export function pathWith(path: string, query: Readonly<Record<string, string | number | null>>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== null) params.set(name, String(value));
  return params.size === 0 ? path : `${path}?${params.toString()}`;
}

/** All rows of a list, page after page. @param rowsMax no more pages are read after so many rows. */
export async function askAll<Row>(
  path: string,
  query: Readonly<Record<string, string | number | null>>,
  signal: AbortSignal,
  rowsMax: number,
): Promise<{ rows: Row[]; isAll: boolean; headers: Headers }> {
  const rows: Row[] = [];
  let cursor: string | null = null;
  let headers: Headers | undefined;
  do {
    const answer: Answer<{ data: Row[]; next: string | null }> = await ask(
      pathWith(path, { ...query, cursor }),
      signal,
    );
    rows.push(...answer.body.data);
    // What was final when the first page was read is final in all of them.
    headers ??= answer.headers;
    cursor = answer.body.next;
  } while (cursor !== null && rows.length < rowsMax);
  return { rows, isAll: cursor === null, headers };
}

async function reasonOf(response: Response): Promise<string> {
  const text = await response.text().catch(() => '');
  try {
    const { detail, title } = JSON.parse(text) as { detail?: string; title?: string };
    return detail ?? title ?? response.statusText;
  } catch {
    return response.statusText || `The program answered with ${String(response.status)}.`;
  }
}
