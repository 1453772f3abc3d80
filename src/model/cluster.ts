/**
 * What the API, the command line and the worker nodes say to each other over NATS request/reply.
 *
 * Boundary: subjects and message shapes (MessagePack maps, msgpackr without records). No connection, no behaviour.
 * Invariant 8: an answer about open hours lists, per partition, what is in memory and not yet certain to be in the
 * table; the asker asks first, reads the table second, and leaves out of the table's rows what the answer holds.
 * Every request is a broadcast: each worker thread answers for the partitions it owns; the asker has all answers
 * when every partition of the stream is covered.
 */
import type { LedgerTotals } from './ledger.ts';

export const OPEN_HOURS_SUBJECT = 'hourglass.open-hours';
export const STATUS_SUBJECT = 'hourglass.status';
export const FLUSH_SUBJECT = 'hourglass.flush';
/** Answered by every worker node, not by its threads. */
export const POOL_SUBJECT = 'hourglass.pool';

/** A series' key, in the order of the table and of every page. */
export interface SeriesKey {
  city: string;
  district: string;
  kind: string;
  metric: string;
  sensor: string;
}

/** Question on {@link OPEN_HOURS_SUBJECT}. An absent filter means all. */
export interface OpenHoursRequest {
  city?: string;
  district?: string;
  kind?: string;
  metric?: string;
  sensor?: string;
  /** Only these series. */
  series?: readonly SeriesKey[];
  /** Hour index, inclusive. */
  fromHour: number;
  /** Hour index, exclusive. */
  toHour: number;
  /** Only rows whose (key, hour) comes after this, compared by UTF-8 bytes field by field in the order of {@link SeriesKey}, then hour. */
  after?: SeriesKey & { hour: number };
  /** Rows wanted at most, the smallest keys first. */
  limit: number;
}

/** One series' hour as one partition's memory knows it: its open window and its sealed, unconfirmed rows added up. */
export interface OpenRow extends SeriesKey {
  hour: number;
  count: number;
  /** Double-double sum. */
  sumHi: number;
  sumLo: number;
  min: number;
  max: number;
  /** Unconfirmed blocks sealed after the hour was closed: adds to `revision`. */
  revisions: number;
}

/** Where a partition's memory ends and the table begins. */
export interface PartitionEdge {
  partition: number;
  /** Rows of the table with this block number or above are not to be read. */
  nextBlock: number;
  /** Nor are rows of these blocks: they are in the answer's rows. */
  unconfirmed: number[];
}

/** Answer on {@link OPEN_HOURS_SUBJECT}: one or more messages a worker thread; the edges stand in the last. */
export interface OpenHoursReply {
  rows: OpenRow[];
  /** Empty in all but a thread's last message. */
  edges: PartitionEdge[];
}

/** Answer on {@link STATUS_SUBJECT}: one message a worker thread. */
export interface StatusReply {
  partitions: PartitionStatus[];
}

export interface PartitionStatus {
  partition: number;
  /** `<node>/<thread>`. */
  owner: string;
  epoch: number;
  /** Next stream sequence to read. */
  position: number;
  /** Messages that the thread has still to come past, of all partitions; the same for each of its own. 0 when caught up. */
  backlog: number;
  /** ms since 1970; 0 before the first. */
  watermarkMs: number;
  /** Hours that end at or before this are sealed, committed and confirmed by this partition. */
  finalThroughMs: number;
  /** Wall clock of the last commit, ms since 1970. */
  lastCheckpointMs: number;
  outboxBlocks: number;
  outboxBytes: number;
  /** Since when the oldest block waits for the database, ms since 1970; 0 where none does. */
  oldestBlockMs: number;
  /** True while the owner's thread reads no further because the database is behind. */
  isHeldBack: boolean;
  /** How often the owner's thread was started anew. */
  restarts: number;
  series: number;
  openReadings: number;
  nextBlock: number;
  totals: LedgerTotals;
}

/** Question on {@link FLUSH_SUBJECT}; repeated with the same reply subject until every partition is answered for. */
export interface FlushRequest {
  /** Absent: all. */
  partitions?: readonly number[];
}

/** Answer on {@link FLUSH_SUBJECT}, when the rows can be read: one message a worker thread. */
export interface FlushReply {
  /** Those whose rows can be read; one that changed hands meanwhile is not among them. */
  partitions: number[];
  rows: number;
  error?: string;
}

/** How many worker threads a node that follows the load may have, both inclusive. */
export interface PoolBounds {
  min: number;
  max: number;
}

/** Question on {@link POOL_SUBJECT}. */
export interface PoolRequest {
  /** Only this node answers; absent: all. */
  node?: string;
  /** The node is to have so many worker threads, and no longer follows the load. Without this and `auto` it only tells. */
  workers?: number;
  /** The node's threads follow the load from now on. */
  auto?: PoolBounds;
}

/** Answer on {@link POOL_SUBJECT}: one message a node, when threads that had to go have handed over. */
export interface PoolReply {
  node: string;
  /** Worker threads. */
  workers: number;
  /** Null where they were set by hand. */
  auto: PoolBounds | null;
}

/** What the API knows of the cluster without asking: fed by a watch on the manifests. */
export interface ClusterView {
  /** Partitions of the stream. */
  readonly partitions: number;
  /** Creation of the stream, seconds since 1970: block numbers of other incarnations have nothing to do with its own. */
  readonly incarnation: number;
  /** Hours that end at or before this (ms since 1970) are final: the least of all partitions; 0 while one is unknown. */
  finalThroughMs(): number;
  /** The least committed watermark of all partitions, ms since 1970; 0 while one is unknown. */
  watermarkMs(): number;
}

/** Questions to the workers. Each rejects with `WorkersUnavailable` where a partition does not answer in time. */
export interface WorkerQueries {
  openHours(request: OpenHoursRequest): Promise<{ rows: OpenRow[]; edges: PartitionEdge[] }>;
  /** Never rejects for a missing answer: partitions without an owner are simply not in the list. */
  status(): Promise<PartitionStatus[]>;
  flush(): Promise<{ rows: number }>;
  /** Worker nodes and their threads; with `workers` or `auto`, after they have as many. Nodes that do not answer are not in the list. */
  pool(request: PoolRequest): Promise<PoolReply[]>;
}
