/**
 * What is wrong with a request, for the one who sent it.
 *
 * Boundary: a schema's findings in, a problem out.
 */
import type { ZodError } from 'zod';
import { Problem } from './problem.ts';

/** A 400 that names each part of the request that cannot be used. */
export function invalidRequest(error: ZodError, target: string): Problem {
  const errors = error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [{ path: issue.path.join('.') || target, message: issue.message }];
    const message = issue.message.startsWith('Unrecognized') ? 'unknown query parameter' : issue.message;
    return issue.keys.map((path) => ({ path, message }));
  });
  const detail = errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return new Problem(400, detail, { members: { errors } });
}
