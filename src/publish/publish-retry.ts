/**
 * What an error of a publish says about trying again.
 *
 * Boundary: a classification; the publisher waits and sends.
 */
import { JetStreamApiError } from '@nats-io/jetstream';
import { InvalidArgumentError, InvalidSubjectError } from '@nats-io/transport-node';

/** `nobody`: no stream answers, as while a broker starts; for good only where it lasts. */
export type Retry = 'soon' | 'when there is room' | 'nobody' | 'never';

const STREAM_FULL_CODES = new Set([10_023, 10_047, 10_077, 10_122]);
/** A cluster is still about to store a message of this `Nats-Msg-Id`: the next answer says that it has it. */
const ID_IN_PROCESS_CODE = 10_158;
const SERVER_ERROR_STATUS = 500;
/** More waits for the stream's disk than the server holds: it has dropped the message. */
const TOO_MANY_REQUESTS_STATUS = 429;

export function retryOf(error: unknown): Retry {
  if (error instanceof JetStreamApiError) {
    if (STREAM_FULL_CODES.has(error.code)) return 'when there is room';
    const passes = error.status === TOO_MANY_REQUESTS_STATUS || error.status >= SERVER_ERROR_STATUS;
    return passes || error.code === ID_IN_PROCESS_CODE ? 'soon' : 'never';
  }
  // The library refuses to write it: too large, or a subject or header that cannot be.
  if (error instanceof InvalidArgumentError || error instanceof InvalidSubjectError) return 'never';
  const text = error instanceof Error ? `${error.name} ${error.message}` : String(error);
  if (/max.?payload|permissions/i.test(text)) return 'never';
  return /no.?responders|503/i.test(text) ? 'nobody' : 'soon';
}
