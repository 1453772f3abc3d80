/**
 * `$filter` and `$orderby` (OData 4 as far as SensorThings names it) to trees.
 *
 * Job: recursive descent: or, and, not, comparison, sum, product, primary. Boundary: grammar only; which paths and
 * functions there are is ./condition.ts's affair. Depth and length are bounded, so hostile text costs nothing.
 */
import {
  SENSORTHINGS_FILTER_CHARS_MAX,
  SENSORTHINGS_FILTER_DEPTH_MAX,
  SENSORTHINGS_FILTER_WORDS_MAX,
} from '../../model/limits.ts';
import { Problem } from '../problem.ts';
import type { Arithmetic, Comparison, Expression, OrderBy } from './expression.ts';
import { tokensOf, unreadable, type Token } from './lexer.ts';

const COMPARISONS = new Set<string>(['eq', 'ne', 'gt', 'ge', 'lt', 'le'] satisfies Comparison[]);
const SUMS = new Set<string>(['add', 'sub'] satisfies Arithmetic[]);
const PRODUCTS = new Set<string>(['mul', 'div', 'mod'] satisfies Arithmetic[]);

/** @throws {Problem} 400 that says where the text cannot be read. */
export function parseFilter(text: string): Expression {
  const parser = new Parser(text);
  const expression = parser.disjunction();
  parser.end();
  return expression;
}

/** @throws {Problem} 400 that says where the text cannot be read. */
export function parseOrderBy(text: string): OrderBy[] {
  const parser = new Parser(text);
  const order = parser.order();
  parser.end();
  return order;
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    if (text.length > SENSORTHINGS_FILTER_CHARS_MAX) {
      throw new Problem(400, `An expression has at most ${String(SENSORTHINGS_FILTER_CHARS_MAX)} characters.`);
    }
    this.#text = text;
    this.#tokens = tokensOf(text);
    if (this.#tokens.length > SENSORTHINGS_FILTER_WORDS_MAX) {
      throw new Problem(400, `An expression has at most ${String(SENSORTHINGS_FILTER_WORDS_MAX)} words.`);
    }
  }

  disjunction(): Expression {
    let left = this.#conjunction();
    while (this.#takeWord('or')) left = { is: 'or', left, right: this.#conjunction() };
    return left;
  }

  order(): OrderBy[] {
    const order: OrderBy[] = [];
    do {
      const path = this.#word();
      const isDescending = this.#takeWord('desc');
      if (!isDescending) this.#takeWord('asc');
      order.push({ path, isDescending });
    } while (this.#take(','));
    return order;
  }

  end(): void {
    if (this.#next.is !== 'end') throw this.#unexpected();
  }

  #conjunction(): Expression {
    let left = this.#negation();
    while (this.#takeWord('and')) left = { is: 'and', left, right: this.#negation() };
    return left;
  }

  #negation(): Expression {
    if (!this.#takeWord('not')) return this.#comparison();
    return this.#deeper(() => ({ is: 'not', of: this.#negation() }));
  }

  #comparison(): Expression {
    const left = this.#sum();
    const is = this.#takeOneOf(COMPARISONS);
    return is === null ? left : { is: is as Comparison, left, right: this.#sum() };
  }

  #sum(): Expression {
    return this.#chain(SUMS, () => this.#chain(PRODUCTS, () => this.#primary()));
  }

  #chain(operators: ReadonlySet<string>, operand: () => Expression): Expression {
    let left = operand();
    for (let is = this.#takeOneOf(operators); is !== null; is = this.#takeOneOf(operators)) {
      left = { is: is as Arithmetic, left, right: operand() };
    }
    return left;
  }

  #primary(): Expression {
    const token = this.#next;
    switch (token.is) {
      case 'text':
        this.#at++;
        return { is: 'text', value: token.value };
      case 'number':
      case 'time':
        this.#at++;
        return { is: token.is, value: token.value };
      case '(':
        this.#at++;
        return this.#deeper(() => {
          const inner = this.disjunction();
          this.#expect(')');
          return inner;
        });
      case 'word':
        this.#at++;
        return this.#named(token.value);
      case ')':
      case ',':
      case 'end':
        throw this.#unexpected();
    }
  }

  #named(word: string): Expression {
    if (word === 'true' || word === 'false') return { is: 'boolean', value: word === 'true' };
    if (word === 'null') return { is: 'null' };
    if (!this.#take('(')) return { is: 'path', path: word };
    return this.#deeper(() => {
      const args: Expression[] = [];
      if (!this.#take(')')) {
        do args.push(this.disjunction());
        while (this.#take(','));
        this.#expect(')');
      }
      return { is: 'call', name: word, args };
    });
  }

  #deeper<Result>(read: () => Result): Result {
    if (++this.#depth > SENSORTHINGS_FILTER_DEPTH_MAX) {
      throw new Problem(400, `An expression nests at most ${String(SENSORTHINGS_FILTER_DEPTH_MAX)} deep.`);
    }
    const result = read();
    this.#depth--;
    return result;
  }

  get #next(): Token {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new Error('read behind the end of an expression');
    return token;
  }

  #take(mark: '(' | ')' | ','): boolean {
    if (this.#next.is !== mark) return false;
    this.#at++;
    return true;
  }

  #expect(mark: ')'): void {
    if (!this.#take(mark)) throw this.#unexpected();
  }

  #word(): string {
    const token = this.#next;
    if (token.is !== 'word') throw this.#unexpected();
    this.#at++;
    return token.value;
  }

  #takeWord(word: string): boolean {
    const token = this.#next;
    if (token.is !== 'word' || token.value !== word) return false;
    this.#at++;
    return true;
  }

  #takeOneOf(words: ReadonlySet<string>): string | null {
    const token = this.#next;
    if (token.is !== 'word' || !words.has(token.value)) return null;
    this.#at++;
    return token.value;
  }

  #unexpected(): Problem {
    return unreadable(this.#text, this.#next.at);
  }
}
