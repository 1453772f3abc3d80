/**
 * What the worker threads tell the API about open hours while somebody looks at them, over NATS.
 *
 * Boundary: subjects and message shapes (MessagePack maps, as in model/cluster.ts). No connection, no behaviour.
 * Interest comes first: an API says every second which cities it is asked about ({@link LiveInterest}); worker threads
 * that have heard nobody for LIVE_LEASE_MS do nothing. A thread adds up all its partitions and tells, once a second,
 * the rows of a city that have changed, as whole figures and not as differences ({@link LiveUpdate}).
 * Invariant 8: a thread's figures hold, of each of its partitions, everything that the partition has counted but what
 * stands in the table's blocks outside {@link PartitionEdge}; these edges stay as they are for a whole session, so the
 * table is read once a session. Messages may be lost: they are numbered, and whoever misses one asks for all rows.
 */
import type { PartitionEdge } from './cluster.ts';

export const LIVE_INTEREST_SUBJECT = 'hourglass.live.interest';

/** Where the threads' figures of a city are published. */
export function liveSubject(city: string): string {
  return `hourglass.live.city.${city}`;
}

/** From an API to all worker threads, every second while it has clients. */
export interface LiveInterest {
  /** Who asks: one name a running API. */
  api: string;
  /** Hours below this index are of no interest. */
  fromHour: number;
  cities: string[];
  /** Cities of which all rows are wanted with the next update: a new client's, or a message was missed. */
  whole: string[];
}

/** The part of the table that a thread's figures do not hold, and which claim of the partition they belong to. */
export interface LiveEdge extends PartitionEdge {
  /** Where two threads tell of one partition, the one with the higher epoch is its owner. */
  epoch: number;
}

/** One hour of a city's (district, kind, metric), as far as one thread knows it. */
export interface LiveRow {
  district: string;
  kind: string;
  metric: string;
  /** Hour index. */
  hour: number;
  count: number;
  /** Double-double sum. */
  sumHi: number;
  sumLo: number;
  min: number;
  max: number;
}

/** From a worker thread to everybody who looks at a city; one or more messages a second. */
export interface LiveUpdate {
  /** `<node>/<thread>`. */
  owner: string;
  /** New whenever the edges are others. */
  session: string;
  /** Counts the messages of a session and city; a gap is a lost message. */
  sequence: number;
  /** Begins an account of all rows: what was known of the thread is forgotten. Null: more rows, or newer ones. */
  edges: LiveEdge[] | null;
  rows: LiveRow[];
  /** The rows of one moment are complete with this message. */
  isLast: boolean;
}

/** The two directions as an API uses them. */
export interface LiveSource {
  /** Calls `take` with each update of a city, until the function it returns is called. */
  listen(city: string, take: (update: LiveUpdate) => void): () => void;
  ask(interest: LiveInterest): void;
}
