/**
 * The HTTP API (contract, section 5).
 *
 * Job: routes put together, errors as problem details, /openapi.json from the schemas that validate.
 * Boundary: knows the model and the ports it is handed; no NATS, no environment, no clock of its own.
 *
 * @example
 * const app = createApp(deps);
 * const answer = await app.request('/v1/cities');
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { routePath } from 'hono/route';
import { addGraphql } from './graphql/route.ts';
import { addAdmin } from './routes/admin.ts';
import { addCivil } from './routes/civil.ts';
import { addDashboard } from './routes/dashboard.ts';
import { addHourly } from './routes/hourly.ts';
import { addInventory } from './routes/inventory.ts';
import { addLedger } from './routes/ledger.ts';
import { addLive } from './routes/live.ts';
import { addProbes } from './routes/probes.ts';
import { addReadings } from './routes/readings.ts';
import { addReference } from './routes/reference.ts';
import { addRegistry } from './routes/registry.ts';
import { addRollups } from './routes/rollups.ts';
import { addWeather } from './routes/weather.ts';
import type { Scope } from '../model/scopes.ts';
import { addAnswers } from './answers/answers.ts';
import { withSecurity } from './doors/document.ts';
import { addDoors, OPEN_DOORS } from './doors/doors.ts';
import { invalidRequest } from './invalid-request.ts';
import { noQuery } from './params.ts';
import type { ApiDeps } from './ports.ts';
import { Problem, problems, respond, toProblem } from './problem.ts';
import { addRollupReaders } from './rollup-readers.ts';
import { addSensorThings } from './sensorthings/route.ts';

export function createApp(given: ApiDeps): OpenAPIHono {
  const app = new OpenAPIHono({
    defaultHook: (result) => {
      if (!result.success) throw invalidRequest(result.error, result.target);
    },
  });
  app.use(async (c, next) => {
    const startMs = given.clock.monotonicMs();
    await next();
    const route = c.res.status === 404 || c.res.status === 405 ? '' : routePath(c, -1);
    given.onRequest?.(c.req.method, route, c.res.status, (given.clock.monotonicMs() - startMs) / 1_000);
  });
  const deps = addRollupReaders(addAnswers(app, given));
  const doors = deps.doors ?? OPEN_DOORS;
  addDoors(app, doors, deps.clock);
  for (const add of [
    addProbes,
    addInventory,
    addHourly,
    addRollups,
    addCivil,
    addLive,
    addLedger,
    addReadings,
    addRegistry,
    addWeather,
    addAdmin,
  ])
    add(app, deps);
  addGraphql(app, deps);
  addSensorThings(app, deps);
  addDocument(app, doors.anonymous);
  addReference(app);
  addDashboard(app, deps);

  const allowed = methodsByPath(app);
  app.notFound((c) => {
    const methods = allowed(c.req.path);
    if (methods === null)
      return respond(c, new Problem(404, `There is no ${c.req.path}; /openapi.json lists what there is.`));
    const headers = { Allow: methods.join(', ') };
    if (c.req.method === 'OPTIONS') return c.body(null, 204, headers);
    return respond(c, new Problem(405, `${c.req.path} takes ${methods.join(', ')}.`, { headers }));
  });
  app.onError((error, c) => {
    const problem = toProblem(error);
    const where = [c.req.method, c.req.path, problem.members.reference].filter((part) => part !== undefined);
    if (problem.status >= 500) deps.onError?.(error, where.join(' '));
    return respond(c, problem);
  });
  return app;
}

/** The methods of a path that is known, null for one that is not. */
function methodsByPath(app: OpenAPIHono): (path: string) => string[] | null {
  const methods = new Map<string, Set<string>>();
  for (const { path, method } of app.routes) {
    if (method === 'ALL') continue;
    const pattern = `^${path.replaceAll(/:[^/]+/g, '[^/]+')}$`;
    const known = methods.get(pattern) ?? new Set();
    methods.set(pattern, known.add(method));
    if (method === 'GET') known.add('HEAD');
  }
  const patterns = [...methods].map(([pattern, names]) => ({ pattern: new RegExp(pattern), names }));
  return (path) => {
    const found = patterns.find(({ pattern }) => pattern.test(path));
    return found === undefined ? null : [...found.names, 'OPTIONS'];
  };
}

const document = createRoute({
  method: 'get',
  path: '/openapi.json',
  operationId: 'openapi',
  summary: 'This document',
  request: { query: noQuery },
  responses: {
    200: { description: 'OpenAPI 3.1', content: { 'application/json': { schema: z.record(z.string(), z.unknown()) } } },
    ...problems(400, 500),
  },
});

function addDocument(app: OpenAPIHono, anonymous: ReadonlySet<Scope>): void {
  let text: string | undefined;
  app.openapi(document, (c) => {
    text ??= JSON.stringify(
      withSecurity(
        app.getOpenAPI31Document({
          openapi: '3.1.0',
          info: {
            title: 'Hourglass',
            version: '1',
            description:
              'Sensor readings in, exact hourly figures out. Times are ISO 8601 UTC; `from` is inclusive, `to` exclusive; errors are problem details (RFC 9457). GET routes also take HEAD.',
            license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
          },
          servers: [{ url: '/' }],
        }),
        anonymous,
      ),
    );
    return c.body(text, 200, { 'Content-Type': 'application/json' }) as never;
  });
}
