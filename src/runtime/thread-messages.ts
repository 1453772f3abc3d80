/** What the main thread and a host's thread say to each other. Control messages only: no reading crosses a thread. */
import type { MessagePort } from 'node:worker_threads';
import type { LedgerTotals } from '../model/ledger.ts';
import type { HostOptions } from './host.ts';
import type { MemoryBudget } from './memory-budget.ts';

/** The task of one host thread. */
export interface HostTask {
  readonly port: MessagePort;
  readonly natsUrl: string;
  readonly clickhouseUrl: string;
  readonly partitionsOfStream: number;
  /** {@link InHand.shared}: read by the supervisor where the thread fails. */
  readonly inHand: SharedArrayBuffer;
  readonly host: HostOptions;
  readonly budget: MemoryBudget;
  /** How often the thread was started anew before this run. */
  readonly restarts: number;
}

/** To the thread. */
export interface StopRequest {
  readonly type: 'stop';
  /** How long to wait for the database where nobody takes over. */
  readonly patienceMs: number;
  /** The other threads of the node (`<node>/`) are stopped too: they take nothing over. Null where they stay. */
  readonly nodeLeaves: string | null;
}

/** To the thread: what it may hold from now on. */
export interface BudgetNotice {
  readonly type: 'budget';
  readonly budget: MemoryBudget;
}

/** To the thread: it may join the others and take its share of the partitions. */
export interface JoinRequest {
  readonly type: 'join';
}

export type ThreadRequest = StopRequest | BudgetNotice | JoinRequest;

/** From the thread. */
export type ThreadReport =
  /** It has its connections and waits for {@link JoinRequest}. */
  | { readonly type: 'ready' }
  | { readonly type: 'started' }
  | { readonly type: 'log'; readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly text: string }
  | { readonly type: 'stats'; readonly stats: HostStats };

/** A thread's figures since it started its host; the ledger's are since the incarnation began. */
export interface HostStats {
  readonly owner: string;
  readonly totals: LedgerTotals;
  readonly partitions: number;
  /** Messages of the stream that it has still to come past. */
  readonly backlog: number;
  /** x. */
  readonly taken: number;
  /** Share of the time since the last report in which the thread was at work, 0 to 1. */
  readonly busyShare: number;
  /** True while the pull is held because the database is behind. */
  readonly isHeldBack: boolean;
  readonly outboxBlocks: number;
  readonly outboxBytes: number;
  readonly series: number;
  readonly openReadings: number;
  /** Resident bytes of typed arrays and heap of this thread. */
  readonly heapBytes: number;
  readonly arrayBufferBytes: number;
}
