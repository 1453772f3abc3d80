/**
 * The words of OData's expressions.
 *
 * Boundary: text to tokens with their positions. Each branch of the pattern begins differently, so reading takes time
 * in proportion to the text.
 */
import { z } from '@hono/zod-openapi';
import { Problem } from '../problem.ts';

export type Token = { readonly at: number } & (
  | { readonly is: 'text'; readonly value: string }
  | { readonly is: 'number' | 'time'; readonly value: number }
  /** A name or a path of names: `result`, `Thing/properties/city`, `@iot.id`, `and`. */
  | { readonly is: 'word'; readonly value: string }
  | { readonly is: '(' | ')' | ',' | 'end'; readonly value: string }
);

const TOKEN =
  /\s+|'((?:[^']|'')*)'|(\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})(?:\/[^\s),]*)?)?(?![\d.]))|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))|((?:@iot\.)?[A-Za-z_]\w*(?:\/(?:@iot\.)?[A-Za-z_]\w*)*)|([(),])/y;

/** @throws {Problem} 400 that says where the text cannot be read. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw unreadable(text, at);
    const [, quoted, time, number, word, mark] = match;
    if (quoted !== undefined) tokens.push({ at, is: 'text', value: quoted.replaceAll("''", "'") });
    else if (time !== undefined) tokens.push({ at, is: 'time', value: timeOf(time) });
    else if (number !== undefined) tokens.push({ at, is: 'number', value: finite(number) });
    else if (word !== undefined) tokens.push({ at, is: 'word', value: word });
    else if (mark === '(' || mark === ')' || mark === ',') tokens.push({ at, is: mark, value: mark });
  }
  tokens.push({ at: text.length, is: 'end', value: 'the end' });
  return tokens;
}

/** Where reading stopped, in the caller's own text. */
export function unreadable(text: string, at: number): Problem {
  const rest = text.slice(at, at + 20);
  return new Problem(400, `Cannot read \`${rest}\` at character ${String(at + 1)} of \`${text.slice(0, 200)}\`.`);
}

function timeOf(text: string): number {
  if (text.includes('/')) {
    throw new Problem(501, `Intervals (\`${text}\`) are not implemented: compare with their beginning and their end.`);
  }
  const ms = Date.parse(text);
  if (Number.isNaN(ms) || !z.iso.date().safeParse(text.slice(0, 10)).success) {
    throw new Problem(400, `\`${text}\` is no time; expected ISO 8601 with Z or an offset.`);
  }
  return ms;
}

function finite(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value)) return value;
  throw new Problem(400, `\`${text}\` is larger than a number can be.`);
}
