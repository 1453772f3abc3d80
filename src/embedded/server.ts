/** What the supervisor needs to know of a server; nats-server.ts and clickhouse-server.ts say it. */

/** One run of a server: from its launch until nothing of it is left. */
export interface ServerRun {
  /** Process id of the server itself; null before it is known and after it has ended. */
  pid(): number | null;
  /** Resolves, never rejects, when nothing of it runs any more: how it ended, in words. */
  readonly ended: Promise<string>;
  askToEnd(): void;
  kill(): void;
  /** The last lines in which it complained; none where it did not. */
  lastWords(): string[];
  /** Why it should be started anew though it answers; null: it should not. */
  ailment(): string | null;
}

export interface Server {
  readonly name: string;
  readonly logFile: string;
  /** May throw (disk full, no more processes). */
  launch(): ServerRun;
  /** Does it serve? Answers within the time of a health check, never rejects. */
  answers(): Promise<boolean>;
}
