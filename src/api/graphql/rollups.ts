/**
 * `hourly` and `daily` of cities and districts: all parents of a field in one question.
 *
 * Boundary: the views that the REST API's rollups read, with the same cursors.
 */
import { z } from '@hono/zod-openapi';
import { HOUR_MS, hourIso } from '../../model/hour.ts';
import { DAY_HOURS, finalHour, periodsOf } from '../hours.ts';
import { kind, metric, range } from '../params.ts';
import { readRollupsOf } from '../queries/batches.ts';
import { argumentsOf } from './arguments.ts';
import { firstOf, keyAfterCursor, pageArguments, rollupsList } from './connections.ts';
import { byParent, type RequestContext } from './context.ts';

const ofRollups = z.strictObject({ metric, kind: kind.optional(), ...range, ...pageArguments });

type View = 'city_hourly' | 'city_daily' | 'district_hourly' | 'district_daily';
export interface Parent {
  readonly city: string;
  readonly district?: string;
}

export function rollupResolver(view: View) {
  const per = view.endsWith('daily') ? 'daily' : 'hourly';
  const periodHours = per === 'daily' ? DAY_HOURS : 1;
  const list = rollupsList(view);
  return async (parent: Parent, args: Readonly<Record<string, unknown>>, context: RequestContext): Promise<unknown> => {
    const { first, after, from, to, ...filter } = argumentsOf(ofRollups, args);
    const ask = {
      ...filter,
      ...periodsOf({ from, to }, periodHours),
      per,
      after: keyAfterCursor(list, after),
      limit: first + 1,
    } as const;
    const rows = await context.questions.batch(view, args, parent, placeId, async (parents) => {
      // Read before the table: what was final then is in the table now.
      const final = finalHour(context.deps.cluster);
      const places = view.startsWith('city') ? parents.map(({ city }) => ({ city })) : parents;
      const found = await readRollupsOf(context.deps.clickhouse, { ...ask, places });
      const figures = found.map((row) => ({
        ...row,
        metric: ask.metric,
        hour: per === 'hourly' ? hourIso(row.period) : null,
        day: per === 'daily' ? new Date(row.period * DAY_HOURS * HOUR_MS).toISOString().slice(0, 10) : null,
        status: (row.period + 1) * periodHours <= final ? 'final' : 'provisional',
      }));
      return byParent(places, placeId, figures, placeId);
    });
    return firstOf(list, rows, first);
  };
}

function placeId({ city, district }: { city: string; district?: string | null }): string {
  return `${city}/${district ?? ''}`;
}
