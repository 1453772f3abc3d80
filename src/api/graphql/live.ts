/**
 * The subscription `liveHours`: the events of `/v1/live` as GraphQL results, over Server-Sent Events.
 *
 * Boundary: the hub keeps feeds, bounds and back pressure; one subscription here is one of its clients. When the caller
 * leaves, the client ends at once, also while it waits for an event.
 */
import { z } from '@hono/zod-openapi';
import type { LiveHour } from '../live/city-feed.ts';
import type { Subscription as LiveClient } from '../live/subscription.ts';
import { city, district, kind, metric } from '../params.ts';
import { argumentsOf } from './arguments.ts';
import type { RequestContext } from './context.ts';

const ofLiveHours = z.strictObject({
  city,
  district: district.optional(),
  kind: kind.optional(),
  metric: metric.optional(),
});

export const Subscription = {
  liveHours: {
    subscribe: (
      _: unknown,
      args: Readonly<Record<string, unknown>>,
      { deps, address }: RequestContext,
    ): AsyncIterableIterator<LiveHour> =>
      hoursOf(deps.live.open({ ...argumentsOf(ofLiveHours, args), address, transport: 'sse' })),
    resolve: (hour: LiveHour) => hour,
  },
};

/** Not a generator: one that waits for its next event could not be ended. */
function hoursOf(client: LiveClient): AsyncIterableIterator<LiveHour> {
  const hours: LiveHour[] = [];
  return {
    async next() {
      while (hours.length === 0) {
        const events = await client.next();
        if (events === null) return { done: true, value: undefined };
        hours.push(...events.map(({ data }) => JSON.parse(data) as LiveHour));
      }
      const value = hours.shift();
      return value === undefined ? { done: true, value } : { done: false, value };
    },
    return() {
      client.end('closed');
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
