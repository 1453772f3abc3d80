/** Where a page of sensors' hours ends: the cursor of `/v1/hourly`, of GraphQL and of SensorThings' Observations. Boundary: its name and its key. */
import { z } from '@hono/zod-openapi';
import { TABLE_HOURS_MAX } from '../model/limits.ts';

const text = z.string();

/** city, district, kind, metric, sensor, hour index. */
export const HOUR_CURSOR = {
  name: 'hourly',
  key: z.tuple([text, text, text, text, text, z.int().min(0).max(TABLE_HOURS_MAX)]),
} as const;
