/**
 * What a resource path answers: a set, an entity, a property, a value, references.
 *
 * Job: walks the steps, each of which must exist and belong to the one before. Boundary: no HTTP; the answer is JSON,
 * or the text of a `$value`.
 */
import { Problem } from '../problem.ts';
import { Budget, entitiesOf, pageLink, rowsOf, type Service } from './collection.ts';
import { linkTo, type Entity } from './entities.ts';
import type { QueryOptions } from './expression.ts';
import { KEY_COLUMNS, sharedColumns, type EntitySet } from './model.ts';
import type { Row } from './properties.ts';
import { parsePath, type ResourcePath, type Step } from './resource-path.ts';

export type Answer = { readonly json: unknown } | { readonly text: string } | { readonly nothing: true };

/**
 * @param path behind the service's root, without a slash at its beginning.
 * @param url the set's own URL, which further pages repeat.
 */
export async function answerPath(service: Service, path: string, url: string, options: QueryOptions): Promise<Answer> {
  const parsed = parsePath(path);
  let equal: Row = {};
  let row: Row | null = null;
  let set: EntitySet | null = null;
  for (const [at, step] of parsed.steps.entries()) {
    equal = equalOf(set, equal, step);
    set = step.set;
    row = step.isOne ? await oneRow(service, step.set, equal, at < parsed.steps.length - 1) : null;
    if (row !== null) equal = keyOf(step.set, row);
  }
  if (set === null) throw new Error('a path without steps');
  if (row !== null) return answerOne(service, set, row, parsed, options);
  return answerSet(service, set, equal, parsed, url, options);
}

/** The columns of a step: those it has in common with the one before, and those of its own id. */
function equalOf(before: EntitySet | null, equal: Row, { set, key }: Step): Row {
  const columns = before === null ? [] : sharedColumns(before, set);
  const kept = Object.fromEntries(Object.entries(equal).filter(([column]) => columns.includes(column)));
  for (const [column, value] of Object.entries(key ?? {})) {
    if (kept[column] !== undefined && kept[column] !== value) throw gone();
  }
  return { ...kept, ...key };
}

async function oneRow(service: Service, set: EntitySet, equal: Row, isPassed: boolean): Promise<Row> {
  const { rows } = await rowsOf(service, set, equal, { top: 1 }, isPassed);
  const row = rows[0];
  if (row === undefined) throw gone();
  return row;
}

/** The hour of a row is text, and of a key an index. */
function keyOf(set: EntitySet, row: Row): Row {
  return Object.fromEntries(
    KEY_COLUMNS[set].filter((column) => column !== 'hour').map((column) => [column, row[column]]),
  );
}

async function answerSet(
  service: Service,
  set: EntitySet,
  equal: Row,
  { suffix }: ResourcePath,
  url: string,
  options: QueryOptions,
): Promise<Answer> {
  if (suffix === '$ref' && (options.select !== undefined || options.expand !== undefined))
    throw new Problem(400, '`$ref` gives links alone: it takes no `$select` and no `$expand`.');
  const { rows, count, next } = await rowsOf(service, set, equal, options);
  const value =
    suffix === '$ref'
      ? rows.map((row) => ({ '@iot.selfLink': linkTo(service.root, set, row) }))
      : await entitiesOf(service, set, rows, options, new Budget());
  return {
    json: {
      ...(count === null ? {} : { '@iot.count': count }),
      ...(next === null ? {} : { '@iot.nextLink': pageLink(url, options.entries ?? [], next) }),
      value,
    },
  };
}

async function answerOne(
  service: Service,
  set: EntitySet,
  row: Row,
  { property, suffix }: ResourcePath,
  options: QueryOptions,
): Promise<Answer> {
  for (const name of ['filter', 'top', 'skip', 'orderby', 'count'] as const) {
    if (options[name] !== undefined) throw new Problem(400, `\`$${name}\` is for sets, and this is one entity.`);
  }
  if (options.after !== undefined) throw new Problem(400, '`$skiptoken` is for sets, and this is one entity.');
  if (suffix === '$ref') return { json: { '@iot.selfLink': linkTo(service.root, set, row) } };
  const [entity = {}] = await entitiesOf(service, set, [row], options, new Budget());
  if (property.length === 0) return { json: entity };
  if (options.select !== undefined || options.expand !== undefined)
    throw new Problem(400, 'A property takes no `$select` and no `$expand`.');
  const value = valueAt(entity, property);
  if (value === undefined) throw new Problem(404, `${set} have no \`${property.join('/')}\`.`);
  // OData: a property without a value is "no content".
  if (value === null) return { nothing: true };
  if (suffix === '$value') return { text: typeof value === 'string' ? value : JSON.stringify(value) };
  return { json: { [property.at(-1) ?? '']: value } };
}

function valueAt(entity: Entity, names: readonly string[]): unknown {
  let value: unknown = entity;
  for (const [at, name] of names.entries()) {
    const isOwn = typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, name);
    const key = at === 0 && name === 'id' ? '@iot.id' : name;
    if (!isOwn && key === name) return undefined;
    value = (value as Entity)[key];
  }
  return value;
}

function gone(): Problem {
  return new Problem(404, 'There is no such entity, or it does not belong to the one before it in the path.');
}
