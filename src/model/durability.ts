/**
 * What is kept when the power of a machine fails: facts of broker and database, in words and judged.
 *
 * Boundary: pure; the facts are read in runtime/durability.ts.
 */

export interface Durability {
  /** HOURGLASS_DURABILITY. */
  readonly profile: 'process' | 'power';
  /** Seconds between two syncs of the broker; 0: before every acknowledgement; null: not known. */
  readonly brokerSyncS: number | null;
  /** Copies of each message; null: not known. */
  readonly streamReplicas: number | null;
  /** True where every table syncs an insert before it is answered; null: not known. */
  readonly databaseSyncs: boolean | null;
  /** Copies of each row; null: not known. */
  readonly databaseReplicas: number | null;
  /** Copies that an insert waits for; 0: one. */
  readonly insertQuorum: number | null;
}

/** What breaks the promise of the profile, each with what to do. Empty: nothing that is known. */
export function brokenPromises({ profile, brokerSyncS, databaseSyncs }: Durability): string[] {
  if (profile !== 'power') return [];
  const problems: string[] = [];
  if (brokerSyncS !== null && brokerSyncS > 0)
    problems.push(
      `HOURGLASS_DURABILITY=power, but the broker syncs every ${String(brokerSyncS)} s only. Set sync_interval: always in its jetstream block.`,
    );
  if (databaseSyncs === false)
    problems.push(
      'HOURGLASS_DURABILITY=power, but the tables do not sync inserts (fsync_after_insert). Run `hourglass migrate` with it.',
    );
  return problems;
}

export function describeDurability(facts: Durability): string {
  const { profile, brokerSyncS, streamReplicas, databaseSyncs, databaseReplicas, insertQuorum } = facts;
  const broker =
    brokerSyncS === null
      ? 'the broker’s sync_interval is not known (HOURGLASS_NATS_MONITOR_URL)'
      : brokerSyncS === 0
        ? 'the broker syncs before it acknowledges'
        : `the broker syncs every ${String(brokerSyncS)} s`;
  const database =
    databaseSyncs === null
      ? 'the tables’ settings are not known'
      : databaseSyncs
        ? 'the database syncs each insert'
        : 'the database leaves syncing to the system';
  const copies = (count: number | null, what: string): string[] =>
    count === null ? [] : [`${String(count)} ${count === 1 ? 'copy' : 'copies'} of each ${what}`];
  const quorum = (insertQuorum ?? 0) > 1 ? [`inserts wait for ${String(insertQuorum)} copies`] : [];
  return [
    `profile ${profile}`,
    broker,
    ...copies(streamReplicas, 'message'),
    database,
    ...copies(databaseReplicas, 'row'),
    ...quorum,
  ].join('; ');
}
