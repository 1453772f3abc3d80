/**
 * The places that rollups are of: cities, or districts with their cities; one or many in one question.
 *
 * Boundary: parts of SQL text and their parameters. One place is an equality and a plain LIMIT, so that the database reads in
 * the table's order and ends early; many are a set, and the limit is of each.
 */
import { TupleParam } from '@clickhouse/client';
import { equalTo } from './sql.ts';

export interface Place {
  readonly city: string;
  /** Absent: the whole city. All places of a question are of one sort. */
  readonly district?: string | undefined;
}

/** A row's place; `district` is null where it is a city's. */
export interface Placed {
  city: string;
  district: string | null;
}

export interface Places {
  readonly isOfDistricts: boolean;
  /** `AND ...` */
  readonly within: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The columns of the place, for SELECT (two of them, whatever it is) and for GROUP BY and ORDER BY. */
  readonly selected: string;
  readonly columns: string;
  /** `{limit:UInt32}` rows of each place. */
  readonly limit: string;
}

/** A metric of a place. */
export type MetricPlace = Place & { readonly metric: string };

/** @returns `AND ...`; the metrics are all of districts, or all of cities. */
export function withinMetrics(places: readonly MetricPlace[]): Pick<Places, 'isOfDistricts' | 'within' | 'params'> {
  const { isOfDistricts } = placesOf(places);
  const [only] = places.length === 1 ? places : [];
  if (only !== undefined) {
    const of = { city: only.city, district: only.district, metric: only.metric };
    return { isOfDistricts, within: equalTo(of), params: of };
  }
  return {
    isOfDistricts,
    within: ` AND (city, ${isOfDistricts ? 'district' : "''"}, metric) IN {places:Array(Tuple(String, String, String))}`,
    params: { places: places.map(({ city, district = '', metric }) => new TupleParam([city, district, metric])) },
  };
}

/** @param alias of the table whose columns are selected, with its dot. */
export function placesOf(places: readonly Place[], alias = ''): Places {
  const isOfDistricts = places.some(({ district }) => district !== undefined);
  const columns = isOfDistricts ? `${alias}city, ${alias}district` : `${alias}city`;
  const shared = { isOfDistricts, columns, selected: isOfDistricts ? columns : `${columns}, NULL` };
  const [only] = places;
  if (places.length === 1 && only !== undefined) {
    const { city, district } = only;
    return {
      ...shared,
      within: equalTo({ city, district }),
      params: { city, district },
      limit: 'LIMIT {limit:UInt32}',
    };
  }
  return {
    ...shared,
    within: isOfDistricts
      ? ' AND (city, district) IN {places:Array(Tuple(String, String))}'
      : ' AND city IN {places:Array(String)}',
    params: {
      places: isOfDistricts
        ? places.map(({ city, district = '' }) => new TupleParam([city, district]))
        : places.map(({ city }) => city),
    },
    limit: `LIMIT {limit:UInt32} BY ${columns}`,
  };
}
