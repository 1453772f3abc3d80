/**
 * What a run leaves behind: figures as JSON, the same as Markdown, plots as SVG.
 *
 * Boundary: files of one folder. Runs of one date and size make one report: a section that is measured again takes the place
 * of the one before, and each says of which commit it is.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Machine, median, type Section, type Size } from './harness.ts';
import { linesSvg, throughputSvg } from './plots.ts';

interface Measured extends Section {
  readonly machine: Machine;
}

interface Report {
  readonly date: string;
  readonly size: Size;
  readonly sections: readonly Measured[];
}

/** @param order of the sections, by name. @returns the Markdown. */
export function writeReport(
  folder: string,
  size: Size,
  machine: Machine,
  sections: readonly Section[],
  order: readonly string[],
): string {
  mkdirSync(folder, { recursive: true });
  const date = new Date().toISOString().slice(0, 10);
  const base = size === 'full' ? date : `${date}-${size}`;
  const file = join(folder, `${base}.json`);
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Report).sections : [];
  const byName = new Map(known.map((section) => [section.name, section]));
  for (const section of sections) byName.set(section.name, { ...section, machine });
  const place = ({ name }: Section): number => order.indexOf(name);
  const merged = [...byName.values()].sort((a, b) => place(a) - place(b));
  const report: Report = { date, size, sections: merged };
  const markdown = toMarkdown(report, writePlots(folder, base, merged));
  // NaN (nothing could be said) is null.
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(folder, `${base}.md`), markdown);
  return markdown;
}

/** File names by section name; those of none are of all. */
function writePlots(folder: string, base: string, sections: readonly Measured[]): Map<string, string[]> {
  const files = new Map<string, string[]>();
  const add = (section: string, name: string, svg: string): void => {
    const file = `${base}-${name}.svg`;
    writeFileSync(join(folder, file), svg);
    files.set(section, [...(files.get(section) ?? []), file]);
  };
  const throughput = throughputSvg(sections);
  if (throughput !== null) add('', 'throughput', throughput);
  for (const { name, plots = [] } of sections)
    for (const plot of plots) add(name, `${name}-${plot.name}`, linesSvg(plot));
  return files;
}

function toMarkdown({ date, size, sections }: Report, plots: ReadonlyMap<string, readonly string[]>): string {
  const images = (section: string): string[] =>
    (plots.get(section) ?? []).flatMap((file) => ['', `![${file.replace(/\.svg$/, '')}](${file})`]);
  const lines = [
    `# Benchmarks, ${date}`,
    '',
    `Size ${size}. Absolute figures are of a shared machine; ratios were taken in one run, in turn.`,
    ...images(''),
  ];
  for (const { name, about, machine, figures } of sections) {
    const where = Object.entries(machine).map(([what, value]) => `${what} ${String(value)}`);
    lines.push(
      '',
      `## ${name}`,
      '',
      about,
      '',
      `On: ${where.join('; ')}.`,
      ...images(name),
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
