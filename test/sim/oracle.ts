/**
 * What must hold, at any moment and at the end. Boundary: looks at owners and servers, changes nothing.
 */
import type { PartitionStatus } from '../../src/model/cluster.ts';
import { hourStartMs } from '../../src/model/hour.ts';
import { emptyLedger } from '../../src/model/ledger.ts';
import { missingMessages } from '../../src/model/ledger-points.ts';
import { decodeManifest, type Manifest } from '../../src/runtime/manifest.ts';
import { partitionOf } from './broker.ts';
import { LEDGER_PERIOD_MS, type Owner, PARTITIONS, type Servers } from './owner.ts';
import type { Expected, Workload } from './workload.ts';

const periodEnd = (receivedMs: number): number => (Math.floor(receivedMs / LEDGER_PERIOD_MS) + 1) * LEDGER_PERIOD_MS;

const RISING = ['watermarkMs', 'finalThroughMs', 'position', 'nextBlock'] as const;

export class Oracle {
  readonly #servers: Servers;
  readonly #report: (problem: string) => void;
  readonly #highest = new Map<string, number>();
  /** By partition: what was decoded last, and of which revision. */
  readonly #manifests = new Map<number, { readonly revision: number; readonly manifest: Manifest }>();

  constructor(servers: Servers, report: (problem: string) => void) {
    this.#servers = servers;
    this.#report = report;
  }

  /** Invariant 7: what is committed about time and position never falls, and no hour is final that is not closed. */
  time(): void {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const state = this.#manifest(partition)?.state;
      if (!state) continue;
      if (state.finalThroughMs > hourStartMs(state.closedHour))
        this.#report(`invariant 7: partition ${String(partition)} has final hours that it has not closed`);
      for (const what of RISING) {
        const key = `partition ${String(partition)} ${what}`;
        const before = this.#highest.get(key) ?? 0;
        if (state[what] < before)
          this.#report(`invariant 7: ${key} fell from ${String(before)} to ${String(state[what])}`);
        this.#highest.set(key, Math.max(before, state[what]));
      }
    }
  }

  /** A checkpoint of the past was put back: its times are of the past. */
  forgetTime(): void {
    this.#highest.clear();
  }

  /** Invariant 9: nobody answers for another's partition. */
  rivals(owners: readonly Owner[]): void {
    const answering = owners.flatMap(({ host, keeper }) => (keeper.isHeld ? host.owned() : []));
    if (new Set(answering).size < answering.length)
      this.#report(`invariant 9: answers come for partitions ${answering.join(', ')}`);
  }

  /**
   * Invariant 8: what memories say and what the table has of blocks that they do not hide is all that was counted.
   */
  answers(owners: readonly Owner[]): void {
    const replies = owners.map(({ host }) => host.openHours({ fromHour: 0, toHour: 1e6, limit: 1e6 }));
    const edges = new Map(replies.flatMap((reply) => reply.edges).map((edge) => [edge.partition, edge]));
    if (edges.size < PARTITIONS) return;
    const rows = replies.flatMap((reply) => reply.rows);
    let shown = rows.reduce((sum, row) => sum + row.count, 0);
    for (const { partition, block, count } of this.#servers.database.rows.values()) {
      const edge = edges.get(partition);
      if (edge !== undefined && block < edge.nextBlock && !edge.unconfirmed.includes(block)) shown += count;
    }
    const statuses = owners.flatMap(({ host, keeper }) => (keeper.isHeld ? host.status() : []));
    const isNewest = statuses.every(({ partition, epoch }) => this.#manifest(partition)?.epoch === epoch);
    const counted = statuses.reduce((sum, { totals }) => sum + totals.readingsCounted, 0);
    if (isNewest && shown !== counted)
      this.#report(`invariant 8: ${String(shown)} readings are shown, ${String(counted)} were counted`);
  }

  /** When everything has come to rest: every hour, every reject, every book. */
  end(statuses: readonly PartitionStatus[], workload: Workload): void {
    const found = this.#hours();
    for (const [key, want] of workload.hours) {
      const have = found.get(key);
      if (have === undefined) this.#report(`${key} is missing`);
      else if (have.count !== want.count || have.sum !== want.sum || have.min !== want.min || have.max !== want.max)
        this.#report(`${key} is ${JSON.stringify(have)}, must be ${JSON.stringify(want)}`);
    }
    for (const key of found.keys()) if (!workload.hours.has(key)) this.#report(`${key} was never published`);
    for (const key of workload.rejects)
      if (!this.#servers.rejected.found.has(key)) this.#report(`${key} is not in REJECTED`);
    this.#ledger(workload);
    this.#nothingMissing();
    for (const { partition, totals } of statuses) {
      const { messages, messagesUsed, messagesDuplicate, messagesRejected } = totals;
      const published = workload.messages[partition];
      if (messages !== published)
        this.#report(
          `invariant 14: partition ${String(partition)} took ${String(messages)} of ${String(published)} messages`,
        );
      if (messages !== messagesUsed + messagesDuplicate + messagesRejected)
        this.#report(`invariant 14: the messages of partition ${String(partition)} do not add up`);
    }
  }

  /**
   * Invariant 14: the entry of each period with messages but the last is in the table or on its way there, and says
   * what the stream says.
   */
  #ledger(workload: Workload): void {
    const { stream, database } = this.#servers;
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const own = stream.messages.filter(({ subject }) => partitionOf(subject) === partition);
      const ends = [...new Set(own.map(({ receivedMs }) => periodEnd(receivedMs)))].slice(0, -1);
      const waiting = this.#manifest(partition)?.state?.ledger ?? [];
      for (const [index, atMs] of ends.entries()) {
        const entry =
          database.ledger.get(`${String(partition)}|${String(atMs)}`) ?? waiting.find((one) => one.atMs === atMs);
        const counted = own.filter(({ receivedMs }) => receivedMs < atMs);
        const readings = counted.reduce((sum, { sequence }) => sum + (workload.readings[sequence - 1] ?? 0), 0);
        const want = [ends[index - 1] ?? 0, counted.at(-1)?.sequence, counted.length, counted.length, readings];
        const { messages, messagesUsed, messagesDuplicate, messagesRejected, readingsCounted } =
          entry?.totals ?? emptyLedger();
        const explained = messagesUsed + messagesDuplicate + messagesRejected;
        const have = [entry?.sinceMs, entry?.lastSequence, messages, explained, readingsCounted];
        if (have.join() !== want.join())
          this.#report(
            `invariant 14: partition ${String(partition)}, ledger at ${String(atMs)}: ${have.join()}, must be ${want.join()}`,
          );
      }
      for (const row of database.ledger.values())
        if (row.partition === partition && !ends.includes(row.atMs))
          this.#report(`invariant 14: partition ${String(partition)} has a ledger row at ${String(row.atMs)}`);
    }
  }

  /** Invariant 14: of the stream's sequences, each was taken by some partition. */
  #nothingMissing(): void {
    const books = Array.from({ length: PARTITIONS }, (_, partition) => {
      const state = this.#manifest(partition)?.state;
      return state ? [{ partition, ...state }] : [];
    });
    const missing = missingMessages(books.flat(), PARTITIONS);
    if (missing !== null && missing !== 0) this.#report(`invariant 14: ${String(missing)} messages are missing`);
  }

  #hours(): Map<string, Expected> {
    const hours = new Map<string, Expected>();
    for (const row of this.#servers.database.rows.values()) {
      const key = `${String(row.partition)}|${row.sensor}|${String(row.hour)}`;
      const known = hours.get(key) ?? { count: 0, sum: 0, min: Infinity, max: -Infinity };
      known.count += row.count;
      known.sum += row.sumHi + row.sumLo;
      known.min = Math.min(known.min, row.min);
      known.max = Math.max(known.max, row.max);
      hours.set(key, known);
    }
    return hours;
  }

  #manifest(partition: number): Manifest | null {
    const stored = this.#servers.bucket.values.get(`manifest.${String(partition)}`);
    if (stored === undefined) return null;
    const known = this.#manifests.get(partition);
    if (known?.revision === stored.revision) return known.manifest;
    const manifest = decodeManifest(stored.value);
    this.#manifests.set(partition, { revision: stored.revision, manifest });
    return manifest;
  }
}
