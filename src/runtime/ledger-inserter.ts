/**
 * Entries of the ledger on their way to ClickHouse.
 *
 * Job: now and then one INSERT with all committed entries that the table may not have; what fails is part of the next.
 * Boundary: the entries are in committed checkpoints, and stay there until the table has them (invariant 14): an entry of
 * a lost commit is never sent, and one whose answer is lost is sent again as the same row.
 */
import type { Clock } from '../model/clock.ts';
import { explain } from '../model/errors.ts';
import type { LedgerEntry } from '../model/ledger.ts';
import { LEDGER_INSERT_INTERVAL_MS } from '../model/limits.ts';
import type { Log } from '../model/log.ts';
import type { PartitionRunner } from './partition-runner.ts';
import type { HourlySink } from './ports.ts';

export class LedgerInserter {
  readonly #sink: HourlySink;
  readonly #clock: Clock;
  readonly #log: Log;
  #isInserting = false;
  #isFailing = false;
  #lastMs = -Infinity;

  constructor(sink: HourlySink, clock: Clock, log: Log) {
    this.#sink = sink;
    this.#clock = clock;
    this.#log = log;
  }

  /** Inserts what waits, where it is time. */
  look(runners: Iterable<PartitionRunner>): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#isInserting || nowMs - this.#lastMs < LEDGER_INSERT_INTERVAL_MS) return;
    this.#lastMs = nowMs;
    const waiting = [...runners]
      .map((runner) => ({ runner, entries: runner.entriesToStore() }))
      .filter(({ entries }) => entries.length > 0);
    if (waiting.length > 0) void this.#insert(waiting);
  }

  async #insert(waiting: readonly { runner: PartitionRunner; entries: readonly LedgerEntry[] }[]): Promise<void> {
    this.#isInserting = true;
    try {
      await this.#sink.insertLedger(
        waiting.flatMap(({ runner: { partition }, entries }) => entries.map((entry) => ({ partition, ...entry }))),
      );
      for (const { runner, entries } of waiting) runner.actor.entriesStored(entries.at(-1)!.atMs);
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#log.warn(`ClickHouse does not take the ledger, trying again: ${explain(error)}`);
      this.#isFailing = true;
    } finally {
      this.#isInserting = false;
    }
  }
}
