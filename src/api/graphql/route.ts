/**
 * `GET` and `POST /graphql`.
 *
 * Job: GraphQL Yoga with our schema, guards and errors. Boundary: a query language over the questions of the REST API;
 * nothing can be read here that cannot be read there. No uploads, no batches of operations, no mutations.
 */
import { z, type OpenAPIHono } from '@hono/zod-openapi';
import { createSchema, createYoga } from 'graphql-yoga';
import { GRAPHQL_REQUEST_BYTES_MAX } from '../../model/limits.ts';
import { createAddressReader } from '../doors/addresses.ts';
import { finalHour } from '../hours.ts';
import type { RollupDeps } from '../rollup-readers.ts';
import { Problem, problems } from '../problem.ts';
import { Questions, type RequestContext } from './context.ts';
import { maskError } from './errors.ts';
import { guards } from './guards.ts';
import { ledgerTypeDefs } from './ledger-schema.ts';
import { resolvers } from './resolvers.ts';
import { typeDefs } from './schema.ts';

const PATH = '/graphql';
const PAGE_HEADERS = {
  'Content-Security-Policy':
    "default-src 'self'; script-src 'self' 'unsafe-inline' blob:; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; worker-src 'self' blob:; frame-ancestors 'none'",
};

export function addGraphql(app: OpenAPIHono, deps: RollupDeps): void {
  const yoga = createYoga<{ address: string }, RequestContext>({
    schema: createSchema<RequestContext>({ typeDefs: [typeDefs, ledgerTypeDefs], resolvers }),
    context: ({ address }) => ({
      deps,
      questions: new Questions(),
      before: { watermarkMs: deps.cluster.watermarkMs(), openHour: finalHour(deps.cluster) },
      address,
    }),
    graphqlEndpoint: PATH,
    plugins: guards,
    maskedErrors: {
      maskError: (error) => maskError(error, (cause, reference) => deps.onError?.(cause, `${PATH} ${reference}`)),
    },
    maxRequestBodySize: GRAPHQL_REQUEST_BYTES_MAX,
    batching: false,
    multipart: false,
    cors: false,
    landingPage: false,
    logging: false,
    graphiql: deps.renderGraphiql === undefined ? false : { title: 'Hourglass' },
    ...(deps.renderGraphiql === undefined ? {} : { renderGraphiQL: deps.renderGraphiql }),
    fetchAPI: { Request, Response, Headers, ReadableStream, URL },
  });
  const addressOf = createAddressReader(deps.doors?.trustedProxies ?? []);
  app.on(['GET', 'POST'], PATH, async (c) => {
    const response = await yoga.fetch(c.req.raw, { address: addressOf(c) });
    if (response.status === 406) throw new Problem(406, `Answers are given as ${Object.keys(content).join(', ')}.`);
    if (response.status === 415) throw new Problem(415, 'A question is application/json or application/graphql.');
    if (response.headers.get('Content-Type')?.startsWith('text/html') !== true) return response;
    // GraphiQL's page is one file: its scripts and styles stand in it. It is there in development alone.
    return new Response(response.body, { headers: { ...PAGE_HEADERS, 'Content-Type': 'text/html; charset=utf-8' } });
  });
  describe(app);
}

const answer = z
  .object({ data: z.record(z.string(), z.unknown()).nullable().optional(), errors: z.array(z.unknown()).optional() })
  .openapi('GraphqlAnswer');
const media = { schema: answer };
const content = { 'application/json': media, 'application/graphql-response+json': media };
const responses = {
  200: {
    description: 'Data, errors or both (GraphQL over HTTP)',
    content: { ...content, 'text/event-stream': { schema: z.string() }, 'text/html': { schema: z.string() } },
  },
  400: {
    description: 'The query cannot be read or asks for too much',
    content: { ...content, 'text/event-stream': { schema: z.string() } },
  },
  405: { description: 'Not a method for this', content },
  413: { description: 'The request is too large', content },
  ...problems(406, 415),
  500: { description: 'Our mistake', content },
};

function describe(app: OpenAPIHono): void {
  const question = z.object({
    query: z.string().openapi({ example: '{ cities { nodes { city sensorCount } } }' }),
    operationName: z.string().optional(),
  });
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: PATH,
    operationId: 'graphqlGet',
    summary: 'The same questions in GraphQL; the schema can be asked for (introspection)',
    request: { query: question.extend({ variables: z.string().optional().openapi({ description: 'JSON' }) }) },
    responses,
  });
  const body = question.extend({ variables: z.record(z.string(), z.unknown()).optional() }).openapi('GraphqlQuestion');
  app.openAPIRegistry.registerPath({
    method: 'post',
    path: PATH,
    operationId: 'graphqlPost',
    summary: 'The same questions in GraphQL; the schema can be asked for (introspection)',
    request: { body: { required: true, content: { 'application/json': { schema: body } } } },
    responses,
  });
}
