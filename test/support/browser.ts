/**
 * A real Chromium: the one of CHROMIUM_BIN, or one found on PATH.
 *
 * Boundary: tests only. Every page notes what it asks for and what it complains about, so that tests can look.
 */
import { accessSync, constants, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import type { AxeResults } from 'axe-core';
import { chromium, type Browser, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Null where there is none. */
export function findChromium(): string | null {
  const given = process.env['CHROMIUM_BIN'];
  if (given !== undefined && given !== '') return given;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isProgram);
  return found ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export async function startChromium(executablePath: string): Promise<Browser> {
  return await chromium.launch({ executablePath, args: FLAGS });
}

export interface Watched {
  readonly page: Page;
  /** URLs the page asked for. */
  readonly requests: string[];
  /** Errors and warnings of the console, and exceptions nobody caught. */
  readonly complaints: string[];
}

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
}

export async function openPage(browser: Browser, options: PageOptions = {}): Promise<Watched> {
  const { width = 1_280, height = 800, dark = false } = options;
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: dark ? 'dark' : 'light' });
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => complaints.push(error.stack ?? error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()))
      complaints.push(`${message.text()} ${message.location().url}`.trim());
  });
  return { page, requests, complaints };
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds wrong, in words; none is demanded. */
export async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<AxeResults>('axe.run()');
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${String(failureSummary)}`),
  );
}

/**
 * Nothing leaves the house, and nothing is wrong that only a console would say.
 *
 * @param expected what the browser complains of and the page is made for.
 */
export function assertQuiet(all: readonly Watched[], home: string, expected: RegExp): void {
  const outside = all.flatMap(({ requests }) => requests).filter((url) => !url.startsWith(home));
  if (outside.length > 0) throw new Error(`the page asked others: ${outside.join(', ')}`);
  const complaints = all.flatMap((one) => one.complaints).filter((text) => !expected.test(text));
  if (complaints.length > 0) throw new Error(`the page complained: ${complaints.join('\n')}`);
}
