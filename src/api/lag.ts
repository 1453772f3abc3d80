/** How far behind the workers are, as the API says it. Boundary: the schema and the names of {@link Lag}'s figures. */
import { z } from '@hono/zod-openapi';
import type { Lag } from '../model/lag.ts';

export const lagSchema = z
  .object({
    partitions: z.int().openapi({ description: 'Whose owner has answered; the others’ figures are not in these.' }),
    backlog_messages: z.int().openapi({ description: 'Messages that wait in the stream.' }),
    outbox_blocks: z.int().openapi({ description: 'Blocks that wait for the database.' }),
    outbox_bytes: z.int(),
    oldest_block_age_seconds: z.number().openapi({ description: '0: none waits.' }),
    watermark_age_seconds: z
      .number()
      .nullable()
      .openapi({ description: 'Of the partition that is furthest behind; null before the first reading.' }),
    threads_held_back: z
      .int()
      .openapi({ description: 'Worker threads that read no further because the database is behind.' }),
  })
  .openapi('Lag');

export function toLag(lag: Lag): z.infer<typeof lagSchema> {
  return {
    partitions: lag.partitions,
    backlog_messages: lag.backlogMessages,
    outbox_blocks: lag.outboxBlocks,
    outbox_bytes: lag.outboxBytes,
    oldest_block_age_seconds: lag.oldestBlockAgeS,
    watermark_age_seconds: lag.watermarkAgeS,
    threads_held_back: lag.threadsHeldBack,
  };
}
