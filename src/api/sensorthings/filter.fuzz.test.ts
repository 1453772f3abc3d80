import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fact, insertFacts, startTestDatabase, type TestDatabase } from '../../../test/support/clickhouse.ts';
import { TABLE_HOURS_MAX } from '../../model/limits.ts';
import { KEY_ORDER } from '../found-hours.ts';
import { Problem } from '../problem.ts';
import { readViewHours } from '../queries/view-hours.ts';
import { hourIso } from '../../model/hour.ts';
import { filterOf } from './condition.ts';
import type { Arithmetic, Comparison, Expression } from './expression.ts';
import { optionsOf } from './options.ts';
import { parseFilter } from './parser.ts';
import { PROPERTIES, type Row } from './properties.ts';
import { parsePath } from './resource-path.ts';

const NOW = Date.UTC(2026, 10, 23, 14, 30);
const FIRST = Math.floor(Date.UTC(2026, 10, 22, 22) / 3_600_000);

const WORDS = ['temp', 's1', 'S1', 'ü', "o'hara", ' a ', '', 'lisbon', '{p0:String}', "\\'", '%', '😀x'];
const oneOf = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const texts: fc.Arbitrary<Expression> = oneOf(...WORDS).map((value) => ({ is: 'text', value }));
const numbers: fc.Arbitrary<Expression> = oneOf(-1, 0, 0.5, 1, 2, 3, 1e3, -7.25).map((value) => ({
  is: 'number',
  value,
}));
const times: fc.Arbitrary<Expression> = fc
  .integer({ min: FIRST * 2 - 2, max: FIRST * 2 + 14 })
  .map((half) => ({ is: 'time', value: half * 1_800_000 }));
const path = (...paths: string[]): fc.Arbitrary<Expression> =>
  oneOf(...paths).map((one) => ({ is: 'path', path: one }));
const call = (names: readonly string[], ...args: fc.Arbitrary<Expression>[]): fc.Arbitrary<Expression> =>
  fc.tuple(oneOf(...names), ...args).map(([name, ...given]) => ({ is: 'call', name, args: given }));
const comparisons = oneOf<Comparison>('eq', 'ne', 'gt', 'ge', 'lt', 'le');
const binary = (
  is: fc.Arbitrary<Comparison | Arithmetic | 'and' | 'or'>,
  left: fc.Arbitrary<Expression>,
  right: fc.Arbitrary<Expression>,
): fc.Arbitrary<Expression> => fc.record({ is, left, right });

/** Conditions that have a meaning on observations. */
const { condition } = fc.letrec<{ condition: Expression; text: Expression; number: Expression }>((tie) => ({
  text: fc.oneof(
    { maxDepth: 3 },
    path('Datastream/Thing/name', 'Datastream/name', 'Datastream/properties/city'),
    texts,
    call(['tolower', 'toupper', 'trim'], tie('text')),
    call(['concat'], tie('text'), tie('text')),
  ),
  number: fc.oneof(
    { maxDepth: 3 },
    path('result', 'parameters/count', 'parameters/sum', 'parameters/min', 'parameters/max', 'parameters/revision'),
    numbers,
    call(['length'], tie('text')),
    call(['indexof'], tie('text'), tie('text')),
    call(['floor', 'ceiling', 'round'], tie('number')),
    call(['year', 'month', 'day', 'hour'], path('phenomenonTime')),
    binary(oneOf<Arithmetic>('add', 'sub', 'mul', 'div', 'mod'), tie('number'), tie('number')),
  ),
  condition: fc.oneof(
    { maxDepth: 4 },
    binary(comparisons, tie('text'), tie('text')),
    binary(comparisons, tie('number'), tie('number')),
    binary(comparisons, path('phenomenonTime', 'resultTime'), times),
    binary(comparisons, times, path('phenomenonTime', 'resultTime')),
    binary(oneOf<Comparison>('eq', 'ne'), path('result'), fc.constant({ is: 'null' })),
    binary(
      oneOf<Comparison>('eq', 'ne'),
      path('Datastream/@iot.id', 'Datastream/Thing/id', '@iot.id', 'Datastream/ObservedProperty/id'),
      oneOf('lisbon:alfama:air:s1:temp', 'lisbon:alfama:air:s1', 'x', 'lisbon:alfama:air:s1:temp:2026-11-23T00').map(
        (value) => ({ is: 'text', value }) as const,
      ),
    ),
    call(['startswith', 'endswith', 'contains', 'substringof'], tie('text'), tie('text')),
    tie('condition').map((of) => ({ is: 'not', of }) as const),
    binary(oneOf('and', 'or'), tie('condition'), tie('condition')),
  ),
}));

/** The expression as a caller writes it, every operand in brackets. */
function written(expression: Expression): string {
  switch (expression.is) {
    case 'text':
      return `'${expression.value.replaceAll("'", "''")}'`;
    case 'number':
      return String(expression.value);
    case 'time':
      return new Date(expression.value).toISOString();
    case 'boolean':
      return String(expression.value);
    case 'null':
      return 'null';
    case 'path':
      return expression.path;
    case 'call':
      return `${expression.name}(${expression.args.map(written).join(', ')})`;
    case 'not':
      return `not (${written(expression.of)})`;
    default: {
      const side = (one: Expression): string =>
        'left' in one || one.is === 'not' ? `(${written(one)})` : written(one);
      return `${side(expression.left)} ${expression.is} ${side(expression.right)}`;
    }
  }
}

describe('reading', () => {
  it('any text is an expression or a problem that says so', () => {
    const pieces = fc.array(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 4 }),
        oneOf(
          '(',
          ')',
          ',',
          "'",
          ' and ',
          ' or ',
          'not ',
          ' eq ',
          'result',
          '@iot.id',
          '1',
          '-',
          '2026-11-23',
          '/',
          '$top=1',
          ';',
        ),
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(
        pieces,
        oneOf('$filter', '$orderby', '$expand', '$select', '$top', '$skip', '$count'),
        (parts, name) => {
          const text = parts.join('');
          for (const read of [() => optionsOf([[name, text]]), () => parsePath(text)]) {
            try {
              read();
            } catch (error) {
              expect(error).toBeInstanceOf(Problem);
              expect([400, 404, 501]).toContain((error as Problem).status);
            }
          }
        },
      ),
      { numRuns: 1_500 },
    );
  });

  it('takes time in proportion to the text, however it is made', () => {
    for (const piece of ['(', "'", "''", '1', '1.', '-', 'a/', '@iot.', '2026-', ' ', 'not ', '1e', "a eq 'b' and "]) {
      const text = piece.repeat(Math.floor(8_000 / piece.length));
      const startMs = performance.now();
      try {
        parseFilter(text);
      } catch (error) {
        expect(error).toBeInstanceOf(Problem);
      }
      expect(performance.now() - startMs).toBeLessThan(1_000);
    }
  });

  it('an expression written down is the same expression read', () => {
    fc.assert(
      fc.property(condition, (expression) => {
        const text = written(expression);
        fc.pre(text.length < 4_000);
        try {
          expect(parseFilter(text)).toEqual(expression);
        } catch (error) {
          // Random trees may be deeper or longer than an expression may be.
          if (!(error instanceof Problem)) throw error;
          expect(error.message).toMatch(/^An expression/);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('binds as OData says: not, then products, sums, comparisons, and, or', () => {
    expect(parseFilter('a eq 1 or b eq 2 and not c eq 3 add 4 mul 5')).toEqual(
      parseFilter('(a eq 1) or ((b eq 2) and (not (c eq (3 add (4 mul 5)))))'),
    );
    expect(parseFilter('a sub 1 sub 2 eq 3')).toEqual(parseFilter('((a sub 1) sub 2) eq 3'));
  });
});

describe('meaning', () => {
  let database: TestDatabase;
  let rows: Row[];
  const range = { fromHour: 0, toHour: TABLE_HOURS_MAX };
  const read = async (conditions: Parameters<typeof readViewHours>[1]['conditions']): Promise<Row[]> => {
    const ask = { ...range, conditions, order: KEY_ORDER, skip: 0, limit: 10_000, isPerSeries: false };
    return (await readViewHours(database.client, ask)).map((row) => ({ ...row, hour: hourIso(row.hour) }));
  };

  beforeAll(async () => {
    database = await startTestDatabase();
    const facts = ['s1', 'S1', "o'hara", 'ü', '😀x'].flatMap((sensor, s) =>
      ['temp', 'pm2.5'].flatMap((metric, m) =>
        [0, 1, 2, 3, 4, 5].map((h) =>
          fact({
            sensor,
            metric,
            hour: FIRST + h,
            count: 1 + (h % 3),
            sum: (s - 2) * (h - 2) + m / 2,
            min: -h,
            max: h,
          }),
        ),
      ),
    );
    await insertFacts(database.client, facts);
    await insertFacts(database.client, [
      fact({ sensor: 's1', hour: FIRST + 1, block: 2, sum: Infinity, min: 1, max: 2, revised: 1 }),
    ]);
    rows = await read([]);
  }, 60_000);
  afterAll(() => database.stop());

  it('is the same in the database and in memory, and no value is in the SQL', async () => {
    await fc.assert(
      fc.asyncProperty(condition, async (expression) => {
        const filter = filterOf(expression, PROPERTIES.Observations, NOW);
        for (const word of WORDS.slice(0, -1).filter((one) => one.length > 2 && one !== '{p0:String}'))
          expect(filter.condition.sql).not.toContain(word);
        const found = await read([filter.condition]);
        expect(found, written(expression)).toEqual(rows.filter(filter.matches));
        // What is concluded from it for the workers holds for every row that it lets through.
        for (const row of found) {
          const hour = Date.parse(String(row['hour'])) / 3_600_000;
          expect(hour >= filter.fromHour && hour < filter.toHour).toBe(true);
          for (const [column, value] of Object.entries(filter.equal)) expect(row[column]).toBe(value);
        }
      }),
      { numRuns: 150 },
    );
  }, 240_000);
});
