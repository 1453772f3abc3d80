/**
 * The functions and the arithmetic of `$filter`, each twice: as SQL and in JavaScript.
 *
 * Boundary: only what gives the same on both sides is here. Letters are those of ASCII in `tolower` and `toupper`;
 * lengths and positions count code points. A null argument gives null.
 */
import { HOUR_MS } from '../../model/hour.ts';
import type { Row } from './properties.ts';

export type Value = string | number | boolean | null;

/** An expression that has a value for each row. */
export interface Operand {
  readonly is: 'text' | 'number' | 'boolean';
  readonly sql: string;
  readonly valueOf: (row: Row) => Value;
}

interface FunctionOf {
  readonly takes: readonly ('text' | 'number' | 'hour')[];
  /** False: an operator. */
  readonly isCalled: boolean;
  readonly make: (args: readonly Operand[]) => Operand;
}

type Argument = string | number | boolean;

/** @param sql `$1`, `$2` stand for the arguments. */
function define(
  takes: FunctionOf['takes'],
  is: Operand['is'],
  sql: string,
  value: (...args: never[]) => Argument,
  isCalled = true,
): FunctionOf {
  return {
    takes,
    isCalled,
    make: (args) => ({
      is,
      sql: sql.replaceAll(/\$(\d)/g, (_, at: string) => args[Number(at) - 1]?.sql ?? ''),
      valueOf: (row) => {
        const values = args.map((arg) => arg.valueOf(row));
        return values.includes(null) ? null : (value as (...given: unknown[]) => Argument)(...values);
      },
    }),
  };
}

const TWO_NUMBERS = ['number', 'number'] as const;
const TWO_TEXTS = ['text', 'text'] as const;
const dateOf = (hour: number): Date => new Date(hour * HOUR_MS);

/** As the database counts: a pair of surrogates is one. */
function codePoints(text: string): number {
  return Array.from(text).length;
}

export const FUNCTIONS = {
  add: define(TWO_NUMBERS, 'number', '(($1) + ($2))', (a: number, b: number) => a + b, false),
  sub: define(TWO_NUMBERS, 'number', '(($1) - ($2))', (a: number, b: number) => a - b, false),
  mul: define(TWO_NUMBERS, 'number', '(($1) * ($2))', (a: number, b: number) => a * b, false),
  div: define(TWO_NUMBERS, 'number', '(($1) / ($2))', (a: number, b: number) => a / b, false),
  mod: define(
    TWO_NUMBERS,
    'number',
    '(($1) - ($2) * trunc(($1) / ($2)))',
    (a: number, b: number) => a - b * Math.trunc(a / b),
    false,
  ),
  floor: define(['number'], 'number', 'floor($1)', Math.floor),
  ceiling: define(['number'], 'number', 'ceil($1)', Math.ceil),
  // Halves away from zero: the database's own `round` takes the even neighbour.
  round: define(['number'], 'number', 'if(($1) < 0, -floor(0.5 - ($1)), floor(($1) + 0.5))', (value: number) =>
    value < 0 ? -Math.floor(0.5 - value) : Math.floor(value + 0.5),
  ),
  startswith: define(TWO_TEXTS, 'boolean', 'startsWith($1, $2)', (text: string, start: string) =>
    text.startsWith(start),
  ),
  endswith: define(TWO_TEXTS, 'boolean', 'endsWith($1, $2)', (text: string, end: string) => text.endsWith(end)),
  substringof: define(TWO_TEXTS, 'boolean', '(position($2, $1) > 0)', (part: string, text: string) =>
    text.includes(part),
  ),
  contains: define(TWO_TEXTS, 'boolean', '(position($1, $2) > 0)', (text: string, part: string) => text.includes(part)),
  indexof: define(TWO_TEXTS, 'number', 'toFloat64(toInt64(positionUTF8($1, $2)) - 1)', (text: string, part: string) => {
    const at = text.indexOf(part);
    return at === -1 ? -1 : codePoints(text.slice(0, at));
  }),
  length: define(['text'], 'number', 'toFloat64(lengthUTF8($1))', (text: string) => codePoints(text)),
  concat: define(TWO_TEXTS, 'text', 'concat($1, $2)', (a: string, b: string) => a + b),
  tolower: define(['text'], 'text', 'lower($1)', (text: string) =>
    text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()),
  ),
  toupper: define(['text'], 'text', 'upper($1)', (text: string) =>
    text.replaceAll(/[a-z]/g, (letter) => letter.toUpperCase()),
  ),
  trim: define(['text'], 'text', 'trimBoth($1)', (text: string) => text.replaceAll(/^ +| +$/g, '')),
  year: define(['hour'], 'number', 'toFloat64(toYear($1))', (hour: number) => dateOf(hour).getUTCFullYear()),
  month: define(['hour'], 'number', 'toFloat64(toMonth($1))', (hour: number) => dateOf(hour).getUTCMonth() + 1),
  day: define(['hour'], 'number', 'toFloat64(toDayOfMonth($1))', (hour: number) => dateOf(hour).getUTCDate()),
  hour: define(['hour'], 'number', 'toFloat64(toHour($1))', (hour: number) => dateOf(hour).getUTCHours()),
} satisfies Record<string, FunctionOf>;
