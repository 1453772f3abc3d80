/**
 * A set of entities as the caller wants it: filtered, sorted, cut, selected, with what `$expand` adds.
 *
 * Job: options to asks of ./reader.ts, rows to entities. Each navigation that is expanded is one question for all
 * parents. Boundary: no HTTP. Where an answer would hold more entities than one may, it is refused before it is read.
 */
import { HOUR_MS } from '../../model/hour.ts';
import {
  SENSORTHINGS_ENTITIES_MAX,
  SENSORTHINGS_EXPAND_TOP_DEFAULT,
  SENSORTHINGS_TOP_DEFAULT,
} from '../../model/limits.ts';
import { HOUR_CURSOR } from '../hour-cursor.ts';
import { encodeCursor } from '../page.ts';
import { Problem } from '../problem.ts';
import { SERIES_COLUMNS, type SortKey } from '../queries/view-hours.ts';
import type { Catalogue } from './catalogue.ts';
import { filterOf, notImplemented } from './condition.ts';
import { idOf, linkTo, navigationLinks, propertiesOf, type Entity } from './entities.ts';
import type { Expand, OrderBy, QueryOptions } from './expression.ts';
import { KEY_COLUMNS, NAVIGATIONS, navigationOf, sharedColumns, type EntitySet } from './model.ts';
import { PROPERTIES, type Row } from './properties.ts';
import { keyText, type Found, type Reader } from './reader.ts';

export interface Service {
  readonly reader: Reader;
  readonly catalogue: Catalogue;
  readonly root: string;
  readonly nowMs: number;
}

interface Rows extends Found {
  /** What the link to the next page says; null: this was the last. */
  readonly next: NextPage | null;
}
type NextPage = readonly [option: '$skip' | '$skiptoken', value: string];

/**
 * The rows of a set that the options choose.
 *
 * @param equal what the path says.
 * @param isPassed only leads to what is answered.
 */
export async function rowsOf(
  service: Service,
  set: EntitySet,
  equal: Row,
  options: QueryOptions,
  isPassed = false,
): Promise<Rows> {
  const top = options.top ?? SENSORTHINGS_TOP_DEFAULT;
  const {
    rows: found,
    count,
    isKeyed = false,
  } = await service.reader.read({
    ...askOf(service, set, options),
    equal,
    parents: null,
    skip: options.skip ?? 0,
    after: options.after,
    limit: top + 1,
    isCounted: options.count === true,
    isPassed,
  });
  const rows = found.slice(0, top);
  const last = rows.at(-1);
  if (found.length <= top || last === undefined) return { rows, count, next: null };
  return { rows, count, next: isKeyed ? afterRow(last) : ['$skip', String((options.skip ?? 0) + rows.length)] };
}

function afterRow(row: Row): NextPage {
  const names = SERIES_COLUMNS.map((column) => String(row[column]));
  const key = HOUR_CURSOR.key.parse([...names, Date.parse(String(row['hour'])) / HOUR_MS]);
  return ['$skiptoken', encodeCursor(HOUR_CURSOR.name, key)];
}

/** Counts the entities of one answer. */
export class Budget {
  #left = SENSORTHINGS_ENTITIES_MAX;

  /** @throws {Problem} 400 where so many more would be too many. */
  take(entities: number): void {
    this.#left -= entities;
    if (this.#left >= 0) return;
    throw new Problem(
      400,
      `The answer would hold more than ${String(SENSORTHINGS_ENTITIES_MAX)} entities: lower \`$top\`, here or inside \`$expand\`.`,
    );
  }
}

/** Rows as entities. */
export async function entitiesOf(
  service: Service,
  set: EntitySet,
  rows: readonly Row[],
  options: QueryOptions,
  budget: Budget,
): Promise<Entity[]> {
  budget.take(rows.length);
  const { select, expand = [] } = options;
  assertSelectable(set, select);
  const entities = rows.map((row) => {
    const link = linkTo(service.root, set, row);
    const whole = {
      '@iot.id': idOf(set, row),
      '@iot.selfLink': link,
      ...propertiesOf(set, row, service.catalogue, service.root),
      ...navigationLinks(set, link),
    };
    return select === undefined ? whole : selected(whole, select);
  });
  for (const one of expand) await addExpanded(service, set, rows, entities, one, budget);
  return entities;
}

async function addExpanded(
  service: Service,
  set: EntitySet,
  rows: readonly Row[],
  entities: Entity[],
  { name, options }: Expand,
  budget: Budget,
): Promise<void> {
  const navigation = navigationOf(set, name);
  if (navigation === undefined) {
    throw new Problem(400, `${set} have no ${name}; they have ${Object.keys(NAVIGATIONS[set]).join(', ')}.`);
  }
  const { to, isMany } = navigation;
  if (options.count === true) throw notImplemented('`$count` inside `$expand`');
  if (rows.length === 0) return;
  const columns = sharedColumns(set, to);
  const top = isMany ? (options.top ?? SENSORTHINGS_EXPAND_TOP_DEFAULT) : 1;
  const parents = [...new Map(rows.map((row) => [keyText(row, columns), row])).values()];
  const ask = {
    ...askOf(service, to, options),
    equal: {},
    parents: { columns, rows: parents },
    skip: options.skip ?? 0,
    limit: top + 1,
    isCounted: false,
  };
  // Rows are counted as they come; what one question may bring is bounded before it is asked.
  new Budget().take(parents.length * (top + 1));
  const found = await service.reader.read(ask);
  const children = new Map<string, { row: Row; entity: Entity }[]>();
  const made = await entitiesOf(service, to, found.rows, options, budget);
  for (const [at, row] of found.rows.entries()) {
    const entity = made[at];
    const key = keyText(row, columns);
    const siblings = children.get(key) ?? [];
    children.set(key, siblings);
    if (entity !== undefined) siblings.push({ row, entity });
  }
  for (const [at, row] of rows.entries()) {
    const entity = entities[at];
    if (entity === undefined) continue;
    const own = (children.get(keyText(row, columns)) ?? []).map((child) => child.entity);
    const link = `${linkTo(service.root, set, row)}/${name}`;
    delete entity[`${name}@iot.navigationLink`];
    if (options.select === undefined || isMany) entity[`${name}@iot.navigationLink`] = link;
    if (!isMany) {
      entity[name] = own[0] ?? null;
      continue;
    }
    if (own.length > top)
      entity[`${name}@iot.nextLink`] = pageLink(link, options.entries ?? [], [
        '$skip',
        String((options.skip ?? 0) + top),
      ]);
    entity[name] = own.slice(0, top);
  }
}

/** The same question, further on. */
export function pageLink(url: string, entries: NonNullable<QueryOptions['entries']>, next: NextPage): string {
  const others = entries.filter(([name]) => name !== '$skip' && name !== '$skiptoken');
  const query = [...others, next].map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${url}?${query.join('&')}`;
}

function askOf(service: Service, set: EntitySet, { filter, orderby = [] }: QueryOptions) {
  return {
    set,
    filter: filter === undefined ? null : filterOf(filter, PROPERTIES[set], service.nowMs),
    order: orderOf(set, orderby),
  };
}

/** The order asked for, then the key's. */
function orderOf(set: EntitySet, orderby: readonly OrderBy[]): SortKey<string>[] {
  const asked = orderby.flatMap(({ path, isDescending }): SortKey<string>[] => {
    const property = Object.hasOwn(PROPERTIES[set], path) ? PROPERTIES[set][path as never] : undefined;
    return columnsOf(set, property, path).map((column) => ({ column, isDescending }));
  });
  const columns = new Map<string, SortKey<string>>();
  for (const key of [...asked, ...KEY_COLUMNS[set].map((column) => ({ column, isDescending: false }))]) {
    if (!columns.has(key.column)) columns.set(key.column, key);
  }
  return [...columns.values()];
}

function columnsOf(
  set: EntitySet,
  property: { is: string; column?: string } | undefined,
  path: string,
): readonly string[] {
  if (property?.is === 'hour') return ['hour'];
  if (property?.is === 'id' && !path.includes('/')) return KEY_COLUMNS[set];
  if (property?.column === undefined) throw notImplemented(`The order by \`${path}\``);
  return [property.column];
}

const SELECTABLE: Readonly<Record<EntitySet, readonly string[]>> = {
  Things: ['name', 'description', 'properties'],
  Sensors: ['name', 'description', 'encodingType', 'metadata', 'properties'],
  Locations: ['name', 'description', 'encodingType', 'location', 'properties'],
  HistoricalLocations: ['time'],
  FeaturesOfInterest: ['name', 'description', 'encodingType', 'feature', 'properties'],
  ObservedProperties: ['name', 'definition', 'description', 'properties'],
  Datastreams: [
    'name',
    'description',
    'unitOfMeasurement',
    'observationType',
    'observedArea',
    'phenomenonTime',
    'resultTime',
    'properties',
  ],
  Observations: ['phenomenonTime', 'resultTime', 'result', 'resultQuality', 'validTime', 'parameters'],
};

/** @throws {Problem} 400 for a name that the set does not have. */
function assertSelectable(set: EntitySet, select: readonly string[] | undefined): void {
  for (const name of select ?? []) {
    const isKnown = ['id', '@iot.id', '@iot.selfLink', ...SELECTABLE[set]].includes(name);
    if (!isKnown && navigationOf(set, name) === undefined)
      throw new Problem(400, `${set} have no \`${name}\` to select; they have ${SELECTABLE[set].join(', ')}.`);
  }
}

function selected(entity: Entity, select: readonly string[]): Entity {
  const wanted = new Set(
    select.flatMap((name) => (name === 'id' ? ['@iot.id'] : [name, `${name}@iot.navigationLink`])),
  );
  return Object.fromEntries(Object.entries(entity).filter(([name]) => wanted.has(name)));
}
