import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../model/clock.ts';
import { budgetOf } from './memory-budget.ts';
import { SupervisedThread } from './supervised-thread.ts';

const FAILING_HOST = fileURLToPath(new URL('../../test/fixtures/failing-host.mjs', import.meta.url));

describe('a worker thread that fails', () => {
  let pool: Piscina;
  afterEach(() => pool.destroy());

  it.each(['throws', 'runs out of memory'])('is started again, and its message accused each time: %s', async (how) => {
    pool = new Piscina({ filename: FAILING_HOST, maxThreads: 1, resourceLimits: { maxOldGenerationSizeMb: 24 } });
    const accused: number[] = [];
    const said: string[] = [];
    const say = (text: string): void => void said.push(text);
    let done = (): void => undefined;
    const twice = new Promise<void>((resolve) => (done = resolve));
    const suspects = {
      accuse: (sequence: number) => {
        if (accused.push(sequence) === 2) done();
        return Promise.resolve(accused.length);
      },
    };
    const task = {
      natsUrl: '',
      clickhouseUrl: '',
      partitionsOfStream: 1,
      host: { owner: how, incarnation: 1, disorderMs: 0, horizonMs: 0, ledgerPeriodMs: 60_000 },
    };
    const log = { debug: say, info: say, warn: say, error: say };
    const thread = new SupervisedThread(pool, task, suspects, {
      clock: systemClock,
      log,
      budget: budgetOf(2 ** 30, 1, false),
    });
    await twice;
    await thread.stop({ patienceMs: 0, nodeLeaves: null });
    expect(accused.slice(0, 2)).toEqual([42, 42]);
    expect(thread.restarts).toBeGreaterThanOrEqual(2);
    expect(said.join('\n')).toMatch(/failed .*starting it again from its checkpoints/);
  });
});
