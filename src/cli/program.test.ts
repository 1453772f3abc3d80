import { describe, expect, it } from 'vitest';
import { createProgram } from './program.ts';

const namesOf = async (...args: string[]): Promise<string[]> =>
  (await createProgram(args)).commands.map((command) => command.name());

describe('the command line', { timeout: 60_000 }, () => {
  it('loads the command that is asked for, and no other', async () => {
    const all = await namesOf('--help');
    expect(all).toContain('up');
    for (const name of all) expect(await namesOf(name, '--help'), name).toEqual([name]);
    expect(await namesOf('--version')).toEqual([]);
  });

  it('knows all of them where none is named, or one that there is not', async () => {
    const all = await namesOf();
    expect(await namesOf('help', 'up')).toEqual(all);
    expect(await namesOf('statsu')).toEqual(all);
  });
});
