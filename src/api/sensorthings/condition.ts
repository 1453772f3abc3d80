/**
 * The meaning of a `$filter`: SQL with parameters for the database, and the same as a function for rows in memory.
 *
 * Boundary: no value ever becomes text of the SQL, and no name that is not in {@link Properties}. What cannot be given
 * a meaning in both is refused; `null` in a comparison gives neither true nor false, here as there.
 */
import { HOUR_MS } from '../../model/hour.ts';
import { TABLE_HOURS_MAX } from '../../model/limits.ts';
import { compareUtf8 } from '../../model/series-order.ts';
import { Problem } from '../problem.ts';
import type { Condition } from '../queries/view-hours.ts';
import type { Comparison, Expression } from './expression.ts';
import { FUNCTIONS, type Operand, type Value } from './functions.ts';
import type { HourAt, Properties, Property, Row } from './properties.ts';

export interface Filter {
  readonly condition: Condition;
  readonly matches: (row: Row) => boolean;
  /** Columns that must equal these texts wherever the condition holds. */
  readonly equal: Readonly<Record<string, string>>;
  /** Hour indexes outside of which the condition never holds, `toHour` exclusive. */
  readonly fromHour: number;
  readonly toHour: number;
  /** The condition holds for all rows with these texts in these hours: it says nothing else. */
  readonly isExact: boolean;
  /** It means something else in the next hour: `now()` is in it. */
  readonly isOfNow: boolean;
}

/** What follows from a condition: columns that have one text, hours that it can hold for. */
interface Consequences {
  equal: Record<string, string>;
  fromHour: number;
  toHour: number;
  /** And the condition from it. */
  isExact: boolean;
}

/** @throws {Problem} 400 for what is wrong, 501 for what is right and not implemented. */
export function filterOf(expression: Expression, properties: Properties, nowMs: number): Filter {
  const compiler = new Compiler(properties, nowMs);
  const compiled = compiler.compile(expression);
  if (compiled.is !== 'boolean') throw new Problem(400, '`$filter` is a condition, and this is a value.');
  return {
    condition: { sql: compiled.sql, params: compiler.params },
    matches: (row) => compiled.valueOf(row) === true,
    ...compiler.consequencesOf(expression),
    isOfNow: compiler.isOfNow,
  };
}

class Compiler {
  readonly params: Record<string, unknown> = {};
  isOfNow = false;
  readonly #properties: Properties;
  readonly #nowMs: number;
  #count = 0;

  constructor(properties: Properties, nowMs: number) {
    this.#properties = properties;
    this.#nowMs = nowMs;
  }

  compile(expression: Expression): Operand {
    switch (expression.is) {
      case 'text':
        return constant('text', this.#param(expression.value, 'String'), expression.value);
      case 'number':
        return constant('number', this.#param(expression.value, 'Float64'), expression.value);
      case 'boolean':
        return constant('boolean', expression.value ? 'true' : 'false', expression.value);
      case 'path':
        return this.#column(expression.path);
      case 'not': {
        const of = this.#condition(expression.of);
        return { is: 'boolean', sql: `NOT (${of.sql})`, valueOf: (row) => negated(of.valueOf(row)) };
      }
      case 'and':
      case 'or': {
        const [left, right] = [this.#condition(expression.left), this.#condition(expression.right)];
        const decides = expression.is === 'or';
        return {
          is: 'boolean',
          sql: `(${left.sql}) ${decides ? 'OR' : 'AND'} (${right.sql})`,
          valueOf: (row) => joined(left.valueOf(row), right.valueOf(row), decides),
        };
      }
      case 'call':
        return this.#call(expression.name, expression.args);
      case 'add':
      case 'sub':
      case 'mul':
      case 'div':
      case 'mod':
        return FUNCTIONS[expression.is].make(this.#operands(expression.is, [expression.left, expression.right]));
      case 'time':
      case 'null':
        throw new Problem(400, `A ${expression.is === 'time' ? 'time' : 'null'} can only be compared.`);
      case 'eq':
      case 'ne':
      case 'gt':
      case 'ge':
      case 'lt':
      case 'le':
        return this.#comparison(expression.is, expression.left, expression.right);
    }
  }

  consequencesOf(expression: Expression): Consequences {
    const none = { equal: {}, fromHour: 0, toHour: TABLE_HOURS_MAX, isExact: false };
    if (expression.is === 'and') {
      const [a, b] = [this.consequencesOf(expression.left), this.consequencesOf(expression.right)];
      return {
        equal: { ...a.equal, ...b.equal },
        fromHour: Math.max(a.fromHour, b.fromHour),
        toHour: Math.min(a.toHour, b.toHour),
        isExact: a.isExact && b.isExact && agree(a.equal, b.equal),
      };
    }
    if (!('left' in expression) || !(expression.is in MIRRORED)) return none;
    const { property, comparison, other } = this.#sides(expression.is as Comparison, expression.left, expression.right);
    if (property?.is === 'text' && comparison === 'eq' && other.is === 'text')
      return { ...none, equal: { [property.column]: other.value }, isExact: true };
    if (property?.is === 'id' && comparison === 'eq' && other.is === 'text') {
      const key = property.read(other.value);
      const { hour, ...equal } = key ?? {};
      const range = typeof hour === 'number' ? { fromHour: hour, toHour: hour + 1 } : {};
      return { ...none, ...range, equal: equal as Record<string, string>, isExact: key !== null };
    }
    const timeMs = this.#timeOf(other);
    if (property?.is === 'hour' && timeMs !== null)
      return { ...none, ...hoursWhere(property.at, comparison, timeMs), isExact: comparison !== 'ne' };
    return none;
  }

  #comparison(asked: Comparison, left: Expression, right: Expression): Operand {
    const { property, comparison, other } = this.#sides(asked, left, right);
    if (property?.is === 'hour') return this.#hourCondition(comparison, other, property.at);
    if (property?.is === 'id') return this.#idCondition(comparison, other, property.read);
    if (left.is === 'null' || right.is === 'null') return this.#nullCondition(asked, left, right);
    const [a, b] = [this.compile(left), this.compile(right)];
    if (a.is !== b.is) throw new Problem(400, `\`${asked}\` cannot compare a ${a.is} with a ${b.is}.`);
    return {
      is: 'boolean',
      sql: `(${a.sql}) ${SQL_COMPARISONS[asked]} (${b.sql})`,
      valueOf: (row) => compared(asked, a.valueOf(row), b.valueOf(row)),
    };
  }

  /** The side that is a property comes first: `3 lt result` is `result gt 3`. */
  #sides(
    comparison: Comparison,
    left: Expression,
    right: Expression,
  ): { property: Property | undefined; comparison: Comparison; other: Expression } {
    if (left.is === 'path') return { property: this.#properties[left.path], comparison, other: right };
    const property = right.is === 'path' ? this.#properties[right.path] : undefined;
    return { property, comparison: MIRRORED[comparison], other: left };
  }

  #hourCondition(comparison: Comparison, other: Expression, at: HourAt): Operand {
    const timeMs = this.#timeOf(other);
    if (timeMs === null) throw new Problem(400, 'A time can only be compared with a time.');
    const { fromHour, toHour } = hoursWhere(at, comparison === 'ne' ? 'eq' : comparison, timeMs);
    const [from, to] = [this.#param(fromHour * 3_600, 'UInt32'), this.#param(toHour * 3_600, 'UInt32')];
    const isInside = `hour >= toDateTime(${from}, 'UTC') AND hour < toDateTime(${to}, 'UTC')`;
    const isWanted = comparison !== 'ne';
    return {
      is: 'boolean',
      sql: isWanted ? isInside : `NOT (${isInside})`,
      valueOf: (row) => {
        const hour = hourIn(row);
        return (hour >= fromHour && hour < toHour) === isWanted;
      },
    };
  }

  #idCondition(comparison: Comparison, other: Expression, read: (id: string) => Row | null): Operand {
    if (comparison !== 'eq' && comparison !== 'ne') throw new Problem(400, 'An id can only be `eq` or `ne`.');
    if (other.is !== 'text') throw new Problem(400, 'An id is a text in single quotes.');
    const isWanted = comparison === 'eq';
    const key = read(other.value);
    if (key === null) return constant('boolean', isWanted ? 'false' : 'true', !isWanted);
    const equal = Object.entries(key).map(([column, value]) =>
      column === 'hour'
        ? `hour = toDateTime(${this.#param(Number(value) * 3_600, 'UInt32')}, 'UTC')`
        : `${column} = ${this.#param(value, 'String')}`,
    );
    return {
      is: 'boolean',
      sql: `${isWanted ? '' : 'NOT '}(${equal.join(' AND ')})`,
      valueOf: (row) =>
        Object.entries(key).every(([column, value]) => (column === 'hour' ? hourIn(row) : row[column]) === value) ===
        isWanted,
    };
  }

  #nullCondition(comparison: Comparison, left: Expression, right: Expression): Operand {
    if (comparison !== 'eq' && comparison !== 'ne') throw new Problem(400, '`null` can only be `eq` or `ne`.');
    const isWanted = comparison === 'eq';
    if (left.is === 'null' && right.is === 'null') return constant('boolean', isWanted ? 'true' : 'false', isWanted);
    const of = this.compile(left.is === 'null' ? right : left);
    return {
      is: 'boolean',
      sql: `${isWanted ? 'isNull' : 'isNotNull'}(${of.sql})`,
      valueOf: (row) => (of.valueOf(row) === null) === isWanted,
    };
  }

  #call(name: string, args: readonly Expression[]): Operand {
    const known = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name as keyof typeof FUNCTIONS] : undefined;
    const first = args[0];
    if (known?.takes[0] === 'hour') {
      const property = first?.is === 'path' ? this.#properties[first.path] : undefined;
      if (args.length !== 1 || property?.is !== 'hour' || property.at === 'end')
        throw new Problem(400, `\`${name}\` is asked of \`phenomenonTime\`.`);
      return known.make([{ is: 'number', sql: 'hour', valueOf: hourIn }]);
    }
    if (known === undefined || !known.isCalled) throw notImplemented(`The function \`${name}\``);
    return known.make(this.#operands(name, args));
  }

  #operands(name: keyof typeof FUNCTIONS | (string & {}), args: readonly Expression[]): Operand[] {
    const { takes } = FUNCTIONS[name as keyof typeof FUNCTIONS];
    const operands = args.map((arg) => this.compile(arg));
    const isRight = operands.length === takes.length && operands.every(({ is }, at) => is === takes[at]);
    if (!isRight) throw new Problem(400, `\`${name}\` takes ${takes.map((kind) => `a ${kind}`).join(' and ')}.`);
    return operands;
  }

  #column(path: string): Operand {
    const property = this.#properties[path];
    if (property === undefined) throw notImplemented(`\`${path}\` in a filter or an order`);
    if (property.is === 'hour') throw new Problem(400, `\`${path}\` can only be compared with a time.`);
    if (property.is === 'id') throw new Problem(400, `\`${path}\` can only be \`eq\` or \`ne\` a text.`);
    const { is, column } = property;
    // The database compares whole numbers and float64 as JavaScript does only where both are float64.
    return { is, sql: is === 'number' ? `toFloat64(${column})` : column, valueOf: (row) => row[column] as Value };
  }

  #condition(expression: Expression): Operand {
    const operand = this.compile(expression);
    if (operand.is !== 'boolean') throw new Problem(400, '`and`, `or` and `not` stand between conditions.');
    return operand;
  }

  /** ms since 1970 where the expression is a time that is known beforehand. */
  #timeOf(expression: Expression): number | null {
    if (expression.is === 'time') return expression.value;
    if (expression.is !== 'call' || expression.args.length > 0) return null;
    if (expression.name === 'now') this.isOfNow = true;
    return { now: this.#nowMs, mindatetime: 0, maxdatetime: TABLE_HOURS_MAX * HOUR_MS }[expression.name] ?? null;
  }

  #param(value: unknown, type: string): string {
    const name = `p${String(this.#count++)}`;
    this.params[name] = value;
    return `{${name}:${type}}`;
  }
}

function agree(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  return Object.entries(a).every(([column, value]) => b[column] === undefined || b[column] === value);
}

export function notImplemented(what: string): Problem {
  return new Problem(501, `${what} is not implemented; docs/SENSORTHINGS.md lists what is.`);
}

const SQL_COMPARISONS: Readonly<Record<Comparison, string>> = {
  eq: '=',
  ne: '!=',
  gt: '>',
  ge: '>=',
  lt: '<',
  le: '<=',
};
const MIRRORED: Readonly<Record<Comparison, Comparison>> = {
  eq: 'eq',
  ne: 'ne',
  gt: 'lt',
  ge: 'le',
  lt: 'gt',
  le: 'ge',
};

/**
 * Hours, `[from, to)`, of which every instant compares so with the time; `eq`: those that hold it. So
 * `ge 00:00 and lt 24:00` are the 24 hours of a day. At `end` it is their end alone that is compared.
 */
function hoursWhere(at: HourAt, comparison: Comparison, timeMs: number): { fromHour: number; toHour: number } {
  const clamp = (hour: number): number => Math.min(TABLE_HOURS_MAX, Math.max(0, hour));
  const [down, up] = [Math.floor(timeMs / HOUR_MS), Math.ceil(timeMs / HOUR_MS)];
  const isEnd = at === 'end';
  switch (comparison) {
    case 'eq':
      return isEnd
        ? { fromHour: clamp(up - 1), toHour: clamp(down) }
        : { fromHour: clamp(down), toHour: clamp(down + 1) };
    case 'ne':
      return { fromHour: 0, toHour: TABLE_HOURS_MAX };
    case 'ge':
      return { fromHour: clamp(isEnd ? up - 1 : up), toHour: TABLE_HOURS_MAX };
    case 'gt':
      return { fromHour: clamp(isEnd ? down : down + 1), toHour: TABLE_HOURS_MAX };
    case 'lt':
      return { fromHour: 0, toHour: clamp(isEnd ? up - 1 : down) };
    case 'le':
      return { fromHour: 0, toHour: clamp(down) };
  }
}

function hourIn(row: Row): number {
  return Date.parse(String(row['hour'])) / HOUR_MS;
}

function constant(is: Operand['is'], sql: string, value: Value): Operand {
  return { is, sql, valueOf: () => value };
}

function negated(value: Value): Value {
  return value === null ? null : value !== true;
}

/** Three-valued: `decides` is the value that settles it, true for `or`. */
function joined(a: Value, b: Value, decides: boolean): Value {
  if (a === decides || b === decides) return decides;
  return a === null || b === null ? null : !decides;
}

function compared(comparison: Comparison, a: Value, b: Value): Value {
  if (a === null || b === null) return null;
  if (typeof a === 'number' && typeof b === 'number' && (Number.isNaN(a) || Number.isNaN(b)))
    return comparison === 'ne';
  const rank = typeof a === 'string' ? compareUtf8(a, String(b)) : Number(a) - Number(b);
  switch (comparison) {
    case 'eq':
      return a === b;
    case 'ne':
      return a !== b;
    case 'gt':
      return rank > 0;
    case 'ge':
      return rank >= 0;
    case 'lt':
      return rank < 0;
    case 'le':
      return rank <= 0;
  }
}
