/** Durability as `/readyz` says it. Boundary: the schema and the names of {@link Durability}'s facts. */
import { z } from '@hono/zod-openapi';
import { brokenPromises, type Durability } from '../model/durability.ts';

export const durabilitySchema = z
  .object({
    profile: z.enum(['process', 'power']),
    broker_sync_seconds: z
      .number()
      .nullable()
      .openapi({ description: 'Between two syncs; 0: before every acknowledgement; null: not known.' }),
    stream_replicas: z.int().nullable(),
    database_fsync: z.boolean().nullable().openapi({ description: 'Every insert is synced before it is answered.' }),
    database_replicas: z.int().nullable(),
    insert_quorum: z.int().nullable(),
    problems: z.array(z.string()).openapi({ description: 'What breaks the promise of the profile.' }),
  })
  .openapi('Durability');

export function toDurability(facts: Durability): z.infer<typeof durabilitySchema> {
  return {
    profile: facts.profile,
    broker_sync_seconds: facts.brokerSyncS,
    stream_replicas: facts.streamReplicas,
    database_fsync: facts.databaseSyncs,
    database_replicas: facts.databaseReplicas,
    insert_quorum: facts.insertQuorum,
    problems: brokenPromises(facts),
  };
}
