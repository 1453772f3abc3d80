/**
 * One server, kept running: started, asked whether it is well, started anew when it died, ended at last.
 *
 * Boundary: knows processes and time; what the server is, a {@link Server} says. Everything it waits for is bounded
 * (model/limits.ts). The first start fails loudly; a later one is tried again for ever, more and more slowly.
 */
import type { Clock } from '../model/clock.ts';
import { EnvironmentError, explain } from '../model/errors.ts';
import {
  HEALTH_FAILURES_MAX,
  HEALTH_INTERVAL_MS,
  RESTART_BACKOFF_MS_MAX,
  RESTART_BACKOFF_MS_MIN,
  RESTART_CALM_MS,
  SERVER_START_MS_MAX,
  SERVER_STOP_MS_MAX,
} from '../model/limits.ts';
import type { Log } from '../model/log.ts';
import type { Server, ServerRun } from './server.ts';

/** Between two questions to a server that starts: a part of the time it has taken so far, within these bounds. */
const READY_POLL_MS_MIN = 10;
const READY_POLL_MS_MAX = 250;
const READY_POLL_SHARE = 0.05;
const STILL_STARTING_MS = 10_000;

export class SupervisedServer {
  readonly #server: Server;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #stop = new AbortController();
  #run: ServerRun | null = null;
  #supervision: Promise<void> = Promise.resolve();
  #restarts = 0;

  constructor(server: Server, clock: Clock, log: Log) {
    this.#server = server;
    this.#clock = clock;
    this.#log = log;
  }

  pid(): number | null {
    return this.#run?.pid() ?? null;
  }

  /** How often it was started anew. */
  restarts(): number {
    return this.#restarts;
  }

  /** Resolves when it serves. @throws {EnvironmentError} with the server's last words; nothing of it runs then. */
  async start(): Promise<void> {
    const run = await this.#launch();
    this.#supervision = this.#supervise(run);
  }

  /** Resolves when it is gone. Never rejects. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#supervision;
    if (this.#run !== null) await this.#end(this.#run);
  }

  async #launch(): Promise<ServerRun> {
    const run = this.#server.launch();
    this.#run = run;
    try {
      await this.#untilReady(run);
      return run;
    } catch (error) {
      await this.#end(run);
      throw error;
    }
  }

  async #untilReady(run: ServerRun): Promise<void> {
    const { name, logFile } = this.#server;
    const startedMs = this.#clock.monotonicMs();
    let sayMs = startedMs + STILL_STARTING_MS;
    const seen: { end: string | null } = { end: null };
    void run.ended.then((how) => (seen.end = how));
    for (;;) {
      const answers = await this.#server.answers();
      // Asked in this order: what answers is ours only while ours runs.
      if (answers && seen.end === null) return;
      const nowMs = this.#clock.monotonicMs();
      const waitedS = Math.round((nowMs - startedMs) / 1_000);
      const why =
        seen.end ??
        (this.#stop.signal.aborted ? 'it was asked to end' : null) ??
        (nowMs - startedMs > SERVER_START_MS_MAX ? `no answer within ${String(waitedS)} s` : null);
      if (why !== null) {
        const words = run.lastWords().at(-1) ?? why;
        throw new EnvironmentError(`${name} did not start: ${words}`, startAdvice(words, logFile), { retry: true });
      }
      if (nowMs > sayMs) {
        this.#log.info(`${name} is still starting after ${String(waitedS)} s; see ${logFile}`);
        sayMs = nowMs + STILL_STARTING_MS;
      }
      const pollMs = Math.max(READY_POLL_MS_MIN, (nowMs - startedMs) * READY_POLL_SHARE);
      await this.#clock.sleep(Math.min(pollMs, READY_POLL_MS_MAX), this.#stop.signal);
    }
  }

  /** Until `stop`: waits for the end of a run and makes the next one. Never rejects. */
  async #supervise(first: ServerRun): Promise<void> {
    const { name, logFile } = this.#server;
    let run: ServerRun | null = first;
    let backoffMs = RESTART_BACKOFF_MS_MIN;
    for (;;) {
      const startedMs = this.#clock.monotonicMs();
      const how = await this.#untilEnd(run);
      if (how === null) return;
      const words = run.lastWords().map((line) => `: ${line}`);
      this.#log.error(`${name} ended (${how}), starting it again; its log is ${logFile}${words.join('')}`);
      if (this.#clock.monotonicMs() - startedMs > RESTART_CALM_MS) backoffMs = RESTART_BACKOFF_MS_MIN;
      run = null;
      while (run === null) {
        await this.#clock.sleep(backoffMs, this.#stop.signal);
        if (this.#stop.signal.aborted) return;
        backoffMs = Math.min(2 * backoffMs, RESTART_BACKOFF_MS_MAX);
        run = await this.#launchAgain();
      }
      this.#log.info(`${name} is back (process ${String(run.pid())})`);
    }
  }

  async #launchAgain(): Promise<ServerRun | null> {
    this.#restarts++;
    try {
      return await this.#launch();
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#log.error(explain(error));
      return null;
    }
  }

  /** How it ended (by itself, or by us because it was not well); null: `stop` was called. */
  async #untilEnd(run: ServerRun): Promise<string | null> {
    const done = new AbortController();
    const stopped = new Promise<null>((resolve) => {
      if (this.#stop.signal.aborted) resolve(null);
      this.#stop.signal.addEventListener('abort', () => resolve(null), { once: true, signal: done.signal });
    });
    const unwell = this.#untilUnwell(run, done.signal);
    try {
      const how = await Promise.race([stopped, run.ended, unwell.then((why) => ({ why }))]);
      if (typeof how === 'string' || how === null) return how;
      await this.#end(run);
      return how.why;
    } finally {
      done.abort();
    }
  }

  async #untilUnwell(run: ServerRun, signal: AbortSignal): Promise<string> {
    let failures = 0;
    while (!signal.aborted) {
      await this.#clock.sleep(HEALTH_INTERVAL_MS, signal);
      if (signal.aborted) break;
      failures = (await this.#server.answers()) ? 0 : failures + 1;
      const seconds = (HEALTH_FAILURES_MAX * HEALTH_INTERVAL_MS) / 1_000;
      if (failures >= HEALTH_FAILURES_MAX) return `it has not answered for ${String(seconds)} s`;
      const ailment = run.ailment();
      if (ailment !== null) return ailment;
    }
    return 'the watch is over';
  }

  async #end(run: ServerRun): Promise<void> {
    const done = new AbortController();
    run.askToEnd();
    const late = this.#clock.sleep(SERVER_STOP_MS_MAX, done.signal).then(() => !done.signal.aborted);
    const ended = run.ended.then(() => false);
    if (await Promise.race([late, ended])) {
      this.#log.warn(`${this.#server.name} did not end in time; killing it`);
      run.kill();
    }
    await ended;
    done.abort();
  }
}

function startAdvice(words: string, logFile: string): string {
  if (/no space left|quota exceeded/i.test(words)) return 'Free some disk space, then start again.';
  if (/address already in use/i.test(words)) return 'Something took its port just now; end that, then start again.';
  if (/permission denied/i.test(words)) return 'Give the user the rights on the data folder (HOURGLASS_DATA_DIR).';
  return `See ${logFile}.`;
}
