/**
 * What it is like in a city now: for each kind and metric the newest hour there is, the open one included.
 *
 * Boundary: hours of sensors that are open come from ./hourly.ts (memory and table, invariant 8) and are added up here; hours
 * that are final come from the rollups.
 */
import { addPairTo, roundedOrNull, type DoubleDouble } from '../model/double-double.ts';
import { hourOf } from '../model/hour.ts';
import { PAGE_ROWS_MAX, WEATHER_HOURS, WEATHER_OPEN_ROWS_MAX } from '../model/limits.ts';
import { compareUtf8 } from '../model/series-order.ts';
import { readHours } from './hourly.ts';
import { finalHour } from './hours.ts';
import type { ApiDeps } from './ports.ts';
import type { HourKey, HourSum } from './queries/hourly-facts.ts';
import { type NewestHour, readNewestHours } from './queries/newest-hours.ts';

export interface WeatherNow extends Omit<NewestHour, 'sum'> {
  status: 'final' | 'provisional';
}

export interface WeatherFilter {
  readonly city: string;
  readonly district?: string | undefined;
  readonly kind?: string | undefined;
}

/**
 * @returns in the order of kind and metric.
 * @throws {Problem} 503 where workers do not answer for an open hour.
 */
export async function readWeather(
  deps: Pick<ApiDeps, 'clickhouse' | 'cluster' | 'workers' | 'clock'>,
  filter: WeatherFilter,
): Promise<WeatherNow[]> {
  // The hour that runs; a device whose clock is ahead has readings beyond it.
  const toHour = hourOf(deps.clock.nowMs()) + 1;
  const final = Math.min(toHour, finalHour(deps.cluster));
  const fromHour = Math.max(0, toHour - WEATHER_HOURS);
  const open = await readOpen(deps, filter, Math.max(fromHour, final), toHour);
  const closed = await readNewestHours(deps.clickhouse, { ...filter }, { fromHour, toHour: final });
  const newest = new Map<string, WeatherNow>();
  for (const { sum: _sum, ...hour } of closed) newest.set(keyOf(hour), { ...hour, status: 'final' });
  for (const hour of open) newest.set(keyOf(hour), hour);
  return [...newest.values()].sort((a, b) => compareUtf8(a.kind, b.kind) || compareUtf8(a.metric, b.metric));
}

const keyOf = ({ kind, metric }: { kind: string; metric: string }): string => `${kind} ${metric}`;

/** The newest open hour of each kind and metric; nothing where there are more sensors than can be added up. */
async function readOpen(
  deps: Pick<ApiDeps, 'clickhouse' | 'cluster' | 'workers'>,
  { city, district, kind }: WeatherFilter,
  fromHour: number,
  toHour: number,
): Promise<WeatherNow[]> {
  if (fromHour >= toHour) return [];
  const filter = { city, district, kind };
  const sums = new Map<string, OpenSum>();
  let after: HourKey | null = null;
  for (let rows = 0; rows < WEATHER_OPEN_ROWS_MAX;) {
    const page: { rows: HourSum[]; next: HourKey | null } = await readHours(deps, {
      filter,
      fromHour,
      toHour,
      after,
      limit: PAGE_ROWS_MAX,
    });
    for (const row of page.rows) addTo(sums, row);
    if (page.next === null) return [...sums.values()].map(toWeather);
    rows += page.rows.length;
    after = page.next;
  }
  return [];
}

interface OpenSum extends Pick<WeatherNow, 'kind' | 'metric' | 'hour' | 'count' | 'min' | 'max' | 'sensors'> {
  total: DoubleDouble;
}

/** Rows come in the order of hours for each sensor: of one kind and metric only the newest hour is kept. */
function addTo(sums: Map<string, OpenSum>, row: HourSum): void {
  const key = keyOf(row);
  const known = sums.get(key);
  if (known === undefined || known.hour < row.hour) {
    const { kind, metric, hour, count, min, max } = row;
    sums.set(key, { kind, metric, hour, count, min, max, sensors: 1, total: { ...row.total } });
    return;
  }
  if (known.hour > row.hour) return;
  known.count += row.count;
  known.min = Math.min(known.min, row.min);
  known.max = Math.max(known.max, row.max);
  known.sensors += 1;
  addPairTo(known.total, row.total.hi, row.total.lo);
}

function toWeather({ total, ...hour }: OpenSum): WeatherNow {
  const sum = roundedOrNull(total);
  return { ...hour, mean: sum === null ? null : sum / hour.count, status: 'provisional' };
}
