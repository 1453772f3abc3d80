/** Columns and paths of rollups, as they stand in questions and answers. Boundary: schemas. */
import { z } from '@hono/zod-openapi';

export const figures = {
  count: z.int(),
  sum: z.number().nullable().openapi({ description: 'null: it overflowed.' }),
  min: z.number(),
  max: z.number(),
  mean: z.number().nullable(),
  sensors: z.int().openapi({ description: 'Distinct sensors; one name in two districts is two.' }),
  status: z.enum(['final', 'provisional']).openapi({ description: 'final when its last hour is.' }),
  revision: z.int().openapi({ description: 'Blocks of late readings that corrected it.' }),
  coverage: z.number().nullable().openapi({
    minimum: 0,
    maximum: 1,
    description:
      'Sensors with readings of the sensors known, over the hours that are over; a sensor stays known for seven days after its last reading. null: no hour is over.',
  }),
};

export const place = {
  districts: { city: z.string(), district: z.string() },
  cities: { city: z.string() },
};

/** What a path of rollups names. */
export interface PathOf {
  readonly city: string;
  readonly district?: string;
  readonly metric: string;
}

export const hour = z.string().openapi({ format: 'date-time', example: '2026-11-23T14:00:00Z' });
