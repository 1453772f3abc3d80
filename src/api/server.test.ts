import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { startApi } from './server.ts';

const HOST = '127.0.0.1';

it('serves an app, and a closed server answers nobody', async () => {
  const app = new Hono().get('/', (c) => c.text('here'));
  const server = await startApi(app, { host: HOST, port: 0 });
  expect(await (await fetch(server.url)).text()).toBe('here');
  await server.close();
  await expect(fetch(server.url)).rejects.toThrow();
});

it('a port in use is one line that names the variable to change', async () => {
  const first = await startApi(new Hono(), { host: HOST, port: 0 });
  const second = startApi(new Hono(), { host: HOST, port: first.port });
  await expect(second).rejects.toMatchObject({
    message: `port ${String(first.port)} is in use`,
    advice: expect.stringContaining('HOURGLASS_HTTP_PORT') as string,
  });
  await first.close();
});

it('closing lets an open answer end', async () => {
  let started = (): void => undefined;
  let end = (): void => undefined;
  const running = new Promise<void>((resolve) => (started = resolve));
  const ended = new Promise<void>((resolve) => (end = resolve));
  const app = new Hono().get('/', async (c) => {
    started();
    await ended;
    return c.text('whole');
  });
  const server = await startApi(app, { host: HOST, port: 0 });
  const answer = fetch(server.url);
  await running;
  const closed = server.close();
  end();
  expect(await (await answer).text()).toBe('whole');
  await closed;
});
