/**
 * A campaign: one fault, tried again and again on one instance under load, and the exact comparison between the tries.
 *
 * Boundary: order, counting and words; what is broken, the campaigns say.
 */
import type { Verdict } from '../../src/drill/exact-comparison.ts';
import { Arena, type ArenaOptions } from './arena.ts';

/** Figures of one try by name, unit last (`recovery_ms`). */
export type TryFigures = Readonly<Record<string, number>>;

export interface Campaign {
  readonly name: string;
  /** What is broken, for the table. */
  readonly fault: string;
  /** What the issue asks for. */
  readonly tries: number;
  /** Tries between two comparisons. */
  readonly checkEvery: number;
  readonly arena?: Partial<ArenaOptions>;
  /** Servers of its own (a cluster), before the instance. */
  prepare?(): Promise<{ options: Partial<ArenaOptions>; stop(): Promise<void> }>;
  attempt(arena: Arena, options: CampaignOptions): Promise<TryFigures>;
  /** What only this campaign can compare, after the tables were found exact: what is wrong, one line each. */
  verify?(arena: Arena): Promise<string[]>;
  /** How many tries one attempt made; absent: one. */
  readonly triesOf?: (figures: TryFigures) => number;
  /** What must hold of a figure beside exactness: said, not enforced, since a machine may be busy. */
  readonly goals?: Readonly<Record<string, number>>;
}

export interface CampaignOptions {
  readonly awaySeconds: number;
  readonly messages: number;
}

export interface Outcome {
  readonly campaign: string;
  readonly fault: string;
  readonly seed: number;
  readonly tries: number;
  readonly readings: number;
  readonly lost: number;
  readonly twice: number;
  readonly wrong: readonly string[];
  /** Median, and largest, of each figure. */
  readonly figures: Readonly<Record<string, { median: number; max: number; overGoal?: number }>>;
  readonly seconds: number;
  /** Kept where something was wrong; empty where it was removed. */
  readonly folder: string;
}

export interface Run extends CampaignOptions {
  readonly program: string;
  readonly seed: number;
  readonly tries: number;
  readonly say: (line: string) => void;
}

/** Never rejects for what the campaign finds: that is in `wrong`. */
export async function runCampaign(campaign: Campaign, run: Run): Promise<Outcome> {
  const startMs = performance.now();
  const all: TryFigures[] = [];
  const wrong: string[] = [];
  let verdict: Verdict = { readings: 0, lost: 0, twice: 0, wrong: [] };
  let tries = 0;
  let folder = '';
  let prepared: Awaited<ReturnType<NonNullable<Campaign['prepare']>>> | undefined;
  let arena: Arena | null = null;
  try {
    const { seed, program } = run;
    prepared = await campaign.prepare?.();
    arena = await Arena.start({ ...campaign.arena, ...prepared?.options, seed, program });
    while (tries < run.tries && wrong.length === 0) {
      const figures = await campaign.attempt(arena, run);
      const made = campaign.triesOf?.(figures) ?? 1;
      all.push(figures);
      const checkIsDue = Math.floor((tries + made) / campaign.checkEvery) > Math.floor(tries / campaign.checkEvery);
      tries += made;
      run.say(`${campaign.name} ${String(tries)}/${String(run.tries)} ${inWords(figures)}`);
      if (!checkIsDue && tries < run.tries) continue;
      verdict = await arena.check({ goOn: tries < run.tries });
      run.say(
        `  ${verdict.readings.toLocaleString('en')} readings, ${String(verdict.lost)} lost, ${String(verdict.twice)} twice`,
      );
      wrong.push(...verdict.wrong, ...((await campaign.verify?.(arena)) ?? []));
    }
  } catch (error) {
    wrong.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    if (wrong.length > 0) folder = arena?.folder ?? '';
    await arena?.stop({ keepFolder: wrong.length > 0 });
    await prepared?.stop();
  }
  const { readings, lost, twice } = verdict;
  const seconds = Math.round((performance.now() - startMs) / 1_000);
  const figures = summary(all, campaign.goals ?? {});
  const { name, fault } = campaign;
  return { campaign: name, fault, seed: run.seed, tries, readings, lost, twice, wrong, figures, seconds, folder };
}

function summary(all: readonly TryFigures[], goals: Readonly<Record<string, number>>): Outcome['figures'] {
  const names = new Set(all.flatMap((figures) => Object.keys(figures)));
  return Object.fromEntries(
    [...names].map((name) => {
      const values = all.flatMap((figures) => figures[name] ?? []).sort((a, b) => a - b);
      const goal = goals[name];
      const over = goal === undefined ? {} : { overGoal: values.filter((value) => value > goal).length };
      return [
        name,
        {
          median: Math.round(values[Math.floor(values.length / 2)] ?? 0),
          max: Math.round(values.at(-1) ?? 0),
          ...over,
        },
      ];
    }),
  );
}

function inWords(figures: TryFigures): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name}=${String(Math.round(value))}`)
    .join(' ');
}

/** A row of the table in docs/RELIABILITY.md. */
export function rowOf({ fault, tries, readings, lost, twice, figures, seconds }: Outcome): string {
  const words = Object.entries(figures).map(([name, { median, max, overGoal }]) => {
    const over = overGoal === undefined ? '' : `, ${String(overGoal)} over the goal`;
    return `${name} median ${String(median)}, max ${String(max)}${over}`;
  });
  const cells = [fault, tries, readings.toLocaleString('en'), lost, twice, words.join('; '), `${String(seconds)} s`];
  return `| ${cells.map(String).join(' | ')} |`;
}
