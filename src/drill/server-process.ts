/**
 * One server of a drill: started, killed, frozen and woken at will.
 *
 * Boundary: a process and its answer; what the server is, src/embedded says. Unlike a supervised one it is started again
 * only when it is told to be: how long it is away is the fault's business.
 */
import type { Server, ServerRun } from '../embedded/server.ts';
import type { Clock } from '../model/clock.ts';

const LOOK_MS = 20;
const START_MS_MAX = 60_000;

export class ServerProcess {
  readonly name: string;
  readonly #server: Server;
  readonly #clock: Clock;
  #run: ServerRun | null = null;

  constructor(server: Server, clock: Clock) {
    this.name = server.name;
    this.#server = server;
    this.#clock = clock;
  }

  /** Starts it (again) on its port and data; resolves when it serves. */
  async start(): Promise<void> {
    const run = this.#server.launch();
    this.#run = run;
    const seen: { end: string | null } = { end: null };
    void run.ended.then((how) => (seen.end = how));
    const lastMs = this.#clock.monotonicMs() + START_MS_MAX;
    while (run.pid() === null || !(await this.#server.answers())) {
      const words = run.lastWords().join('; ');
      if (seen.end !== null) throw new Error(`${this.name} ended at its start: ${seen.end} ${words}`);
      if (this.#clock.monotonicMs() > lastMs) throw new Error(`${this.name} does not answer: ${words}`);
      await this.#clock.sleep(LOOK_MS);
    }
  }

  /** `kill -9`; resolves when it is gone. */
  async kill(): Promise<void> {
    const run = this.#run;
    if (run === null) return;
    this.#run = null;
    run.kill();
    await run.ended;
  }

  /** SIGSTOP: it keeps its connections and says nothing. */
  freeze(): void {
    this.#signal('SIGSTOP');
  }

  wake(): void {
    this.#signal('SIGCONT');
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#run?.pid() ?? null;
    if (pid !== null) process.kill(pid, signal);
  }
}
