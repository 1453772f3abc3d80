/**
 * A command of the program as a child that never outlives us, to be killed, frozen and woken.
 *
 * Boundary: one process. It runs under the guard of the embedded servers (embedded/guard.child.ts), so that nothing of
 * a drill is left when the drill itself is killed.
 */
import { type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { goneChild, spawnChild } from '../embedded/child.ts';
import type { GuardMessage } from '../embedded/guard.child.ts';
import type { Clock } from '../model/clock.ts';
import { explain } from '../model/errors.ts';

const LOOK_MS = 10;

export interface Command {
  /** Arguments of Node: the program's file, and what comes before and after it. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** What it writes; written anew. */
  readonly outputFile: string;
  /** Descriptor that it inherits, as servers do. */
  readonly lock: number;
}

export class GuardedProcess {
  readonly #guard: ChildProcess;
  readonly #clock: Clock;
  readonly #outputFile: string;
  #pid: number | null = null;
  /** Resolves when the process is gone: its exit code as `exit code 0`, or the signal that ended it. */
  readonly ended: Promise<string>;
  #end: string | null = null;

  constructor({ args, env, outputFile, lock }: Command, clock: Clock) {
    this.#clock = clock;
    this.#outputFile = outputFile;
    this.#guard = spawnChild('guard', [process.execPath, ...args], outputFile, {
      first: 'ignore',
      more: [lock, 'ipc'],
      env,
    });
    this.ended = new Promise<string>((resolve) => {
      this.#guard.on('message', (message: GuardMessage) => {
        if ('pid' in message) this.#pid = message.pid;
        else resolve(message.ended);
      });
      goneChild(this.#guard).then(
        () => resolve('its guard ended'),
        (error: unknown) => resolve(explain(error)),
      );
    });
    void this.ended.then((how) => (this.#end = how));
  }

  /** How it ended; null while it lives. */
  get end(): string | null {
    return this.#end;
  }

  /** Resolves when it is known. */
  async pid(): Promise<number> {
    while (this.#pid === null) {
      if (this.#end !== null) throw new Error(`the process ended at its start: ${this.#end}\n${this.output()}`);
      await this.#clock.sleep(LOOK_MS);
    }
    return this.#pid;
  }

  output(): string {
    return readFileSync(this.#outputFile, 'utf8');
  }

  /** False where it has ended already. */
  signal(signal: NodeJS.Signals): boolean {
    if (this.#pid === null || this.#end !== null) return false;
    try {
      return process.kill(this.#pid, signal);
    } catch {
      return false;
    }
  }

  /** `kill -9`; resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#end !== null) return;
    await this.pid().catch(() => 0);
    this.signal('SIGKILL');
    await this.ended;
  }
}
