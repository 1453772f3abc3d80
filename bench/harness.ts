/**
 * What every benchmark shares: sizes, spread over rounds, the machine, the report.
 *
 * Boundary: numbers and text. Both sides of a ratio are taken in turn in one run, and the ratio is made round by round.
 */
import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';

export type Size = 'tiny' | 'small' | 'full';

export interface Figure {
  readonly what: string;
  readonly unit: string;
  /** One a round. */
  readonly values: readonly number[];
}

export interface Section {
  readonly name: string;
  /** What is measured and how, and what is not. */
  readonly about: string;
  readonly figures: readonly Figure[];
}

export interface Benchmark {
  readonly name: string;
  /** @param minutes that it is to last, where it can be chosen. */
  run(size: Size, say: (text: string) => void, minutes?: number): Promise<Section>;
}

export interface Report {
  readonly date: string;
  readonly size: Size;
  readonly machine: Record<string, string | number>;
  readonly sections: readonly Section[];
}

export function describeMachine(): Report['machine'] {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model.trim() ?? 'unknown',
    cores: cpus().length,
    'memory GiB': Math.round(totalmem() / 1024 ** 3),
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    commit: commit(),
  };
}

function commit(): string {
  try {
    const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
    const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' with changes';
    return git('rev-parse', '--short', 'HEAD') + changed;
  } catch {
    return 'unknown';
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? NaN) + high) / 2;
}

/** The value below or at which a share of all lies. @param share 0 to 1. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

/** Round by round. */
export function ratios(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, at) => value / (b[at] ?? NaN));
}

export function toMarkdown({ date, size, machine, sections }: Report): string {
  const lines = [
    `# Benchmarks, ${date}`,
    '',
    `Size ${size}. ${Object.entries(machine)
      .map(([name, value]) => `${name} ${String(value)}`)
      .join('; ')}.`,
    'Absolute figures are of a shared machine; ratios were taken in one run, in turn.',
  ];
  for (const { name, about, figures } of sections) {
    lines.push(
      '',
      `## ${name}`,
      '',
      about,
      '',
      '| figure | unit | median | least | most | rounds |',
      '| --- | --- | --: | --: | --: | --: |',
    );
    for (const { what, unit, values } of figures) {
      const cells = [median(values), Math.min(...values), Math.max(...values)].map(readable);
      lines.push(`| ${what} | ${unit} | ${cells.join(' | ')} | ${String(values.length)} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function readable(value: number): string {
  if (!Number.isFinite(value)) return '-';
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}
