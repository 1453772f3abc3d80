/**
 * Errors that answer two questions: whose fault, and retry or not. Supervisor and command line switch on that alone.
 *
 * Boundary: classes only. `advice` is one sentence that says what to do.
 */

/** `user`: input or configuration; `environment`: disk, port, network, a server; `internal`: a bug of ours. */
export type Fault = 'user' | 'environment' | 'internal';

export class HourglassError extends Error {
  override readonly name: string = 'HourglassError';
  readonly fault: Fault;
  readonly retry: boolean;
  readonly advice: string;

  constructor(message: string, options: { fault: Fault; retry: boolean; advice: string; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.fault = options.fault;
    this.retry = options.retry;
    this.advice = options.advice;
  }
}

/** A value of the environment or of the command line that cannot be used. */
export class ConfigError extends HourglassError {
  override readonly name = 'ConfigError';
  constructor(message: string, advice: string) {
    super(message, { fault: 'user', retry: false, advice });
  }
}

/** A server, port, folder or disk that is not as it must be; `retry` where waiting may help. */
export class EnvironmentError extends HourglassError {
  override readonly name: string = 'EnvironmentError';
  constructor(message: string, advice: string, options: { retry?: boolean; cause?: unknown } = {}) {
    super(message, { fault: 'environment', retry: options.retry ?? false, advice, cause: options.cause });
  }
}

/** Another owner has committed the partition's manifest: this one must drop its memory (invariant 3). */
export class FenceLost extends HourglassError {
  override readonly name = 'FenceLost';
  constructor(partition: number, owner: string) {
    super(`partition ${String(partition)} now belongs to ${owner}`, {
      fault: 'environment',
      retry: false,
      advice: 'Another worker took the partition over; what this one had not committed, that one reads again.',
    });
  }
}

/** Stream, checkpoint and tables do not belong together (invariant 10). The partition stops. */
export class IncarnationMismatch extends HourglassError {
  override readonly name = 'IncarnationMismatch';
  constructor(partition: number, what: string, advice: string) {
    super(`partition ${String(partition)}: ${what}`, { fault: 'environment', retry: false, advice });
  }
}

/** A checkpoint whose bytes are not what was written. */
export class CheckpointCorrupt extends HourglassError {
  override readonly name = 'CheckpointCorrupt';
  constructor(partition: number, what: string) {
    super(`checkpoint of partition ${String(partition)}: ${what}`, {
      fault: 'environment',
      retry: false,
      advice: 'Restore the checkpoint bucket from a backup of the same moment as the stream.',
    });
  }
}

/** Workers did not answer a question for some partitions in time: what their memory holds is not known now. */
export class WorkersUnavailable extends HourglassError {
  override readonly name = 'WorkersUnavailable';
  /** Partitions without an answer. */
  readonly partitions: readonly number[];
  constructor(partitions: readonly number[]) {
    super(
      `no answer from the workers of ${String(partitions.length)} partition(s): ${partitions.slice(0, 16).join(', ')}`,
      {
        fault: 'environment',
        retry: true,
        advice: 'Partitions are being taken over or no worker runs: try again in a few seconds.',
      },
    );
    this.partitions = partitions;
  }
}

/** An entry of the registry is not in the state that the writer expected: somebody else has changed it. */
export class RegistryConflict extends HourglassError {
  override readonly name = 'RegistryConflict';
  constructor(what: string, cause?: unknown) {
    super(`${what} is not in the state that was expected`, {
      fault: 'user',
      retry: false,
      advice: 'Read it again and decide anew.',
      cause,
    });
  }
}

/** The text a person reads: what happened and what to do, on one line. */
export function explain(error: unknown): string {
  if (error instanceof HourglassError) return `${error.message}. ${error.advice}`;
  return error instanceof Error ? error.message : String(error);
}
