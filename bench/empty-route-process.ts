/**
 * The API's server with one route that reads the body and does nothing with it: what Node's HTTP server, the framework and a
 * client on the same machine leave to any route.
 *
 * Job: says where it listens. Boundary: the program's own socket settings; no door, no decoder, no broker.
 */
import { Hono } from 'hono';
import { startApi } from '../src/api/server.ts';

process.on('disconnect', () => process.exit(0));

const app = new Hono().post('/v1/readings/:city/:district/:kind/:source', async (c) => {
  await c.req.arrayBuffer();
  return c.json({ sequence: 1, duplicate: false, accepted: 1, rejected: [] }, 202);
});
const { url } = await startApi(app, { host: '127.0.0.1', port: 0 });
process.send?.({ url });
