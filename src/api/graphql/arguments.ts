/**
 * Arguments of fields, checked by schemas.
 *
 * Boundary: an explicit null is an argument that is not there.
 */
import type { z } from '@hono/zod-openapi';
import { Problem } from '../problem.ts';

/** @throws {Problem} 400 that names each argument that cannot be used. */
export function argumentsOf<Value>(schema: z.ZodType<Value>, args: Readonly<Record<string, unknown>>): Value {
  const given = Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  throw new Problem(400, errors.map(({ path, message }) => `${path}: ${message}`).join('; '), { members: { errors } });
}
