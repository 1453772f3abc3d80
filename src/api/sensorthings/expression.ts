/**
 * What a `$filter` or an `$orderby` says, as a tree.
 *
 * Boundary: types; ./parser.ts makes them, ./condition.ts gives them a meaning.
 */

import type { HourKey } from '../queries/hourly-facts.ts';

export type Comparison = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le';
export type Arithmetic = 'add' | 'sub' | 'mul' | 'div' | 'mod';

export type Expression =
  | { readonly is: 'number'; readonly value: number }
  | { readonly is: 'text'; readonly value: string }
  /** ms since 1970. */
  | { readonly is: 'time'; readonly value: number }
  | { readonly is: 'boolean'; readonly value: boolean }
  | { readonly is: 'null' }
  /** `Thing/properties/city`. */
  | { readonly is: 'path'; readonly path: string }
  | { readonly is: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly is: 'not'; readonly of: Expression }
  | { readonly is: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly is: Comparison | Arithmetic; readonly left: Expression; readonly right: Expression };

export interface OrderBy {
  readonly path: string;
  readonly isDescending: boolean;
}

/** The query of a collection, or of an expanded one. */
export interface QueryOptions {
  readonly filter?: Expression;
  readonly top?: number;
  readonly skip?: number;
  /** Where a page ended, of Observations in their own order. */
  readonly after?: HourKey;
  readonly orderby?: readonly OrderBy[];
  readonly select?: readonly string[];
  readonly expand?: readonly Expand[];
  readonly count?: boolean;
  /** As they were given: links to further pages repeat them. */
  readonly entries?: readonly (readonly [name: string, value: string])[];
}

export interface Expand {
  /** A navigation property. */
  readonly name: string;
  readonly options: QueryOptions;
}
