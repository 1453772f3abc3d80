/**
 * Why the broker did not take a message, for the one who sent it.
 *
 * Boundary: reads name and text of the broker client's errors, so that the API needs no NATS library.
 */
import { HourglassError } from '../model/errors.ts';
import { Problem } from './problem.ts';

/** JetStream's error codes for a stream at its limits of messages, bytes, or storage. */
const STREAM_FULL_CODES = new Set([10_002, 10_023, 10_047, 10_077]);

export function publishProblem(error: unknown): Problem {
  const text = error instanceof Error ? `${error.name} ${error.message}` : String(error);
  const code = codeOf(error);
  if (/payload/i.test(text) && /exceed|max/i.test(text)) {
    return new Problem(413, 'The message is larger than the broker takes.', { cause: error });
  }
  if (
    (code !== undefined && STREAM_FULL_CODES.has(code)) ||
    /maximum (messages|bytes)|insufficient (resources|storage)/i.test(text)
  ) {
    return new Problem(
      503,
      'The stream READINGS is full and refuses messages until workers have used some; send it again later.',
      {
        cause: error,
      },
    );
  }
  if (error instanceof HourglassError) return new Problem(503, `${error.message}. ${error.advice}`, { cause: error });
  if (/no.?responders|503/i.test(text)) {
    return new Problem(
      503,
      'No stream takes messages now: the broker is starting or has lost its leader; send it again.',
      {
        cause: error,
      },
    );
  }
  if (/time.?out|lost before the acknowledgement/i.test(text)) {
    return new Problem(
      503,
      'The broker did not acknowledge the message in time; it may be stored. Send it again, with Nats-Msg-Id or Hourglass-Seq to be counted once.',
      { cause: error },
    );
  }
  return new Problem(503, 'The broker did not take the message; send it again.', { cause: error });
}

function codeOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'number' ? error.code : undefined;
}
