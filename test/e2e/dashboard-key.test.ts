/** The dashboard of a program that lets nobody read without a key, in a real browser. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { newKey } from '../../src/api/doors/api-keys.ts';
import {
  assertQuiet,
  barriers,
  findChromium,
  openPage,
  type PageOptions,
  startChromium,
  type Watched,
} from '../support/browser.ts';
import { Program } from '../support/program.ts';
import { until } from '../support/until.ts';

const CHROMIUM = findChromium();
if (CHROMIUM === null)
  process.stderr.write('SKIPPED: keys in the dashboard are not tested: no Chromium is on PATH or in CHROMIUM_BIN.\n');

const SCREENSHOTS = new URL('../../docs/screenshots/', import.meta.url);
/** It is in the repository. */
const PICTURE_BYTES_MAX = 300_000;
const PATIENCE_MS = 60_000;
const LIVE = '/city/lisbon/live?metric=temperature';
const reader = newKey('dashboard', ['read'], null);
const gateway = newKey('gateway', ['ingest'], null);
const admin = newKey('admin', ['read', 'admin'], null);

describe.skipIf(CHROMIUM === null)('the dashboard where reading needs a key', () => {
  let program: Program;
  let browser: Browser;
  let folder: string;
  const open: Watched[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hourglass-keys-'));
    await writeKeys(reader, gateway, admin);
    program = await Program.create({ HOURGLASS_ANONYMOUS_SCOPES: 'none', HOURGLASS_API_KEYS_FILE: keysFile() });
    browser = await startChromium(CHROMIUM ?? '');
    await program.start();
    await publish();
    await until('the city is there', PATIENCE_MS, async () => (await cities()) === 1);
  }, 120_000);

  afterAll(async () => {
    await program.dispose();
    await browser.close();
    await rm(folder, { recursive: true });
  });

  afterEach(async () => {
    const all = open.splice(0);
    await Promise.all(all.map(({ page }) => page.close()));
    const told = all.flatMap(({ requests }) => requests).filter((url) => url.includes(reader.key));
    if (told.length > 0) throw new Error(`the key is in ${told.join(', ')}`);
    // The browser itself reports every refusal.
    assertQuiet(all, program.url('/'), /status of 40[13]/);
  });

  async function visit(path: string, options: PageOptions = {}): Promise<Page> {
    const watched = await openPage(browser, options);
    open.push(watched);
    watched.page.setDefaultTimeout(PATIENCE_MS);
    await watched.page.goto(program.url(path));
    return watched.page;
  }

  async function publish(): Promise<void> {
    const answer = await fetch(program.url('/v1/readings/lisbon/alfama/air/gateway-7'), {
      method: 'POST',
      headers: { 'Content-Type': 'application/senml+json', 'X-API-Key': gateway.key },
      body: '[{"bn":"station-1:","n":"temperature","v":21.5}]',
    });
    expect(answer.status).toBe(202);
  }

  async function cities(): Promise<number> {
    await fetch(program.url('/v1/admin/flush'), { method: 'POST', headers: { 'X-API-Key': admin.key } });
    const answer = await fetch(program.url('/v1/cities'), { headers: { 'X-API-Key': reader.key } });
    return ((await answer.json()) as { data: unknown[] }).data.length;
  }

  const keysFile = (): string => join(folder, 'api-keys');
  const writeKeys = (...keys: { line: string }[]): Promise<void> =>
    writeFile(keysFile(), keys.map(({ line }) => `${line}\n`).join(''));
  const dialogOf = (page: Page) => page.getByRole('dialog', { name: 'This needs a key' });

  async function enter(page: Page, key: string): Promise<void> {
    await dialogOf(page).getByLabel('Key', { exact: true }).fill(key);
    await page.keyboard.press('Enter');
  }

  it('asks for it once, takes it, keeps it in the tab and forgets it', async () => {
    const page = await visit('/');
    await dialogOf(page).waitFor();
    expect(await page.evaluate<string>('document.activeElement.type')).toBe('password');
    await enter(page, 'not a key');
    await page.getByRole('alert').filter({ hasText: 'no spaces' }).waitFor();
    await enter(page, 'hg_wrong');
    await page.getByRole('alert').filter({ hasText: 'does not know this key' }).waitFor();
    await enter(page, ` ${reader.key} `);
    await page.locator('.city-card', { hasText: 'Lisbon' }).waitFor();
    expect(await dialogOf(page).count()).toBe(0);

    await page.reload();
    await page.locator('.city-card', { hasText: 'Lisbon' }).waitFor();
    // Another tab has a session of its own.
    const other = await visit('/');
    await dialogOf(other).waitFor();

    await page.getByRole('button', { name: 'Forget key' }).click();
    await dialogOf(page).waitFor();
    expect(await page.locator('.city-card').count()).toBe(0);
    expect(await page.evaluate<number>('sessionStorage.length + localStorage.length')).toBe(0);
  });

  it('follows the open hour with the key as a header', async () => {
    const page = await visit(LIVE);
    await enter(page, reader.key);
    await page.locator('.progress', { hasText: 'as they come' }).waitFor();
    const counted = async (): Promise<number> =>
      Number(await page.locator('.live-hour .facts dd').first().textContent());
    const before = await counted();
    await publish();
    await until('the new reading is on the screen', PATIENCE_MS, async () => (await counted()) === before + 1);
    const asked = open.flatMap(({ requests }) => requests).filter((url) => url.includes('/v1/live'));
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((url) => url.includes('access_token'))).toEqual([]);
  });

  it('put off, it does not ask again by itself; what is not allowed says so, and another key helps', async () => {
    const page = await visit('/operator');
    await dialogOf(page).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Not allowed' }).first().waitFor();
    await page.getByRole('button', { name: 'Try again' }).first().click();
    expect(await dialogOf(page).count()).toBe(0);
    await page.getByRole('button', { name: 'Enter a key' }).first().click();
    await enter(page, reader.key);
    await page.getByText('The books balance').waitFor();
    await page.getByText('needs the scope admin').first().waitFor();
    await page.getByRole('button', { name: 'Enter another key' }).first().click();
    await enter(page, admin.key);
    await page.locator('.verdict', { hasText: '1 worker thread' }).waitFor();
  });

  it('a key that is taken away is forgotten, and asked for anew', async () => {
    const page = await visit('/');
    await enter(page, reader.key);
    await page.locator('.city-card').waitFor();
    await writeKeys(gateway, admin);
    await dialogOf(page).waitFor();
    expect(await page.evaluate<number>('sessionStorage.length')).toBe(0);
    await writeKeys(reader, gateway, admin);
    await until('the key is known again', PATIENCE_MS, async () => {
      const answer = await fetch(program.url('/v1/cities'), { headers: { 'X-API-Key': reader.key } });
      return answer.ok;
    });
  });

  it.each([{}, { dark: true }, { width: 390, height: 844 }])('has no barrier that axe knows: %o', async (options) => {
    const page = await visit('/', options);
    await dialogOf(page).waitFor();
    await enter(page, 'hg_wrong');
    await page.getByRole('alert').filter({ hasText: 'does not know' }).waitFor();
    expect(await barriers(page)).toEqual([]);
    expect(await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    await page.getByRole('button', { name: 'Not now' }).click();
    await page.getByRole('heading', { name: 'Not allowed' }).waitFor();
    expect(await barriers(page)).toEqual([]);
  });

  describe.runIf(process.env['SCREENSHOTS'] === '1')('screenshots', () => {
    it('key: docs/screenshots', async () => {
      const page = await visit('/');
      await dialogOf(page).waitFor();
      await page.waitForTimeout(500);
      const picture = await page.screenshot({ path: fileURLToPath(new URL('key.png', SCREENSHOTS)) });
      expect(picture.length).toBeLessThan(PICTURE_BYTES_MAX);
    });
  });
});
