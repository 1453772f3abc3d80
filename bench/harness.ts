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
  readonly plots?: readonly Plot[];
}

/** A figure against a quantity; both axes are logarithmic. */
export interface Plot {
  /** Of its file: letters, digits, `-`. */
  readonly name: string;
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly lines: readonly { readonly name: string; readonly points: readonly (readonly [x: number, y: number])[] }[];
}

export interface Benchmark {
  readonly name: string;
  /** @param minutes that it is to last, where it can be chosen. */
  run(size: Size, say: (text: string) => void, minutes?: number): Promise<Section>;
}

export type Machine = Readonly<Record<string, string | number>>;

export function describeMachine(): Machine {
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
