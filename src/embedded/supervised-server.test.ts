/** When a server is started anew, and how patiently: with a clock that leaps and a server that is told what to do. */
import { expect, it } from 'vitest';
import type { Clock } from '../model/clock.ts';
import { explain } from '../model/errors.ts';
import {
  HEALTH_FAILURES_MAX,
  HEALTH_INTERVAL_MS,
  RESTART_BACKOFF_MS_MAX,
  RESTART_BACKOFF_MS_MIN,
  SERVER_START_MS_MAX,
  SERVER_STOP_MS_MAX,
} from '../model/limits.ts';
import type { Log } from '../model/log.ts';
import type { Server, ServerRun } from './server.ts';
import { SupervisedServer } from './supervised-server.ts';

/** Sleeps end in order of their time, as soon as nothing else is to be done; time leaps there. */
class LeapingClock implements Clock {
  readonly slept: number[] = [];
  #nowMs = 0;
  #sleepers: { atMs: number; wake: () => void }[] = [];
  #leaping = false;

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.slept.push(ms);
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const sleeper = { atMs: this.#nowMs + ms, wake };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', wake);
      if (signal?.aborted) wake();
      this.#leapSoon();
    });
  }

  #leapSoon(): void {
    if (this.#leaping) return;
    this.#leaping = true;
    setImmediate(() => {
      this.#leaping = false;
      const next = this.#sleepers.sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) return;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.wake();
      this.#leapSoon();
    });
  }
}

class TestRun implements ServerRun {
  readonly asked: string[] = [];
  readonly ended: Promise<string>;
  ailing: string | null = null;
  end: (how: string) => void = () => undefined;
  readonly #stubborn: boolean;

  constructor(stubborn: boolean) {
    this.#stubborn = stubborn;
    this.ended = new Promise((resolve) => (this.end = resolve));
  }

  pid(): number {
    return 4711;
  }

  askToEnd(): void {
    this.asked.push('end');
    if (!this.#stubborn) this.end('exit code 0');
  }

  kill(): void {
    this.asked.push('kill');
    this.end('SIGKILL');
  }

  lastWords(): string[] {
    return ['[FTL] no luck'];
  }

  ailment(): string | null {
    return this.ailing;
  }
}

function scene({ stubborn = false } = {}) {
  const clock = new LeapingClock();
  const runs: TestRun[] = [];
  const said: string[] = [];
  const say = (text: string): void => void said.push(text);
  const log: Log = { debug: say, info: say, warn: say, error: say };
  const health = { answers: () => true, diesAtOnce: false };
  const server: Server = {
    name: 'test-server',
    logFile: '/logs/test-server.log',
    launch: () => {
      const run = new TestRun(stubborn);
      runs.push(run);
      if (health.diesAtOnce) run.end('exit code 1');
      return run;
    },
    answers: () => Promise.resolve(health.answers()),
  };
  return { clock, runs, said, health, supervised: new SupervisedServer(server, clock, log) };
}

it('a server that dies is started again, and counted', async () => {
  const { runs, said, supervised } = scene();
  await supervised.start();
  runs[0]?.end('SIGSEGV');
  await expect.poll(() => said.at(-1)).toBe('test-server is back (process 4711)');
  expect(said[0]).toBe(
    'test-server ended (SIGSEGV), starting it again; its log is /logs/test-server.log: [FTL] no luck',
  );
  expect(supervised.restarts()).toBe(1);
  await supervised.stop();
  expect(runs.map(({ asked }) => asked)).toEqual([[], ['end']]);
});

it('a server that keeps dying is started more and more slowly, up to a bound (invariant 13)', async () => {
  const { clock, runs, health, supervised } = scene();
  await supervised.start();
  clock.slept.length = 0;
  health.diesAtOnce = true;
  runs[0]?.end('exit code 1');
  await expect.poll(() => runs.length).toBeGreaterThan(10);
  await supervised.stop();
  const waits = clock.slept.filter((ms) => ms !== HEALTH_INTERVAL_MS && ms !== SERVER_STOP_MS_MAX);
  const doubled = Array.from({ length: 10 }, (_, at) => RESTART_BACKOFF_MS_MIN * 2 ** at);
  expect(waits.slice(0, 10)).toEqual(doubled.map((ms) => Math.min(ms, RESTART_BACKOFF_MS_MAX)));
});

it('a server that is silent for a minute is ended and started again; a shorter silence is borne', async () => {
  const silence = (checks: number): boolean[] => Array.from({ length: checks }, () => false);
  const answers = [true, ...silence(HEALTH_FAILURES_MAX - 1), true, ...silence(HEALTH_FAILURES_MAX)];
  const { runs, said, health, supervised } = scene();
  health.answers = () => answers.shift() ?? true;
  await supervised.start();
  await expect.poll(() => runs.length).toBe(2);
  expect(runs[0]?.asked).toEqual(['end']);
  expect(answers).toEqual([]);
  const seconds = (HEALTH_FAILURES_MAX * HEALTH_INTERVAL_MS) / 1_000;
  expect(said[0]).toContain(`it has not answered for ${String(seconds)} s`);
  await supervised.stop();
});

it('a server that answers but is not well is started again', async () => {
  const { runs, said, supervised } = scene();
  await supervised.start();
  const [first] = runs;
  if (first !== undefined) first.ailing = 'it could not write';
  await expect.poll(() => runs.length).toBe(2);
  expect(said[0]).toContain('test-server ended (it could not write)');
  await supervised.stop();
});

it('a first start that fails says why in the server’s own words, and leaves nothing', async () => {
  const { runs, health, supervised } = scene();
  health.answers = () => false;
  const failed = supervised.start().then(() => 'started', explain);
  runs[0]?.end('exit code 1');
  expect(await failed).toBe('test-server did not start: [FTL] no luck. See /logs/test-server.log.');
  expect(supervised.restarts()).toBe(0);
  await supervised.stop();
  expect(runs).toHaveLength(1);
});

it('a start is given up after its time (invariant 13)', async () => {
  const { clock, runs, health, said, supervised } = scene();
  health.answers = () => false;
  await expect(supervised.start()).rejects.toThrow('test-server did not start');
  expect(clock.monotonicMs()).toBeGreaterThan(SERVER_START_MS_MAX);
  expect(runs[0]?.asked).toEqual(['end']);
  expect(said[0]).toContain('still starting');
});

it('a server that does not end when asked is killed after its time', async () => {
  const { clock, runs, supervised } = scene({ stubborn: true });
  await supervised.start();
  const askedMs = clock.monotonicMs();
  await supervised.stop();
  expect(runs[0]?.asked).toEqual(['end', 'kill']);
  expect(clock.monotonicMs() - askedMs).toBeGreaterThanOrEqual(SERVER_STOP_MS_MAX);
});
