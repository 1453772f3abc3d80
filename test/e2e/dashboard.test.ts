/** The dashboard in a real browser, on the whole program with its demo. */
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, openPage, startChromium, type Watched } from '../support/browser.ts';
import { Program } from '../support/program.ts';
import { until } from '../support/until.ts';

const CHROMIUM = findChromium();
if (CHROMIUM === null)
  process.stderr.write(
    'SKIPPED: the dashboard is not tested, because no Chromium is on PATH; install one or set CHROMIUM_BIN.\n',
  );

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const DEMO_MS_MAX = 90_000;

describe.skipIf(CHROMIUM === null)('the dashboard', () => {
  let program: Program;
  let browser: Browser;
  let watched: Watched | null = null;

  beforeAll(async () => {
    program = await Program.start({ HOURGLASS_DEMO: '1' });
    browser = await startChromium(CHROMIUM ?? '');
    await until('the demo has a day of hours', DEMO_MS_MAX, async () => {
      const { data } = await program.get('/v1/districts/metropolis/riverside/temperature/hourly');
      return data.length >= 23;
    });
  }, 150_000);

  afterAll(async () => {
    await browser.close();
    await program.dispose();
  });

  /** A page at an address of the program, closed before the next. */
  async function visit(path: string, options: Parameters<typeof openPage>[1] = {}): Promise<Watched> {
    await watched?.page.close();
    watched = await openPage(browser, options);
    await watched.page.goto(program.url(path));
    return watched;
  }

  async function violations({ page }: Watched): Promise<string[]> {
    await page.addScriptTag({ path: AXE });
    const { violations: found } = await page.evaluate<AxeResults>('axe.run()');
    return found.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${String(failureSummary)}`),
    );
  }

  it('shows the city at a glance: a figure, a district each, the hours', async () => {
    const seen = await visit('/city/metropolis?metric=temperature');
    const { page } = seen;
    await page.getByRole('heading', { name: 'Metropolis Temperature' }).waitFor();
    await expect(page.locator('.districts li').count()).resolves.toBe(6);
    expect(Number(await page.locator('.districts-figure').first().textContent())).toBeCloseTo(11, -1.5);
    expect(await violations(seen)).toEqual([]);
    const origin = new URL(program.url('/')).origin;
    expect(seen.requests.filter((url) => !url.startsWith(origin))).toEqual([]);
  });
});
