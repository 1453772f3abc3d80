/**
 * The API over a real database, with the workers' side played by the test (it is the other party of the port).
 *
 * Boundary: tests only. Every answer is held against /openapi.json before a test sees it.
 */
import { z, type OpenAPIHono } from '@hono/zod-openapi';
import { createApp } from '../../src/api/app.ts';
import { LiveHub } from '../../src/api/live/hub.ts';
import { readFinalHours, readLiveBase } from '../../src/api/queries/live.ts';
import type { ApiDeps } from '../../src/api/ports.ts';
import { systemClock } from '../../src/model/clock.ts';
import type {
  OpenHoursRequest,
  OpenRow,
  PartitionEdge,
  PartitionStatus,
  PoolReply,
  PoolRequest,
} from '../../src/model/cluster.ts';
import type { PartitionBooks } from '../../src/model/ledger.ts';
import type { LiveSource } from '../../src/model/live.ts';
import { compareRows } from '../../src/model/series-order.ts';
import { Decoder } from '../../src/runtime/decode/decoder.ts';
import { MemoryRegistry } from './memory-registry.ts';
import { INCARNATION, type TestDatabase } from './clickhouse.ts';

export const NOW = Date.UTC(2026, 10, 23, 14, 30);
export const FINAL_THROUGH = Date.UTC(2026, 10, 23, 14);

export interface Published {
  subject: string;
  payload: Uint8Array;
  headers: Readonly<Record<string, string>>;
}

/** What the other parties of the API know and do; a test sets it as it likes. */
export class World {
  finalThroughMs = FINAL_THROUGH;
  partitions = 4;
  openRows: OpenRow[] = [];
  edges: PartitionEdge[] = [];
  statuses: PartitionStatus[] = [];
  books: PartitionBooks[] = [];
  published: Published[] = [];
  asked: OpenHoursRequest[] = [];
  errors: unknown[] = [];
  registry = new MemoryRegistry();
  ready = { broker: true, database: true, owned: 4, full: false };
  publish: () => Promise<{ sequence: number; duplicate: boolean }> = () =>
    Promise.resolve({ sequence: 7, duplicate: false });
  /** Runs when the workers are asked, before they answer. */
  onAsk: () => Promise<void> = () => Promise.resolve();
  flush: () => Promise<{ rows: number }> = () => Promise.resolve({ rows: 12 });
  /** Workers that tell nothing of open hours. */
  live: LiveSource = { listen: () => () => undefined, ask: () => undefined };
  nodes: PoolReply[] = [{ node: 'a', workers: 2, auto: null }];
  pool = (request: PoolRequest): Promise<PoolReply[]> => {
    const { node: wanted, workers, auto } = request;
    const nodes = this.nodes.filter(({ node }) => wanted === undefined || node === wanted);
    for (const node of nodes) {
      node.workers = workers ?? node.workers;
      if (workers !== undefined || auto !== undefined) node.auto = auto ?? null;
    }
    return Promise.resolve(nodes);
  };

  constructor() {
    this.edges = Array.from({ length: this.partitions }, (_, partition) => ({
      partition,
      nextBlock: 1_000,
      unconfirmed: [],
    }));
  }
}

export function depsOf(world: World, database: Pick<TestDatabase, 'client' | 'url'>): ApiDeps {
  const decoder = new Decoder();
  const cluster = {
    partitions: world.partitions,
    incarnation: INCARNATION,
    finalThroughMs: () => world.finalThroughMs,
    watermarkMs: () => NOW - 5_000,
  };
  const clock = { ...systemClock, nowMs: () => NOW };
  return {
    clickhouse: database.client,
    cluster,
    live: new LiveHub({
      cluster,
      source: world.live,
      tables: {
        base: (city, hidden) => readLiveBase(database.client, city, hidden),
        finalHours: (city, hours) => readFinalHours(database.client, city, hours),
      },
      clock,
      onError: (error) => world.errors.push(error),
    }),
    workers: {
      openHours: async (request) => {
        world.asked.push(request);
        await world.onAsk();
        return { rows: openRowsFor(request, world.openRows), edges: world.edges };
      },
      status: () => Promise.resolve(world.statuses),
      flush: () => world.flush(),
      pool: (request) => world.pool(request),
    },
    books: () => world.books,
    registry: world.registry,
    publish: (subject, payload, headers) => {
      world.published.push({ subject, payload, headers });
      return world.publish();
    },
    decoder: (...message) => decoder.decode(...message),
    health: {
      broker: () => Promise.resolve(world.ready.broker),
      database: () => Promise.resolve(world.ready.database),
      partitionsOwned: () => Promise.resolve(world.ready.owned),
      streamFull: () => Promise.resolve(world.ready.full),
    },
    metrics: () => Promise.resolve('# TYPE hourglass_up gauge\nhourglass_up 1\n'),
    clock,
    horizonMs: 0,
    onError: (error) => world.errors.push(error),
  };
}

/** The port's promise: filtered, after the key, the smallest first, at most `limit`. */
function openRowsFor(request: OpenHoursRequest, rows: readonly OpenRow[]): OpenRow[] {
  const { after, series } = request;
  return rows
    .filter((row) => row.hour >= request.fromHour && row.hour < request.toHour)
    .filter((row) =>
      (['city', 'district', 'kind', 'metric', 'sensor'] as const).every(
        (key) => request[key] === undefined || request[key] === row[key],
      ),
    )
    .filter(
      (row) =>
        series === undefined || series.some((one) => compareRows({ ...one, hour: 0 }, { ...row, hour: 0 }) === 0),
    )
    .filter((row) => after === undefined || compareRows(row, after) > 0)
    .sort(compareRows)
    .slice(0, request.limit)
    .map((row) => ({ ...row }));
}

interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
}
interface Operation {
  responses: Record<string, { content?: Record<string, { schema: object }> }>;
}

/** `app.request` whose answers must be as /openapi.json says. */
export interface CheckedApi {
  readonly app: OpenAPIHono;
  readonly document: Document;
  request(path: string, init?: RequestInit): Promise<Response>;
  get<Body = { data: Record<string, unknown>[]; next: string | null }>(
    path: string,
    headers?: Record<string, string>,
  ): Promise<Body>;
}

export async function checkedApi(deps: ApiDeps): Promise<CheckedApi> {
  const app = createApp(deps);
  const document = (await (await app.request('/openapi.json')).json()) as Document;
  const request = async (path: string, init?: RequestInit): Promise<Response> => {
    const response = await app.request(path, init);
    await assertDocumented(document, path, init?.method ?? 'GET', response.clone());
    return response;
  };
  return {
    app,
    document,
    request,
    get: async <Body>(path: string, headers?: Record<string, string>) => {
      const response = await request(path, headers === undefined ? {} : { headers });
      if (response.status !== 200) throw new Error(`${path}: ${String(response.status)} ${await response.text()}`);
      return (await response.json()) as Body;
    },
  };
}

async function assertDocumented(document: Document, path: string, method: string, response: Response): Promise<void> {
  const pathname = new URL(path, 'http://api').pathname;
  const known = Object.entries(document.paths)
    .sort(([a], [b]) => a.split('{').length - b.split('{').length)
    .find(([template]) => new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(pathname));
  const operation = known?.[1][method.toLowerCase()];
  // A path or method that is not there has no operation: 404 and 405 stand outside the document.
  if (operation === undefined) return;
  const documented = operation.responses[String(response.status)];
  const media = documented?.content;
  // An answer without a body, such as 204 and 304.
  if (documented !== undefined && media === undefined && (await response.clone().text()) === '') return;
  const type = (response.headers.get('Content-Type') ?? '').split(';', 1)[0] ?? '';
  const schema = media?.[type]?.schema;
  if (schema === undefined)
    throw new Error(
      `${method} ${path}: ${String(response.status)} ${type} is not in /openapi.json: ${await response.text()}`,
    );
  // Its twin lives on: this one's cancel is carried out when that is cancelled, too.
  if (type === 'text/event-stream') void response.body?.cancel();
  if (!type.endsWith('json') || type === 'application/x-ndjson') return;
  const definitions = { ...schema, $defs: document.components.schemas };
  const local = JSON.parse(JSON.stringify(definitions).replaceAll('#/components/schemas/', '#/$defs/')) as object;
  z.fromJSONSchema(local as Parameters<typeof z.fromJSONSchema>[0]).parse(await response.json());
}
