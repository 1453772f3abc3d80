/**
 * What the API is handed: database, cluster, workers, broker, decoder, clock.
 *
 * Boundary: types only. The composition root makes them; tests bring a real database and stand in for the workers.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import type { Clock } from '../model/clock.ts';
import type { ClusterView, WorkerQueries } from '../model/cluster.ts';
import type { PartitionBooks } from '../model/ledger.ts';
import type { Durability } from '../model/durability.ts';
import type { Lag } from '../model/lag.ts';
import type { Decoded } from '../model/reading.ts';
import type { AnswerOutcome } from './answers/answer-cache.ts';
import type { Doors } from './doors/doors.ts';
import type {
  CityEntry,
  DistrictEntry,
  MetricEntry,
  Registered,
  RegistryEntry,
  RegistryKey,
  SensorEntry,
  SensorName,
} from '../model/registry.ts';
import type { LiveHub } from './live/hub.ts';

/**
 * Decodes one message.
 *
 * @param contentType the header as it came; undefined: sniff.
 * @param channel the subject: a decoder may expect the shape of the last message there.
 * @param receivedMs what relative times are relative to.
 */
export type Decoder = (
  payload: Uint8Array,
  contentType: string | undefined,
  channel: string,
  source: string,
  receivedMs: number,
) => Decoded;

/** Publishes and waits for JetStream's acknowledgement. Rejects where the broker refuses or does not answer. */
export type Publish = (
  subject: string,
  payload: Uint8Array,
  headers: Readonly<Record<string, string>>,
) => Promise<{ sequence: number; duplicate: boolean }>;

export interface HealthChecks {
  broker(): Promise<boolean>;
  database(): Promise<boolean>;
  /** Partitions with an owner that answers. */
  partitionsOwned(): Promise<number>;
  /** True where the stream refuses publishers because it is full (invariant 12). */
  streamFull?(): Promise<boolean>;
  /** What broker and database do before they promise that something is kept. */
  durability?(): Promise<Durability>;
  /** How far behind the workers are. */
  lag?(): Promise<Lag>;
}

/** What the registry knows, answered from memory; lists are in the order of names (UTF-8 bytes). */
export interface RegistryReader {
  find(key: RegistryKey): Registered | null;
  city(city: string): Registered<CityEntry> | null;
  cities(): Registered<CityEntry>[];
  district(city: string, district: string): Registered<DistrictEntry> | null;
  districts(city: string): Registered<DistrictEntry>[];
  sensor(name: SensorName): Registered<SensorEntry> | null;
  /** At most `limit` sensors that come after the one given. */
  sensors(filter: Partial<SensorName>, after: SensorName | null, limit: number): Registered<SensorEntry>[];
  metric(metric: string): Registered<MetricEntry> | null;
  metrics(): Registered<MetricEntry>[];
}

/** Every call rejects with `EnvironmentError` where the broker does not answer; what was written is read at once. */
export interface Registry extends RegistryReader {
  /**
   * @param expected undefined: whatever is there; null: nothing may be there; a number: what is there has this revision.
   * @returns the new revision. Rejects with `RegistryConflict` where it is not as expected.
   */
  write(entry: RegistryEntry, expected?: number | null): Promise<number>;
  /** Writes all, whatever is there. Not as one: where the broker fails, some are written. */
  writeAll(entries: readonly RegistryEntry[]): Promise<void>;
  /** Rejects with `RegistryConflict` where the entry has another revision by now. */
  erase(key: RegistryKey, expected: number): Promise<void>;
}

/** A file of the dashboard, whole, as it is and as it was compressed when it was built. */
export interface DashboardFile {
  /** Its media type. */
  readonly type: string;
  /** Of its content. */
  readonly hash: string;
  readonly bodies: {
    readonly identity: Uint8Array<ArrayBuffer>;
    readonly br?: Uint8Array<ArrayBuffer>;
    readonly gzip?: Uint8Array<ArrayBuffer>;
  };
}
/** Files by path: `index.html`, `assets/...`. */
export type Dashboard = ReadonlyMap<string, DashboardFile>;

export interface ApiDeps {
  readonly clickhouse: ClickHouseClient;
  readonly cluster: ClusterView;
  readonly workers: WorkerQueries;
  /** The committed books of every partition that has a checkpoint, by partition. */
  readonly books: () => readonly PartitionBooks[];
  readonly registry: Registry;
  readonly live: LiveHub;
  readonly publish: Publish;
  readonly decoder: Decoder;
  readonly health: HealthChecks;
  /** Prometheus text. */
  readonly metrics: () => Promise<string>;
  readonly clock: Clock;
  /** Readings older than this before their receipt are `too-old`; 0: no horizon. */
  readonly horizonMs: number;
  /** The page of GraphiQL, with all that it loads; absent: there is none. */
  readonly renderGraphiql?: (options: object) => string | Promise<string>;
  /** Absent: there is no dashboard, and `/` is a 404. */
  readonly dashboard?: Dashboard;
  /** Told of what the caller is not: errors that are answered with 500 (`where` ends in its reference) or break a stream. */
  readonly onError?: (error: unknown, where: string) => void;
  /** Told of every request when its answer begins; `route` is the pattern, empty where there is none. */
  readonly onRequest?: (method: string, route: string, status: number, seconds: number) => void;
  /** Who may come in; absent: everybody, with every right. */
  readonly doors?: Doors;
  /** Changes when rows of final hours may have changed; absent: no answer is kept. */
  readonly dataVersion?: () => number;
  /** True where no rows are on their way to the tables; absent: some always may be. */
  readonly tablesAreSettled?: () => boolean;
  /** Told where an answer about hours came from. */
  readonly onAnswer?: (outcome: AnswerOutcome) => void;
}
