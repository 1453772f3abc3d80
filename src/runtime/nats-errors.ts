/**
 * Which errors of the broker pass by themselves.
 *
 * Boundary: a classification; the callers wait and ask again. Everything else is somebody's fault and is thrown.
 */
import { JetStreamApiError } from '@nats-io/jetstream';
import { ConnectionError, NoRespondersError, RequestError, TimeoutError } from '@nats-io/transport-node';

/** JetStream's "wrong last sequence": the compare-and-swap found another revision. */
const WRONG_LAST_SEQUENCE = 10_071;

/** No answer, no server, or a server that is just starting or electing: the request may or may not have been carried out. */
export function passesByItself(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return error.status >= 500;
  return (
    error instanceof TimeoutError ||
    error instanceof NoRespondersError ||
    error instanceof RequestError ||
    error instanceof ConnectionError ||
    (error instanceof Error && error.name === 'JetStreamNotEnabled')
  );
}

export function isWrongRevision(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === WRONG_LAST_SEQUENCE;
}
