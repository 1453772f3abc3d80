/**
 * What every campaign breaks: a private instance with several worker nodes behind proxies, under load, watched.
 *
 * Boundary: tests only. The instance and the exact answer are the drill's (src/drill); the proxies are ours.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import { type CityShape, DrillCity } from '../../src/drill/city.ts';
import { judge, type Verdict } from '../../src/drill/exact-comparison.ts';
import type { GuardedProcess } from '../../src/drill/guarded-process.ts';
import { Instance } from '../../src/drill/instance.ts';
import { Load } from '../../src/drill/load.ts';
import { isOf, StatusWatch } from '../../src/drill/status-watch.ts';
import { systemClock } from '../../src/model/clock.ts';
import type { Log } from '../../src/model/log.ts';
import { Random } from '../../src/model/random.ts';
import { connectNats } from '../../src/runtime/connections.ts';
import { until } from '../support/until.ts';
import { TcpProxy } from './tcp-proxy.ts';

export interface ArenaOptions {
  readonly seed: number;
  /** The built entry of the program. */
  readonly program: string;
  /** Worker nodes that live at a time. */
  readonly nodes?: number;
  /** Messages a second; null: as fast as they are acknowledged. */
  readonly perSecond?: number | null;
  readonly shape?: Partial<CityShape>;
  /** A broker that is there already; absent: one is started. Its nodes then have no proxy before it. */
  readonly natsUrl?: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** Options of Node for every worker node. */
  readonly nodeArgs?: readonly string[];
}

export interface ArenaNode {
  readonly process: GuardedProcess;
  readonly pid: number;
  /** Between the node and the database. */
  readonly database: TcpProxy;
  /** Between the node and the broker; null where the broker is a cluster, whose addresses the client learns. */
  readonly broker: TcpProxy | null;
}

/** Enough sources that every partition hears something several times a second. */
const SHAPE: CityShape = { sources: 640, readings: 4, lateShare: 0.3, months: 4, badShare: 0.005 };
const PER_SECOND = 1_000;
const NODES = 4;
const SHARE_MS_MAX = 120_000;
const FLOW_MS_MAX = 120_000;

export class Arena {
  readonly folder: string;
  readonly instance: Instance;
  readonly nc: NatsConnection;
  readonly city: DrillCity;
  readonly load: Load;
  readonly watch: StatusWatch;
  readonly random: Random;
  readonly nodes: ArenaNode[] = [];
  /** For what is expected to complain: it says nothing. */
  readonly log: Log = quiet;
  readonly #options: ArenaOptions;
  readonly partitions: number;

  private constructor(folder: string, options: ArenaOptions, instance: Instance, nc: NatsConnection) {
    const { seed, perSecond = PER_SECOND, shape, settings } = options;
    this.folder = folder;
    this.#options = options;
    this.instance = instance;
    this.nc = nc;
    this.random = new Random(seed);
    this.partitions = Number(settings?.['HOURGLASS_PARTITIONS'] ?? 64);
    this.city = new DrillCity(seed, { ...SHAPE, ...shape }, systemClock.nowMs());
    const ports = { clock: systemClock, log: quiet };
    this.load = new Load(nc, this.city, ports, { perSecond, session: randomUUID() });
    this.watch = new StatusWatch(nc, systemClock);
  }

  /** Resolves when the nodes share the partitions and readings flow. When it rejects, nothing runs. */
  static async start(options: ArenaOptions): Promise<Arena> {
    const { program, natsUrl, settings, nodes = NODES } = options;
    const folder = await mkdtemp(join(tmpdir(), 'hourglass-chaos-'));
    const instance = await Instance.start({
      program,
      folder,
      env: process.env,
      clock: systemClock,
      log: quiet,
      ...(natsUrl === undefined ? {} : { natsUrl }),
      ...(settings === undefined ? {} : { settings }),
    });
    const nc = await connectNats(instance.natsUrl, 'chaos');
    const arena = new Arena(folder, options, instance, nc);
    try {
      await Promise.all(Array.from({ length: nodes }, () => arena.addNode()));
      await arena.untilShared();
      arena.load.resume();
      await arena.untilFlowing([...arena.watch.seen.keys()], 0);
      return arena;
    } catch (error) {
      await arena.stop({ keepFolder: true });
      throw error;
    }
  }

  async addNode(workers = 1): Promise<ArenaNode> {
    const { natsUrl, nodeArgs } = this.#options;
    const database = await TcpProxy.to(this.instance.clickhouseUrl);
    const broker = natsUrl === undefined ? await TcpProxy.to(this.instance.natsUrl) : null;
    const child = this.instance.startNode({
      workers,
      clickhouseUrl: `http://127.0.0.1:${String(database.port)}`,
      ...(broker === null ? {} : { natsUrl: `nats://127.0.0.1:${String(broker.port)}` }),
      ...(nodeArgs === undefined ? {} : { nodeArgs }),
    });
    const node: ArenaNode = { process: child, pid: await child.pid(), database, broker };
    this.nodes.push(node);
    return node;
  }

  /** After its process has ended: its proxies go too. */
  async removeNode(node: ArenaNode): Promise<void> {
    const at = this.nodes.indexOf(node);
    if (at >= 0) this.nodes.splice(at, 1);
    await Promise.all([node.database.close(), node.broker?.close()]);
  }

  /** A node that owns partitions, by chance. */
  async anyNode(): Promise<ArenaNode> {
    const owners = (): ArenaNode[] => this.nodes.filter(({ pid }) => this.watch.ownedBy(pid).length > 0);
    await until('a node owns partitions', FLOW_MS_MAX, () => owners().length > 0);
    return this.random.pick(owners());
  }

  /** Every node has its share, and no partition another owner. */
  async untilShared(): Promise<void> {
    await until('the nodes share the partitions', SHARE_MS_MAX, () => {
      for (const node of this.nodes) {
        if (node.process.end !== null) throw new Error(`a node ended: ${node.process.end}\n${node.process.output()}`);
      }
      const shares = this.nodes.map(({ pid }) => this.watch.ownedBy(pid).length);
      const owned = shares.reduce((sum, share) => sum + share, 0);
      return owned === this.partitions && Math.max(...shares) - Math.min(...shares) <= 1;
    });
  }

  /** Messages taken so far, by partition. */
  counts(): Map<number, number> {
    return new Map([...this.watch.seen].map(([partition, { messages }]) => [partition, messages]));
  }

  /**
   * Resolves when each of the partitions has taken a message beyond `counts`, and not by the process `gone`.
   * @returns ms since `sinceMs` of the monotonic clock.
   */
  async untilFlowing(
    partitions: readonly number[],
    gone: number,
    counts: ReadonlyMap<number, number> = this.counts(),
    sinceMs: number = performance.now(),
  ): Promise<number> {
    const isFlowing = (partition: number): boolean => {
      const seen = this.watch.seen.get(partition);
      return seen !== undefined && !isOf(seen.owner, gone) && seen.messages > (counts.get(partition) ?? 0);
    };
    await until('readings flow again', FLOW_MS_MAX, () => {
      this.load.assertWell();
      return partitions.every(isFlowing);
    });
    const lastMs = Math.max(...partitions.map((partition) => this.watch.seen.get(partition)?.grewMs ?? 0));
    return Math.max(0, Math.min(performance.now(), lastMs) - sinceMs);
  }

  /** Pauses the load, waits until all is counted and written, compares, and goes on. */
  async check({ goOn = true } = {}): Promise<Verdict> {
    await this.load.pause();
    const { instance, nc } = this;
    const verdict = await judge({ instance, nc, answer: this.city.answer, clock: systemClock });
    if (goOn) {
      this.load.resume();
      this.watch.restartPauses();
    }
    return verdict;
  }

  async stop({ keepFolder = false } = {}): Promise<void> {
    await this.load.pause().catch(() => undefined);
    await this.watch.stop();
    await this.nc.close();
    await this.instance.stop();
    await Promise.all([...this.nodes].map((node) => this.removeNode(node)));
    if (!keepFolder) await rm(this.folder, { recursive: true, force: true });
  }
}

const quiet: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
