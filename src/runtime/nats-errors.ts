/**
 * Which errors of the broker pass by themselves.
 *
 * Boundary: a classification; the callers wait and ask again. Everything else is somebody's fault and is thrown.
 */
import { JetStreamApiError } from '@nats-io/jetstream';
import { ConnectionError, NoRespondersError, RequestError, TimeoutError } from '@nats-io/transport-node';

/** JetStream's "wrong last sequence": the compare-and-swap found another revision. */
const WRONG_LAST_SEQUENCE = 10_071;
const SERVER_ERROR_STATUS = 500;
/** More waits for the stream's disk than the server holds (`max_buffered_msgs`, `max_buffered_size`): it has dropped the message. */
const TOO_MANY_REQUESTS_STATUS = 429;

/** No answer, no server, or one that is just starting, electing or overrun: the request may or may not have been carried out. */
export function passesByItself(error: unknown): boolean {
  if (error instanceof JetStreamApiError)
    return error.status >= SERVER_ERROR_STATUS || error.status === TOO_MANY_REQUESTS_STATUS;
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
