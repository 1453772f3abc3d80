/**
 * Taking partitions over: claim, load, and compare with stream and tables before anything is read on.
 *
 * Job: opened {@link PartitionRunner}s, and the partitions whose checkpoint, stream and tables do not belong together.
 * Boundary: reads nothing from the stream and inserts nothing; the host does, with what it gets.
 * Invariants: 3 (claimed by a swap), 10 (same stream, same tables; blocks of a lost commit are disowned, then deleted).
 */
import type { CellArena } from '../actors/cell-arena.ts';
import type { ActorOptions, Decode } from '../actors/partition-actor.ts';
import type { Clock } from '../model/clock.ts';
import { CheckpointCorrupt, explain, FenceLost, IncarnationMismatch } from '../model/errors.ts';
import { fewAtOnce } from '../model/few-at-once.ts';
import type { Log } from '../model/log.ts';
import { askHistory, missRanges } from './lost-messages.ts';
import { PartitionRunner } from './partition-runner.ts';
import type { CheckpointStore, HourlySink, RejectSink, StreamHistory } from './ports.ts';
import { assertSameHistory } from './stream-history.ts';

/** Partitions opened at once: each asks a few questions after the other, and waits for the answers more than it works. */
const AT_ONCE = 32;

export interface OpenerPorts {
  readonly store: CheckpointStore;
  readonly history: StreamHistory;
  readonly sink: HourlySink;
  readonly rejects: RejectSink;
  readonly clock: Clock;
  readonly decode: Decode;
  readonly log: Log;
  /** Asks the database until it answers. */
  readonly patiently: <T>(ask: () => Promise<T>) => Promise<T>;
}

export interface Opened {
  /** By partition. One that another owner has claimed meanwhile is neither here nor untrusted. */
  readonly runners: Map<number, PartitionRunner>;
  /** They stay out until somebody has done what the log says. */
  readonly untrusted: number[];
}

export async function openPartitions(
  partitions: readonly number[],
  ports: OpenerPorts,
  options: Omit<ActorOptions, 'partition'> & { readonly owner: string },
  arena: CellArena,
): Promise<Opened> {
  const opening = new Opening(ports);
  // Beside the loading, for it may take as long: rows of a commit that was lost were there before.
  const highest = opening.highestBlocks();
  // Its error counts when it is waited for.
  highest.catch(() => undefined);
  await fewAtOnce(partitions, AT_ONCE, (partition) => opening.load({ ...options, partition }, options.owner, arena));
  await opening.compareWithTables(await highest);
  return opening;
}

class Opening implements Opened {
  readonly runners = new Map<number, PartitionRunner>();
  readonly untrusted: number[] = [];
  readonly #ports: OpenerPorts;

  constructor(ports: OpenerPorts) {
    this.#ports = ports;
  }

  async load(options: ActorOptions, owner: string, arena: CellArena): Promise<void> {
    const { partition, incarnation, disorderMs, horizonMs, ledgerPeriodMs } = options;
    await this.#unlessReplaced(partition, async () => {
      const actor: ActorOptions = { partition, incarnation, disorderMs, horizonMs, ledgerPeriodMs };
      this.runners.set(partition, await PartitionRunner.open(this.#ports, actor, owner, arena));
    });
  }

  async highestBlocks(): Promise<ReadonlyMap<number, number>> {
    const { sink, patiently } = this.#ports;
    return await patiently(() => sink.highestBlocks());
  }

  /** Invariant 10: same stream, same tables? */
  async compareWithTables(highest: ReadonlyMap<number, number>): Promise<void> {
    await fewAtOnce([...this.runners.values()], AT_ONCE, async (runner) => {
      const found = highest.get(runner.partition) ?? 0;
      await this.#unlessReplaced(runner.partition, async () => {
        await askHistory(this.#ports, (history) => assertSameHistory(runner.loaded, history, found));
        await this.#dropLostBlocks(runner, found);
      });
    });
    await this.#lookForGaps();
  }

  /** Messages that were taken out of the middle of the stream while nobody read it. */
  async #lookForGaps(): Promise<void> {
    const runners = [...this.runners.values()];
    if (runners.length === 0) return;
    const from = Math.min(...runners.map(({ actor }) => actor.position));
    const gone = await askHistory(this.#ports, (history) => history.gone(from, Number.MAX_SAFE_INTEGER));
    for (const runner of runners) missRanges(runner, gone, runner.actor.position, this.#ports.log);
  }

  /** Blocks at or above a checkpoint's next number come from a commit that was lost; the stream has their readings. */
  async #dropLostBlocks(runner: PartitionRunner, highestBlock: number): Promise<void> {
    const { sink, log, patiently } = this.#ports;
    const { actor, partition } = runner;
    if (highestBlock >= actor.nextBlock) {
      log.warn(
        `partition ${String(partition)}: the tables hold block ${String(highestBlock)}, the checkpoint goes to ${String(actor.nextBlock - 1)}; deleting what was never committed`,
      );
      runner.disown(highestBlock);
      await runner.commit();
    }
    // Also those that an owner before this one had begun to delete.
    if (runner.lost.length === 0) return;
    for (const blocks of runner.lost) await patiently(() => sink.deleteBlocks(partition, blocks));
    runner.lostAreDeleted();
  }

  async #unlessReplaced(partition: number, action: () => Promise<void>): Promise<void> {
    const { log } = this.#ports;
    try {
      await action();
    } catch (error) {
      if (error instanceof FenceLost) {
        // One that was replaced has committed once more meanwhile: the keeper comes by again.
        log.warn(explain(error));
      } else if (error instanceof IncarnationMismatch || error instanceof CheckpointCorrupt) {
        log.error(`${explain(error)} The partition is stopped; the others go on.`);
        this.untrusted.push(partition);
      } else throw error;
      this.runners.get(partition)?.release();
      this.runners.delete(partition);
    }
  }
}
