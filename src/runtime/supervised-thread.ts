/**
 * One host's thread, started again with back-off from its checkpoints when it fails.
 *
 * Job: runs the task, hears its reports, ends it when it hangs. Boundary: control messages and figures; knows no
 * partition. A thread keeps its member's name from run to run, so that it goes on with its own leases at once.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import type { Clock } from '../model/clock.ts';
import { THREAD_SILENCE_MS_MAX } from '../model/limits.ts';
import type { Log } from '../model/log.ts';
import { InHand, type Suspects } from './suspects.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { HostStats, HostTask, StopRequest, ThreadReport, ThreadRequest } from './thread-messages.ts';

const RESTART_MS_MIN = 250;
const RESTART_MS_MAX = 10_000;
/** A host that has run this long starts with a short wait again. */
const HEALTHY_MS = 60_000;
const WATCH_MS = 1_000;

/** What does not change from run to run. */
export type ThreadTask = Omit<HostTask, 'port' | 'inHand' | 'budget' | 'restarts'>;

export class SupervisedThread {
  /** Resolves when the thread has its connections for the first time, and waits to be let in. */
  readonly ready: Promise<void>;
  /** Resolves when the thread has had its share of the partitions for the first time. */
  readonly started: Promise<void>;
  readonly #pool: Piscina;
  readonly #task: ThreadTask;
  #budget: MemoryBudget;
  readonly #suspects: Pick<Suspects, 'accuse'>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #running: Promise<void>;
  readonly #stop = new AbortController();
  #port: MessagePort | null = null;
  #heardMs = 0;
  #isReady = false;
  #mayJoin = false;
  #onReady: () => void = () => undefined;
  #onStarted: () => void = () => undefined;
  stats: HostStats | null = null;
  restarts = 0;

  constructor(
    pool: Piscina,
    task: ThreadTask,
    suspects: Pick<Suspects, 'accuse'>,
    { clock, log, budget }: { clock: Clock; log: Log; budget: MemoryBudget },
  ) {
    this.#budget = budget;
    this.#pool = pool;
    this.#task = task;
    this.#suspects = suspects;
    this.#clock = clock;
    this.#log = log;
    this.ready = new Promise((resolve) => (this.#onReady = resolve));
    this.started = new Promise((resolve) => (this.#onStarted = resolve));
    this.#running = this.#runUntilStopped();
  }

  /** What the thread may hold from now on, in this run and the next. */
  setBudget(budget: MemoryBudget): void {
    this.#budget = budget;
    this.#port?.postMessage({ type: 'budget', budget } satisfies ThreadRequest);
  }

  /** From now on it takes its share of the partitions, in this run and the next. */
  join(): void {
    this.#mayJoin = true;
    if (this.#isReady) this.#port?.postMessage({ type: 'join' } satisfies ThreadRequest);
  }

  /** Final checkpoints, then release. */
  async stop(request: Omit<StopRequest, 'type'>): Promise<void> {
    this.#stop.abort();
    // Nobody waits for it any more.
    this.#onReady();
    this.#port?.postMessage({ type: 'stop', ...request } satisfies StopRequest);
    await this.#running;
  }

  async #runUntilStopped(): Promise<void> {
    let waitMs = RESTART_MS_MIN;
    while (!this.#stop.signal.aborted) {
      const startedMs = this.#clock.monotonicMs();
      const inHand = new InHand();
      try {
        await this.#runOnce(inHand);
        return;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (this.#clock.monotonicMs() - startedMs > HEALTHY_MS) waitMs = RESTART_MS_MIN;
        this.restarts += 1;
        this.stats = null;
        const reason = error instanceof Error ? error.message : String(error);
        this.#log.error(
          `worker ${this.#task.host.owner} failed (${reason}); starting it again from its checkpoints in ${String(waitMs)} ms`,
        );
        await this.#accuse(inHand.sequence);
        await this.#clock.sleep(waitMs, this.#stop.signal);
        waitMs = Math.min(waitMs * 2, RESTART_MS_MAX);
      }
    }
  }

  /** Before the thread starts again: it must know what it failed on. */
  async #accuse(sequence: number): Promise<void> {
    if (sequence === 0) return;
    const failures = await this.#suspects.accuse(sequence);
    this.#log.warn(
      `message ${String(sequence)} was in hand when the worker failed, ${String(failures)} time(s) so far`,
    );
  }

  async #runOnce(inHand: InHand): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#isReady = false;
    this.#heardMs = this.#clock.monotonicMs();
    port1.on('message', (report: ThreadReport) => this.#take(report));
    const over = new AbortController();
    const hung = new AbortController();
    void this.#watch(over.signal, hung);
    try {
      const { restarts } = this;
      const budget = this.#budget;
      const task = { ...this.#task, port: port2, inHand: inHand.shared, budget, restarts } satisfies HostTask;
      await this.#pool.run(task, { transferList: [port2], signal: hung.signal });
    } catch (error) {
      if (hung.signal.aborted)
        throw new Error(`no sign of life for ${String(THREAD_SILENCE_MS_MAX / 1_000)} s`, { cause: error });
      throw error;
    } finally {
      over.abort();
      this.#port = null;
      port1.close();
    }
  }

  /** A thread says its figures every second; one that has been silent for long is in an endless loop, and is ended. */
  async #watch(over: AbortSignal, hung: AbortController): Promise<void> {
    let lookedMs = this.#clock.monotonicMs();
    while (!over.aborted) {
      await this.#clock.sleep(WATCH_MS, over);
      const nowMs = this.#clock.monotonicMs();
      // This thread itself was frozen: the reports are still in its mailbox.
      if (nowMs - lookedMs > 3 * WATCH_MS) this.#heardMs = nowMs;
      lookedMs = nowMs;
      if (nowMs - this.#heardMs > THREAD_SILENCE_MS_MAX) hung.abort();
    }
  }

  #take(report: ThreadReport): void {
    this.#heardMs = this.#clock.monotonicMs();
    switch (report.type) {
      case 'ready':
        this.#isReady = true;
        this.#onReady();
        if (this.#mayJoin) this.join();
        break;
      case 'started':
        this.#onStarted();
        break;
      case 'log':
        this.#log[report.level](report.text);
        break;
      case 'stats':
        this.stats = report.stats;
        break;
    }
  }
}
