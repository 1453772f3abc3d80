/**
 * Errors as the caller may know them: what it did wrong, in the words of the REST API; nothing of our insides.
 *
 * Boundary: an error of a resolver in, a GraphQL error out. Its `extensions` have `code`, `status` and what a problem
 * of the REST API has beside its text.
 */
import type { GraphQLError } from 'graphql';
import { createGraphQLError } from 'graphql-yoga';
import { toProblem, type Problem } from '../problem.ts';

const CODES: Readonly<Partial<Record<Problem['status'], string>>> = { 400: 'BAD_REQUEST', 503: 'UNAVAILABLE' };

/** @param onError told of what is not the caller's fault. */
export function maskError(error: unknown, onError: (error: unknown, reference: string) => void): Error {
  const at = isGraphqlError(error) ? error : null;
  // Outside of any field only the request itself is parsed: `variables` in a URL are JSON.
  if (at === null && error instanceof SyntaxError)
    return createGraphQLError('The request’s `variables` or body are not JSON.', {
      extensions: { code: CODES[400], status: 400, http: { status: 400 } },
    });
  const cause = at === null ? error : at.originalError;
  // Without a cause it is the parser's, the validator's or a guard's: about the query.
  if (at !== null && (cause == null || isGraphqlError(cause))) return at;
  const problem = toProblem(cause);
  if (problem.status >= 500) onError(cause, problem.members.reference ?? '');
  return createGraphQLError(problem.message, {
    nodes: at?.nodes ?? null,
    path: at?.path ?? null,
    extensions: { code: CODES[problem.status] ?? 'INTERNAL_SERVER_ERROR', status: problem.status, ...problem.members },
  });
}

/** By name: a program may have loaded the package twice, as a module and as CommonJS. */
function isGraphqlError(error: unknown): error is GraphQLError {
  return error instanceof Error && error.name === 'GraphQLError';
}
