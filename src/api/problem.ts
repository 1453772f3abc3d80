/**
 * Errors as `application/problem+json` (RFC 9457).
 *
 * Boundary: routes throw {@link Problem}; `toProblem` turns everything else into one that tells the caller what to do
 * and nothing about our insides.
 */
import { randomUUID } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import { ClickHouseError } from '@clickhouse/client';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { HourglassError } from '../model/errors.ts';
import { RETRY_AFTER_S } from '../model/limits.ts';

export const problemSchema = z
  .object({
    type: z.string().openapi({ description: '`about:blank`: the status says what kind of problem it is.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string().openapi({ description: 'Path of the request.' }),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .openapi({ description: 'Validation: what is wrong where.' }),
    reasons: z
      .array(z.record(z.string(), z.unknown()))
      .optional()
      .openapi({ description: 'Why no reading of a message can be used.' }),
    reference: z.string().optional().openapi({ description: 'Of a mistake of the program: finds it in the log.' }),
  })
  .openapi('Problem');
type ProblemBody = z.infer<typeof problemSchema>;

const TITLES = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  406: 'Not acceptable',
  412: 'Precondition failed',
  413: 'Payload too large',
  414: 'URI too long',
  415: 'Unsupported media type',
  422: 'No usable reading',
  429: 'Too many requests',
  500: 'Internal error',
  501: 'Not implemented',
  503: 'Unavailable',
} as const;
export type ProblemStatus = keyof typeof TITLES;

export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: ProblemStatus;
  readonly members: Pick<ProblemBody, 'errors' | 'reasons' | 'reference'>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: ProblemStatus,
    detail: string,
    more: { members?: Problem['members']; headers?: Problem['headers']; cause?: unknown } = {},
  ) {
    super(detail, more.cause === undefined ? undefined : { cause: more.cause });
    this.status = status;
    this.members = more.members ?? {};
    this.headers = {
      ...(status === 503 || status === 429 ? { 'Retry-After': String(RETRY_AFTER_S) } : {}),
      ...more.headers,
    };
  }
}

export function respond(c: Context, problem: Problem): Response {
  const body: ProblemBody = {
    type: 'about:blank',
    title: TITLES[problem.status],
    status: problem.status,
    detail: problem.message,
    instance: c.req.path,
    ...problem.members,
  };
  const headers = { ...problem.headers, 'Content-Type': 'application/problem+json' };
  return c.body(JSON.stringify(body), problem.status, headers);
}

/** The database's limits for one question (queries/sql.ts), by its names. */
const TOO_MUCH = new Set(['TIMEOUT_EXCEEDED', 'TOO_SLOW', 'MEMORY_LIMIT_EXCEEDED', 'TOO_MANY_ROWS', 'TOO_MANY_BYTES']);
const TOO_MUCH_DETAIL =
  'This asks for more than one question may take from the database: narrow it by city, district, metric, `from` and `to`.';

/** What went wrong, as the caller may know it. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof HTTPException && error.status in TITLES) {
    return new Problem(error.status as ProblemStatus, error.message, { cause: error });
  }
  if (error instanceof HourglassError && error.retry) {
    return new Problem(503, `${error.message}. ${error.advice}`, { cause: error });
  }
  if (error instanceof ClickHouseError && TOO_MUCH.has(error.type ?? '')) {
    return new Problem(400, TOO_MUCH_DETAIL, { cause: error });
  }
  if (isConnectionError(error)) {
    return new Problem(503, 'The database does not answer; try again in a few seconds.', { cause: error });
  }
  const reference = randomUUID();
  return new Problem(500, `The program made a mistake; its log has the details as ${reference}.`, {
    members: { reference },
    cause: error,
  });
}

/** A socket that broke or timed out, as opposed to a database that answered with an error. */
function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof ClickHouseError) return false;
  const code = 'code' in error ? String(error.code) : '';
  return (
    /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_)/.test(code) ||
    /^(Timeout error|socket hang up)/.test(error.message)
  );
}

/** Documented problems of a route. */
export function problems(
  ...statuses: ProblemStatus[]
): Record<string, { description: string; content: { 'application/problem+json': { schema: typeof problemSchema } } }> {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: TITLES[status], content: { 'application/problem+json': { schema: problemSchema } } },
    ]),
  );
}
