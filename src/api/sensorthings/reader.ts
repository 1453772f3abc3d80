/**
 * Rows of any entity set: the tables' for things, series and metrics; ../found-hours.ts for observations; the catalogue
 * for locations.
 *
 * Boundary: one ask is one question, whatever the number of parents. Rows of several parents come `limit` for each.
 * Every text of a caller goes as a parameter.
 */
import { ClickHouseError, TupleParam } from '@clickhouse/client';
import { SENSORTHINGS_QUESTIONS_MAX, SENSORTHINGS_ROWS_READ_MAX, TABLE_HOURS_MAX } from '../../model/limits.ts';
import type { SensorName } from '../../model/registry.ts';
import { compareUtf8 } from '../../model/series-order.ts';
import { type FindHours, findHours, KEY_ORDER } from '../found-hours.ts';
import { readBareHourlyPage } from '../hourly.ts';
import { finalHour } from '../hours.ts';
import type { ApiDeps } from '../ports.ts';
import { Problem } from '../problem.ts';
import type { HourKey } from '../queries/hourly-facts.ts';
import { selectRows } from '../queries/sql.ts';
import { orderOf, SERIES_COLUMNS, type SortKey } from '../queries/view-hours.ts';
import type { Catalogue } from './catalogue.ts';
import { notImplemented, type Filter } from './condition.ts';
import type { StreamKey } from './ids.ts';
import type { EntitySet } from './model.ts';
import type { Row } from './properties.ts';

export interface Ask {
  readonly set: EntitySet;
  /** Columns that must equal these values: the steps of a path. An `hour` is an hour index. */
  readonly equal: Row;
  /** Only rows that belong to one of these parents, and how they are told apart; null: there are none. */
  readonly parents: { readonly columns: readonly string[]; readonly rows: readonly Row[] } | null;
  readonly filter: Filter | null;
  readonly order: readonly SortKey<string>[];
  readonly skip: number;
  /** Rows behind this one, of Observations in the order of their key. */
  readonly after?: HourKey | undefined;
  /** Only leads to what is answered. */
  readonly isPassed?: boolean | undefined;
  /** Of each parent, where there are parents. */
  readonly limit: number;
  readonly isCounted: boolean;
}
export interface Found {
  readonly rows: Row[];
  readonly count: number | null;
  /** They come in the order of their key: the next page goes on after the last one's. */
  readonly isKeyed?: boolean;
}

/** The columns of each set beside its key, and the table they are in. */
const SOURCES = {
  Things: { columns: ['city', 'district', 'kind', 'sensor'], isSeries: false },
  Sensors: { columns: ['city', 'district', 'kind', 'sensor'], isSeries: false },
  FeaturesOfInterest: { columns: ['city', 'district', 'kind', 'sensor'], isSeries: false },
  ObservedProperties: { columns: ['metric'], isSeries: false },
  Datastreams: { columns: ['city', 'district', 'kind', 'metric', 'sensor'], isSeries: true },
} as const;

export class Reader {
  readonly #deps: ApiDeps;
  readonly #catalogue: Catalogue;
  #questions = 0;
  #isFinal = true;

  constructor(deps: ApiDeps, catalogue: Catalogue) {
    this.#deps = deps;
    this.#catalogue = catalogue;
  }

  /** All that was read are hours that are final, and whatever the filter says it says for ever. */
  get isFinal(): boolean {
    return this.#isFinal;
  }

  /** @throws {Problem} 400 where an answer would need too many questions, and what the readers throw. */
  async read(ask: Ask): Promise<Found> {
    if (++this.#questions > SENSORTHINGS_QUESTIONS_MAX)
      throw new Problem(400, `One answer asks at most ${String(SENSORTHINGS_QUESTIONS_MAX)} sets; expand less.`);
    if ((ask.set !== 'Observations' && ask.isPassed !== true) || ask.filter?.isOfNow === true) this.#isFinal = false;
    if (ask.after !== undefined && ask.set !== 'Observations') throw noToken();
    switch (ask.set) {
      case 'HistoricalLocations':
        return { rows: [], count: ask.isCounted ? 0 : null };
      case 'Locations':
        return this.#locations(ask);
      case 'Observations':
        return await this.#observations(ask);
      case 'Things':
      case 'Sensors':
      case 'FeaturesOfInterest':
      case 'ObservedProperties':
      case 'Datastreams':
        return await this.#fromTable(ask, SOURCES[ask.set]);
    }
  }

  async #fromTable(ask: Ask, { columns, isSeries }: (typeof SOURCES)[keyof typeof SOURCES]): Promise<Found> {
    const list = columns.join(', ');
    const { where, params } = conditionsOf(ask);
    const source = `FROM hourglass.sensor_facts ${where} GROUP BY ${list}`;
    const seen = isSeries ? ', toUnixTimestamp64Milli(min(first_seen)), toUnixTimestamp64Milli(max(last_seen))' : '';
    const limit =
      ask.parents === null
        ? 'LIMIT {limit:UInt32} OFFSET {skip:UInt32}'
        : `LIMIT {skip:UInt32}, {limit:UInt32} BY ${ask.parents.columns.join(', ')}`;
    const found = await selectRows<(string | number)[]>(
      this.#deps.clickhouse,
      `SELECT ${list}${seen} ${source} ORDER BY ${orderOf(ask.order)} ${limit}`,
      { ...params, skip: ask.skip, limit: ask.limit },
    );
    const names = [...columns, 'firstSeenMs', 'lastSeenMs'];
    const rows = found.map((values) => Object.fromEntries(values.map((value, at) => [names[at] ?? '', value])));
    if (!ask.isCounted) return { rows, count: null };
    const [counted] = await selectRows<[number]>(
      this.#deps.clickhouse,
      `SELECT count() FROM (SELECT ${list} ${source})`,
      params,
    );
    return { rows, count: counted?.[0] ?? 0 };
  }

  #locations(ask: Ask): Found {
    const found = this.#located(ask).filter((row) => ask.filter === null || ask.filter.matches(row));
    found.sort((a, b) => {
      for (const { column, isDescending } of ask.order) {
        const rank = compareUtf8(String(a[column]), String(b[column]));
        if (rank !== 0) return isDescending ? -rank : rank;
      }
      return 0;
    });
    // A sensor has one place: of each parent there is one row at most.
    const isOneEach = ask.parents !== null;
    const rows = isOneEach
      ? ask.skip === 0 && ask.limit > 0
        ? found
        : []
      : found.slice(ask.skip, ask.skip + ask.limit);
    return { rows, count: ask.isCounted ? found.length : null };
  }

  /** Of parents their own place; without parents all places that the path and the filter's equalities leave. */
  #located({ parents, equal, filter }: Ask): Row[] {
    if (parents !== null)
      return parents.rows.filter((row) => this.#catalogue.thing(row as unknown as SensorName)?.location != null);
    const names = this.#catalogue.located({ ...filter?.equal, ...equal });
    return Array.from(names, (name): Row => ({ ...name })).filter((row) => isEqual(row, equal));
  }

  async #observations(ask: Ask): Promise<Found> {
    const { hour, ...equal } = ask.equal;
    if (ask.parents !== null && !SERIES_COLUMNS.every((column) => ask.parents?.columns.includes(column)))
      throw notImplemented('`$expand` of all Observations of many FeaturesOfInterest');
    const filter = ask.filter;
    const fromHour = Math.max(filter?.fromHour ?? 0, typeof hour === 'number' ? hour : 0);
    const toHour = Math.min(filter?.toHour ?? TABLE_HOURS_MAX, typeof hour === 'number' ? hour + 1 : TABLE_HOURS_MAX);
    // Read before the table: what was final then is in it.
    if (toHour > finalHour(this.#deps.cluster)) this.#isFinal = false;
    if (fromHour >= toHour || isContradiction(equal, filter)) return { rows: [], count: ask.isCounted ? 0 : null };
    const names = { ...filter?.equal, ...equal };
    const isKeyed = ask.parents === null && (filter?.isExact ?? true) && isKeyOrder(ask.order, names);
    if (ask.after !== undefined && !isKeyed) throw noToken();
    // Whole keys: the index leads to them, whatever the order and the condition.
    const isOfSeries = ask.parents !== null || SERIES_COLUMNS.every((column) => names[column] !== undefined);
    const find: FindHours = {
      filter: names,
      ...(ask.parents === null ? {} : { series: ask.parents.rows as unknown as StreamKey[] }),
      ...(filter === null
        ? {}
        : { where: { condition: filter.condition, matches: (row) => filter.matches({ ...row }) } }),
      fromHour,
      toHour,
      order: ask.order as readonly SortKey[],
      skip: ask.skip,
      limit: ask.limit,
      isPerSeries: ask.parents !== null,
      isCounted: ask.isCounted,
      ...(isOfSeries ? {} : { rowsReadMax: SENSORTHINGS_ROWS_READ_MAX }),
    };
    if (!isKeyed) {
      const { rows, count } = await bounded(() => findHours(this.#deps, find));
      return { rows: rows.map((row) => ({ ...row })), count };
    }
    // The table's own order: nothing is read but the page, and what `$skip` passes over.
    const limit = ask.skip + ask.limit;
    const page = { filter: names, fromHour, toHour, after: ask.after ?? null, limit };
    const counted = ask.isCounted ? await bounded(() => findHours(this.#deps, { ...find, limit: 0 })) : null;
    const { rows } = await readBareHourlyPage(this.#deps, page);
    return { rows: rows.slice(ask.skip).map((row) => ({ ...row })), count: counted?.count ?? null, isKeyed };
  }
}

/** @throws {Problem} 400 where the database would have to read too much for it. */
async function bounded<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ClickHouseError) || error.type !== 'TOO_MANY_ROWS') throw error;
    throw new Problem(400, TOO_MANY, { cause: error });
  }
}
const TOO_MANY = `More than ${String(SENSORTHINGS_ROWS_READ_MAX)} Observations would have to be looked through. Ask for those of one Datastream, or bound \`phenomenonTime\` and let \`$filter\` name city, district, kind, metric or sensor with \`eq\`. Without \`$orderby\`, \`$count\` and conditions on figures any number can be paged through.`;

/** Columns that have one value are in any order. */
function isKeyOrder(order: readonly SortKey<string>[], equal: Row): boolean {
  const asked = order.filter(({ column }) => equal[column] === undefined);
  const own = KEY_ORDER.filter(({ column }) => equal[column] === undefined);
  return own.every(({ column }, at) => asked[at]?.column === column && !asked[at].isDescending);
}

function noToken(): Problem {
  return new Problem(
    400,
    '`$skiptoken` stands in links to further pages, and goes with the question that it came with.',
  );
}

/** One text a key. */
export function keyText(row: Row, columns: readonly string[]): string {
  return columns.map((column) => String(row[column])).join('\n');
}

function isEqual(row: Row, equal: Row): boolean {
  return Object.entries(equal).every(([column, value]) => row[column] === undefined || row[column] === value);
}

/** The path says one thing and the filter another. */
function isContradiction(equal: Row, filter: Filter | null): boolean {
  return Object.entries(filter?.equal ?? {}).some(
    ([column, value]) => equal[column] !== undefined && equal[column] !== value,
  );
}

function conditionsOf(ask: Ask): { where: string; params: Record<string, unknown> } {
  const params: Record<string, unknown> = { ...ask.filter?.condition.params };
  const conditions = ask.filter === null ? [] : [`(${ask.filter.condition.sql})`];
  for (const [column, value] of Object.entries(ask.equal)) {
    params[`equal_${column}`] = value;
    conditions.push(`${column} = {equal_${column}:String}`);
  }
  if (ask.parents !== null) {
    const { columns, rows } = ask.parents;
    const [only] = columns;
    if (columns.length === 1 && only !== undefined) {
      params['parents'] = rows.map((row) => row[only]);
      conditions.push(`${only} IN {parents:Array(String)}`);
    } else {
      params['parents'] = rows.map((row) => new TupleParam(columns.map((column) => row[column])));
      conditions.push(`(${columns.join(', ')}) IN {parents:Array(Tuple(${columns.map(() => 'String').join(', ')}))}`);
    }
  }
  return { where: conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`, params };
}
