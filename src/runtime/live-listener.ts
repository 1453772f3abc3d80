/**
 * The API's ear for what worker threads tell of open hours (model/live.ts).
 *
 * Boundary: NATS on one side, callbacks on the other; an update that cannot be read is passed over, and noticed as a gap.
 */
import type { NatsConnection } from '@nats-io/transport-node';
import {
  LIVE_INTEREST_SUBJECT,
  type LiveInterest,
  type LiveSource,
  liveSubject,
  type LiveUpdate,
} from '../model/live.ts';
import { pack, unpack } from './wire.ts';

export function createLiveSource(nc: NatsConnection): LiveSource {
  return {
    listen(city, take) {
      const subscription = nc.subscribe(liveSubject(city), {
        callback: (error, msg) => {
          if (error === null) take(unpack<LiveUpdate>(msg.data));
        },
      });
      return () => subscription.unsubscribe();
    },
    ask: (interest: LiveInterest) => nc.publish(LIVE_INTEREST_SUBJECT, pack(interest)),
  };
}
