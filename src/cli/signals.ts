/**
 * SIGINT, SIGTERM and SIGHUP, as a program that drains sees them.
 *
 * The first asks for an orderly end; a second SIGINT ends at once, which loses nothing (checkpoints), but leaves work
 * to the next start.
 */
import { EXIT } from './exit-codes.ts';

export interface Shutdown {
  /** Aborts with the signal's name as reason. */
  readonly signal: AbortSignal;
  /** Resolves when it was asked to end. */
  readonly asked: Promise<NodeJS.Signals>;
}

export function listenForShutdown(onSecond: () => void = () => undefined): Shutdown {
  const controller = new AbortController();
  const asked = new Promise<NodeJS.Signals>((resolve) => {
    const take = (name: NodeJS.Signals): void => {
      if (!controller.signal.aborted) {
        controller.abort(name);
        resolve(name);
        return;
      }
      if (name !== 'SIGINT') return;
      onSecond();
      process.exit(EXIT.interrupted);
    };
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, take);
  });
  return { signal: controller.signal, asked };
}
