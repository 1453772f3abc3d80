import { expect, it } from 'vitest';
import { behind } from '../../../test/support/doors.ts';

it('the reference page needs nothing from elsewhere and no script in the page, and is there without a key', async () => {
  const { app } = await behind({});
  const page = await app.request('/docs');
  expect(page.status).toBe(200);
  const html = await page.text();
  const links = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
  expect(links).toHaveLength(3);
  expect(html).not.toMatch(/<script>|<style|https?:/);
  for (const link of links) {
    const file = await app.request(new URL(link, 'http://api/docs').pathname);
    expect([file.status, (await file.text()).length > 100]).toEqual([200, true]);
    const tag = file.headers.get('ETag') ?? '';
    const again = await app.request(new URL(link, 'http://api/docs').pathname, { headers: { 'If-None-Match': tag } });
    expect(again.status).toBe(304);
  }
  expect((await app.request('/docs/package.json')).status).toBe(404);
  expect((await app.request('/docs/..%2fpackage.json')).status).toBe(404);
});
