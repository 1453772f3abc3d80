/**
 * A worker node: hosts on worker threads, restarted where they fail, and the trimmer.
 *
 * Job: places the partitions on threads, supervises, drains. Boundary: no reading passes here; the main thread has
 * control messages and figures only. Leases between several nodes will take the place of {@link placed}.
 */
import { hostname } from 'node:os';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { systemClock } from '../model/clock.ts';
import type { Config } from '../model/config.ts';
import { addLedger, emptyLedger, type LedgerTotals } from '../model/ledger.ts';
import { DRAIN_MS_MAX } from '../model/limits.ts';
import type { Log } from '../model/log.ts';
import { watchCluster } from './cluster-view.ts';
import { connectNats } from './connections.ts';
import type { HostStats, HostTask, StopRequest, ThreadReport } from './thread-messages.ts';
import type { Topology } from './topology.ts';
import { startTrimmer } from './trimmer.ts';
import { hostWorkerFile } from './worker-entry.ts';

export interface NodeOptions {
  readonly config: Config;
  readonly natsUrl: string;
  readonly clickhouseUrl: string;
  readonly topology: Topology;
  readonly log: Log;
}

/** Figures of all threads of this node. */
export interface NodeStats {
  readonly totals: LedgerTotals;
  readonly threads: readonly HostStats[];
  readonly partitionsOwned: number;
  readonly backlog: number;
  readonly restarts: number;
}

export interface WorkerNode {
  readonly name: string;
  /** Resolves when every partition has been claimed and is read. */
  readonly started: Promise<void>;
  stats(): NodeStats;
  /** Final checkpoints, then release; within DRAIN_MS_MAX. */
  stop(): Promise<void>;
}

const RESTART_MS_MIN = 250;
const RESTART_MS_MAX = 10_000;
/** A host that has run this long starts with a short wait again. */
const HEALTHY_MS = 60_000;
/** Of the time to drain, what the database gets to take the last rows; the rest is for checkpoints. */
const PATIENCE_MS = 12_000;

export async function startNode({ config, natsUrl, clickhouseUrl, topology, log }: NodeOptions): Promise<WorkerNode> {
  const name = `${hostname().replace(/[^A-Za-z0-9_-]/g, '-')}-${String(process.pid)}`;
  const threads = Math.min(config.workers, topology.partitions);
  const pool = new Piscina({
    filename: hostWorkerFile(),
    minThreads: threads,
    maxThreads: threads,
    // A parked thread must not block: hosts live on their event loop.
    atomics: 'disabled',
  });
  const nc = await connectNats(natsUrl, `${name}/trimmer`);
  const cluster = await watchCluster(nc, topology);
  const trimmer = startTrimmer({ nc, cluster, clock: systemClock, log }, config.replayHours * 3_600_000);

  const hosts = placed(topology.partitions, threads).map((partitions, thread) => {
    const task: Omit<HostTask, 'port'> = {
      natsUrl,
      clickhouseUrl,
      partitionsOfStream: topology.partitions,
      host: {
        owner: `${name}/${String(thread)}`,
        partitions,
        incarnation: topology.incarnation,
        disorderMs: config.allowedDisorderMs,
        horizonMs: config.horizonDays * 24 * 3_600_000,
      },
    };
    return new SupervisedHost(pool, task, log);
  });
  return {
    name,
    started: Promise.all(hosts.map((host) => host.started)).then(() => undefined),
    stats: () => {
      const stats = hosts.map((host) => host.stats).filter((one) => one !== null);
      const totals = emptyLedger();
      for (const one of stats) addLedger(totals, one.totals);
      return {
        totals,
        threads: stats,
        partitionsOwned: stats.reduce((sum, one) => sum + one.partitions, 0),
        backlog: stats.reduce((sum, one) => sum + one.backlog, 0),
        restarts: hosts.reduce((sum, host) => sum + host.restarts, 0),
      };
    },
    stop: async () => {
      const late = new AbortController();
      await Promise.race([
        Promise.all(hosts.map((host) => host.stop())),
        systemClock.sleep(DRAIN_MS_MAX - 5_000, late.signal),
      ]);
      late.abort();
      await trimmer.stop();
      await cluster.close();
      await pool.destroy();
      await nc.close();
    },
  };
}

/** Partition p goes to thread p modulo threads: neighbours in number are on different threads. */
export function placed(partitions: number, threads: number): number[][] {
  const placement: number[][] = Array.from({ length: threads }, () => []);
  for (let partition = 0; partition < partitions; partition++) placement[partition % threads]!.push(partition);
  return placement;
}

/** One host's thread, started again with back-off from its checkpoints when it fails. */
class SupervisedHost {
  readonly started: Promise<void>;
  readonly #pool: Piscina;
  readonly #task: Omit<HostTask, 'port'>;
  readonly #log: Log;
  readonly #running: Promise<void>;
  readonly #stop = new AbortController();
  #port: MessagePort | null = null;
  #onStarted: () => void = () => undefined;
  stats: HostStats | null = null;
  restarts = 0;

  constructor(pool: Piscina, task: Omit<HostTask, 'port'>, log: Log) {
    this.#pool = pool;
    this.#task = task;
    this.#log = log;
    this.started = new Promise((resolve) => (this.#onStarted = resolve));
    this.#running = this.#runUntilStopped();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#port?.postMessage({ type: 'stop', patienceMs: PATIENCE_MS } satisfies StopRequest);
    await this.#running;
  }

  async #runUntilStopped(): Promise<void> {
    let waitMs = RESTART_MS_MIN;
    while (!this.#stop.signal.aborted) {
      const startedMs = systemClock.monotonicMs();
      try {
        await this.#runOnce();
        return;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (systemClock.monotonicMs() - startedMs > HEALTHY_MS) waitMs = RESTART_MS_MIN;
        this.restarts += 1;
        this.stats = null;
        const reason = error instanceof Error ? error.message : String(error);
        this.#log.error(
          `worker ${this.#task.host.owner} failed (${reason}); starting it again from its checkpoints in ${String(waitMs)} ms`,
        );
        await systemClock.sleep(waitMs, this.#stop.signal);
        waitMs = Math.min(waitMs * 2, RESTART_MS_MAX);
      }
    }
  }

  async #runOnce(): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on('message', (report: ThreadReport) => this.#take(report));
    try {
      await this.#pool.run({ ...this.#task, port: port2 } satisfies HostTask, { transferList: [port2] });
    } finally {
      this.#port = null;
      port1.close();
    }
  }

  #take(report: ThreadReport): void {
    switch (report.type) {
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
