/**
 * Query options: `$filter $top $skip $orderby $select $expand $count`, also inside `$expand`; `$skiptoken` in our own links.
 *
 * Boundary: text to {@link QueryOptions}. An option that is unknown, empty or given twice is an error: nothing that a
 * caller asks for is passed over in silence.
 */
import { SENSORTHINGS_EXPAND_DEPTH_MAX, SENSORTHINGS_SKIP_MAX, SENSORTHINGS_TOP_MAX } from '../../model/limits.ts';
import { HOUR_CURSOR } from '../hour-cursor.ts';
import { decodeCursor } from '../page.ts';
import { Problem } from '../problem.ts';
import type { Expand, Expression, OrderBy, QueryOptions } from './expression.ts';
import { parseFilter, parseOrderBy } from './parser.ts';

/** @param entries as in the URL, decoded. */
export function optionsOf(entries: Iterable<readonly [name: string, value: string]>, depth = 0): QueryOptions {
  const seen = new Set<string>();
  const given = [...entries];
  let options: QueryOptions = { entries: given };
  for (const [name, value] of given) {
    if (seen.has(name)) throw new Problem(400, `\`${name}\` is given twice.`);
    seen.add(name);
    options = { ...options, ...optionOf(name, value, depth) };
  }
  if (options.after !== undefined && options.skip !== undefined)
    throw new Problem(400, '`$skiptoken` goes on where a page ended: it takes no `$skip`.');
  return options;
}

function optionOf(name: string, value: string, depth: number): QueryOptions {
  switch (name) {
    case '$filter':
      return { filter: filterOf(value) };
    case '$top':
      // More than we give at once is no error: the rest is behind the next link.
      return { top: Math.min(wholeNumber(name, value), SENSORTHINGS_TOP_MAX) };
    case '$skip':
      return { skip: skipOf(name, value) };
    case '$skiptoken':
      if (depth > 0) throw new Problem(400, '`$skiptoken` stands in links to further pages, not inside `$expand`.');
      return { after: decodeCursor(value, HOUR_CURSOR.name, HOUR_CURSOR.key) };
    case '$orderby':
      return { orderby: orderOf(value) };
    case '$select':
      return { select: namesOf(name, value) };
    case '$expand':
      return { expand: expandsOf(value, depth) };
    case '$count':
      return { count: truthOf(name, value) };
    case '$resultFormat':
      throw new Problem(501, '`$resultFormat` is not implemented: entities are given one by one.');
    default:
      throw new Problem(
        400,
        `There is no option \`${name}\` here; there are $filter, $top, $skip, $orderby, $select, $expand, $count.`,
      );
  }
}

function filterOf(value: string): Expression {
  return parseFilter(value);
}

function orderOf(value: string): readonly OrderBy[] {
  return parseOrderBy(value);
}

function wholeNumber(name: string, value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new Problem(400, `\`${name}\` is a whole number, not \`${value.slice(0, 40)}\`.`);
  return Number(value);
}

function skipOf(name: string, value: string): number {
  const skip = wholeNumber(name, value);
  if (skip <= SENSORTHINGS_SKIP_MAX) return skip;
  throw new Problem(
    400,
    `\`$skip\` goes up to ${String(SENSORTHINGS_SKIP_MAX)}: narrow the question with \`$filter\` instead.`,
  );
}

function truthOf(name: string, value: string): boolean {
  if (value !== 'true' && value !== 'false') throw new Problem(400, `\`${name}\` is true or false.`);
  return value === 'true';
}

const NAME = /^(?:@iot\.)?[A-Za-z]\w*(?:\/\w+)*$/;

function namesOf(option: string, value: string): string[] {
  const names = value.split(',').map((name) => name.trim());
  for (const name of names) {
    if (!NAME.test(name)) throw new Problem(400, `\`${option}\` is a list of names; \`${name.slice(0, 40)}\` is none.`);
  }
  return names;
}

function expandsOf(value: string, depth: number): Expand[] {
  if (depth >= SENSORTHINGS_EXPAND_DEPTH_MAX) {
    throw new Problem(400, `\`$expand\` goes at most ${String(SENSORTHINGS_EXPAND_DEPTH_MAX)} deep.`);
  }
  const expands = splitOutside(value, ',').map((item) => expandOf(item.trim(), depth));
  const names = new Map<string, Expand>();
  for (const expand of expands) {
    const known = names.get(expand.name);
    names.set(expand.name, known === undefined ? expand : merged(known, expand));
  }
  return [...names.values()];
}

/** `Datastreams/ObservedProperty($select=name)` is `Datastreams($expand=ObservedProperty($select=name))`. */
function expandOf(item: string, depth: number): Expand {
  const [, name, path, options] = /^([A-Za-z]+)(?:\/([^(]+(?:\(.*\))?)|\((.*)\))?$/s.exec(item) ?? [];
  if (name === undefined) throw new Problem(400, `\`$expand\` cannot be \`${item.slice(0, 80)}\`.`);
  if (path !== undefined)
    return { name, options: { expand: expandsOf(path, depth + 1), entries: [['$expand', path]] } };
  if (options === undefined) return { name, options: {} };
  const entries = splitOutside(options, ';').map((option): [string, string] => {
    const at = option.indexOf('=');
    if (at === -1) throw new Problem(400, `\`${option.slice(0, 40)}\` in \`$expand\` is no option.`);
    return [option.slice(0, at).trim(), option.slice(at + 1).trim()];
  });
  return { name, options: optionsOf(entries, depth + 1) };
}

/** `Datastreams,Datastreams/Observations` says one thing in two pieces; two different sets of options say two. */
function merged(a: Expand, b: Expand): Expand {
  const { expand: below = [], entries: first = [], ...rest } = a.options;
  const { expand: more = [], entries: second = [], ...others } = b.options;
  if (Object.keys(rest).length > 0 && Object.keys(others).length > 0) {
    throw new Problem(400, `\`$expand\` has ${a.name} twice, with options each time.`);
  }
  const all = [...below];
  for (const expand of more) {
    const at = all.findIndex(({ name }) => name === expand.name);
    const known = all[at];
    if (known === undefined) all.push(expand);
    else all[at] = merged(known, expand);
  }
  const given = [...first, ...second];
  const expands = given.filter(([name]) => name === '$expand').map(([, value]) => value);
  const entries = given.filter(([name]) => name !== '$expand');
  if (expands.length > 0) entries.push(['$expand', expands.join(',')]);
  return { name: a.name, options: { ...rest, ...others, ...(all.length === 0 ? {} : { expand: all }), entries } };
}

/** Splits where the mark stands outside of quotes and parentheses. */
function splitOutside(text: string, mark: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let isQuoted = false;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === "'") isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (char === '(') depth++;
    else if (char === ')') depth--;
    else if (char === mark && depth === 0) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
    if (depth < 0) break;
  }
  if (depth !== 0 || isQuoted) throw new Problem(400, `\`${text.slice(0, 80)}\` has a bracket or a quote too many.`);
  parts.push(text.slice(from));
  return parts;
}
