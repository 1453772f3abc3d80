/**
 * A worker node: hosts on worker threads, more or fewer of them as asked, the trimmer, the watch for lost messages and the compactor.
 *
 * Job: starts and stops threads, answers for the pool, drains. Boundary: no reading passes here; the main thread has
 * control messages and figures only. Which partitions a thread reads, it settles with all other threads of all nodes
 * (membership/).
 */
import { hostname } from 'node:os';
import { Piscina } from 'piscina';
import { systemClock } from '../model/clock.ts';
import type { PoolBounds } from '../model/cluster.ts';
import type { Config } from '../model/config.ts';
import { addLedger, emptyLedger, type LedgerTotals } from '../model/ledger.ts';
import {
  COMPACTION_STATEMENT_MS_MAX,
  DRAIN_MS_MAX,
  LEDGER_PERIOD_MS,
  THREAD_YOUNG_HEAP_MEBIBYTES,
  WORKERS_MAX,
} from '../model/limits.ts';
import type { Log } from '../model/log.ts';
import { AutoScaler, type AutoScalerPorts } from './auto-scaler.ts';
import { watchCluster } from './cluster-view.ts';
import { openNatsBucket } from './checkpoint-bucket.ts';
import { startCompactor } from './compactor.ts';
import { connectClickhouse, connectNats } from './connections.ts';
import { startLossWatch } from './loss-watch.ts';
import { budgetOf, heapMebibytesMax, machineBytes, type MemoryBudget } from './memory-budget.ts';
import { answerPoolQueries } from './pool-responder.ts';
import { SupervisedThread } from './supervised-thread.ts';
import { Suspects } from './suspects.ts';
import type { HostStats } from './thread-messages.ts';
import type { HostOptions } from './host.ts';
import type { Topology } from './topology.ts';
import { startTrimmer } from './trimmer.ts';
import { hostWorkerFile } from './worker-entry.ts';

export interface NodeOptions {
  readonly config: Config;
  readonly natsUrl: string;
  readonly clickhouseUrl: string;
  readonly topology: Topology;
  readonly log: Log;
  /** Where the pool follows the load: other eyes and another pace, for tests. */
  readonly autoScaler?: Pick<AutoScalerPorts, 'freeCores' | 'pace'>;
}

/** Figures of all threads of this node. */
export interface NodeStats {
  readonly totals: LedgerTotals;
  readonly threads: readonly HostStats[];
  readonly partitionsOwned: number;
  /** Messages that the thread furthest behind has still to come past. */
  readonly backlog: number;
  readonly restarts: number;
}

export interface WorkerNode {
  readonly name: string;
  /** Resolves when every partition has an owner, here or elsewhere. */
  readonly started: Promise<void>;
  stats(): NodeStats;
  /** Final checkpoints, then release; within DRAIN_MS_MAX. */
  stop(): Promise<void>;
}

/** Of the time to drain, what the database gets to take the last rows; the rest is for checkpoints. */
const PATIENCE_MS = 12_000;
/** Those that are not ready by then join when they are. Within the time that who asks for a larger pool waits for the answer. */
const READY_MS_MAX = 15_000;

export async function startNode(options: NodeOptions): Promise<WorkerNode> {
  const { config, natsUrl, clickhouseUrl, topology, log } = options;
  const name = `${hostname().replace(/[^A-Za-z0-9_-]/g, '-')}-${String(process.pid)}`;
  const pool = new Piscina({
    filename: hostWorkerFile(),
    // Threads come with their tasks and go with them.
    minThreads: 0,
    maxThreads: WORKERS_MAX,
    idleTimeout: 0,
    // Above, it ends and starts anew from its checkpoints, sooner than the machine runs out of memory.
    resourceLimits: {
      maxOldGenerationSizeMb: heapMebibytesMax(machineBytes(), config.clickhouseUrl === null),
      maxYoungGenerationSizeMb: THREAD_YOUNG_HEAP_MEBIBYTES,
    },
    // A parked thread must not block: hosts live on their event loop.
    atomics: 'disabled',
  });
  const nc = await connectNats(natsUrl, `${name}/main`);
  const cluster = await watchCluster(nc, topology);
  const trimmer = startTrimmer({ nc, cluster, clock: systemClock, log }, config.replayHours * 3_600_000);
  const lossWatch = startLossWatch({ cluster, clock: systemClock, log });
  const clickhouse = connectClickhouse(clickhouseUrl, COMPACTION_STATEMENT_MS_MAX);
  const compactor = startCompactor({ clickhouse, cluster, node: name, clock: systemClock, log });

  const suspects = new Suspects(await openNatsBucket(nc), systemClock, topology.incarnation);
  const threads: SupervisedThread[] = [];
  let restarts = 0;
  const memory = machineBytes();
  const budgetNow = (coming = 0): MemoryBudget =>
    budgetOf(memory, threads.length + coming, config.clickhouseUrl === null);
  /** More threads: less for each. */
  const shareMemory = (): void => {
    for (const thread of threads) thread.setBudget(budgetNow());
  };
  const addThread = (): SupervisedThread => {
    const host: HostOptions = {
      owner: `${name}/${String(threads.length)}`,
      incarnation: topology.incarnation,
      disorderMs: config.allowedDisorderMs,
      horizonMs: config.horizonDays * 24 * 3_600_000,
      ledgerPeriodMs: LEDGER_PERIOD_MS,
    };
    const task = { natsUrl, clickhouseUrl, partitionsOfStream: topology.partitions, host };
    const thread = new SupervisedThread(pool, task, suspects, { clock: systemClock, log, budget: budgetNow(1) });
    threads.push(thread);
    return thread;
  };
  /**
   * Threads that come together join together, so that each partition moves once. Beside threads that read, one is started after
   * the other: a start takes a processor for half a second.
   */
  const addThreads = async (count: number): Promise<void> => {
    const late = new AbortController();
    const deadline = systemClock.sleep(READY_MS_MAX, late.signal);
    const isReading = threads.length > 0;
    const coming: SupervisedThread[] = [];
    while (coming.length < count) {
      const thread = addThread();
      coming.push(thread);
      if (isReading) await Promise.race([thread.ready, deadline]);
    }
    await Promise.race([Promise.all(coming.map((thread) => thread.ready)), deadline]);
    late.abort();
    for (const thread of coming) thread.join();
  };
  let resizing: Promise<void> = Promise.resolve();
  const resize = async (workers: number): Promise<void> => {
    // One change after the other.
    const before = resizing;
    resizing = (async (): Promise<void> => {
      await before;
      if (workers !== threads.length) log.info(`worker threads: ${String(threads.length)} -> ${String(workers)}`);
      await addThreads(workers - threads.length);
      shareMemory();
      const leaving = threads.splice(workers);
      restarts += leaving.reduce((sum, thread) => sum + thread.restarts, 0);
      await Promise.all(leaving.map((thread) => thread.stop({ patienceMs: PATIENCE_MS, nodeLeaves: null })));
      if (leaving.length > 0) shareMemory();
    })();
    await resizing;
  };
  void addThreads(config.workers);
  shareMemory();
  const workers = (): number => threads.length;
  const figures = (): HostStats[] => threads.map((thread) => thread.stats).filter((one) => one !== null);
  const scaler = new AutoScaler({
    pool: { workers, threads: figures, resize },
    clock: systemClock,
    log,
    ...options.autoScaler,
  });
  if (config.autoWorkers !== null) await scaler.follow(config.autoWorkers);
  const set = async (count: number): Promise<void> => {
    scaler.turnOff();
    await resize(count);
  };
  const bounds = (): PoolBounds | null => scaler.bounds;
  const follow = (wanted: PoolBounds): Promise<void> => scaler.follow(wanted);
  const answers = answerPoolQueries(nc, { node: name, workers, bounds, set, follow }, log);

  return {
    name,
    started: Promise.all(threads.map((thread) => thread.started)).then(() => undefined),
    stats: () => {
      const stats = figures();
      const totals = emptyLedger();
      for (const one of stats) addLedger(totals, one.totals);
      return {
        totals,
        threads: stats,
        partitionsOwned: stats.reduce((sum, one) => sum + one.partitions, 0),
        backlog: Math.max(0, ...stats.map(({ backlog }) => backlog)),
        restarts: threads.reduce((sum, thread) => sum + thread.restarts, restarts),
      };
    },
    stop: async () => {
      answers.stop();
      await scaler.stop();
      const late = new AbortController();
      const request = { patienceMs: PATIENCE_MS, nodeLeaves: `${name}/` };
      await Promise.race([
        Promise.all(threads.map((thread) => thread.stop(request))),
        systemClock.sleep(DRAIN_MS_MAX - 5_000, late.signal),
      ]);
      late.abort();
      await trimmer.stop();
      await lossWatch.stop();
      await compactor.stop();
      await clickhouse.close();
      await cluster.close();
      await pool.destroy();
      await nc.close();
    },
  };
}
