/**
 * `hourly`, `daily` and `monthly` of cities and districts: all parents of a field in one question.
 *
 * Boundary: the queries and cursors of the REST API's rollups. Coverage is a question of its own, asked where the field is.
 */
import { z } from '@hono/zod-openapi';
import { hourIso } from '../../model/hour.ts';
import { periodsOf } from '../hours.ts';
import { civilRange, kind, metric, range, zone } from '../params.ts';
import { zoneAsked } from '../registered.ts';
import { civilCoverage, civilName, edgesOf, hourCoverage, instantsOf, statusOf } from '../rollups.ts';
import { argumentsOf } from './arguments.ts';
import { firstOf, keyAfterCursor, pageArguments, rollupsList } from './connections.ts';
import { byParent, once, type RequestContext } from './context.ts';

const ofHours = z.strictObject({ metric, kind: kind.optional(), ...range, ...pageArguments });
const ofCivil = z.strictObject({
  metric,
  kind: kind.optional(),
  zone: zone('UTC'),
  ...civilRange,
  ...pageArguments,
});

export interface Parent {
  readonly city: string;
  readonly district?: string;
}
/** As the REST API's cursors name them. */
const NAMES = { city: 'cities', district: 'districts' } as const;
type Of = keyof typeof NAMES;
type Resolver = (parent: Parent, args: Readonly<Record<string, unknown>>, context: RequestContext) => Promise<unknown>;

export function hourlyResolver(of: Of): Resolver {
  const list = rollupsList(`${of}_hourly`);
  return async (parent, args, context) => {
    const { first, after, from, to, ...filter } = argumentsOf(ofHours, args);
    const ask = { ...filter, ...periodsOf({ from, to }, 1), after: keyAfterCursor(list, after), limit: first + 1 };
    const rows = await context.questions.batch(`${of}.hourly`, args, parent, placeId, async (parents) => {
      const { cluster, rollups } = context.deps;
      const places = parents.map((one) => placeOf(of, one));
      // Read before the table: what was final then is in the table now.
      const edges = edgesOf(cluster);
      const found = await rollups.readRollup({ ...ask, places }, edges.final);
      const known = once(() => context.questions.ask(() => rollups.readKnownSensors({ ...filter, places })));
      const figures = found.map((row) => ({
        ...row,
        metric: filter.metric,
        hour: hourIso(row.period),
        status: statusOf(row.period + 1, edges),
        coverage: async () => hourCoverage(await known(), row, edges),
      }));
      return byParent(places, placeId, figures, placeId);
    });
    return firstOf(list, rows, first);
  };
}

export function civilResolver(of: Of, step: 'day' | 'month'): Resolver {
  const per = step === 'day' ? 'daily' : 'monthly';
  return async (parent, args, context) => {
    const { first, after, from, to, zone: wanted, ...filter } = argumentsOf(ofCivil, args);
    const inZone = zoneAsked(context.deps.registry, wanted, parent.city);
    const list = rollupsList(`${NAMES[of]}-${per}-${inZone}`);
    const key = keyAfterCursor(list, after);
    // With the zone `city`, parents of one zone are asked about together.
    const asked = { ...args, zone: inZone };
    const rows = await context.questions.batch(`${of}.${per}`, asked, parent, placeId, async (parents) => {
      const { cluster, rollups } = context.deps;
      const places = parents.map((one) => placeOf(of, one));
      const edges = edgesOf(cluster);
      const times = await instantsOf(context.deps, { from, to }, inZone);
      const [limit, openHour] = [first + 1, edges.open];
      const ask = { ...filter, ...times, step, zone: inZone, places, after: key, limit, openHour };
      const found = await rollups.readCivil(ask, edges.final);
      const known = once(() => context.questions.ask(() => rollups.readKnownSensors({ ...filter, places })));
      const figures = found.map((row) => ({
        ...row,
        metric: filter.metric,
        period: row.day,
        day: step === 'day' ? civilName(row.day, step) : null,
        month: step === 'month' ? civilName(row.day, step) : null,
        zone: inZone,
        hours: row.toHour - row.fromHour,
        status: statusOf(row.toHour, edges),
        coverage: async () => civilCoverage(await known(), row, edges),
      }));
      return byParent(places, placeId, figures, placeId);
    });
    return firstOf(list, rows, first);
  };
}

function placeOf(of: Of, { city, district }: Parent): Parent {
  return of === 'city' || district === undefined ? { city } : { city, district };
}

function placeId({ city, district }: { city: string; district?: string | null }): string {
  return `${city}/${district ?? ''}`;
}
