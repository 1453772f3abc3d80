/**
 * The API behind doors, without a database: `/metrics` reads, `/v1/readings` publishes, `/v1/admin/pool` is for admins.
 *
 * Boundary: tests only.
 */
import { createClient } from '@clickhouse/client';
import type { ApiDeps } from '../../src/api/ports.ts';
import { OPEN_DOORS, type Doors } from '../../src/api/doors/doors.ts';
import { systemClock } from '../../src/model/clock.ts';
import { checkedApi, depsOf, World, type CheckedApi } from './api.ts';

export const READ = '/metrics';
export const ADMIN = '/v1/admin/pool';
export const INGEST = '/v1/readings/lisbon/alfama/air/gateway-7';

/** Nothing listens there: no test through these doors asks the database. */
const nowhere = createClient({ url: 'http://127.0.0.1:9' });

export function depsBehind(doors: Partial<Doors>): ApiDeps {
  const database = { client: nowhere, url: '' };
  return {
    ...depsOf(new World(), database),
    clock: systemClock,
    doors: { ...OPEN_DOORS, anonymous: new Set(), ...doors },
  };
}

export function behind(doors: Partial<Doors>): Promise<CheckedApi> {
  return checkedApi(depsBehind(doors));
}

/** A request with headers that can be added to. */
export interface PlainRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** A request that publishes one reading. */
export function publishing(headers: Record<string, string> = {}): PlainRequest {
  return {
    method: 'POST',
    headers: { 'Content-Type': 'application/senml+json', ...headers },
    body: '[{"n":"s/m","v":1}]',
  };
}
