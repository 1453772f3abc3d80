/** Durability as the servers themselves say it: in /readyz, and in doctor, which knows a promise that is not kept. */
import { afterEach, expect, it } from 'vitest';
import { embeddedMonitorUrl } from '../../src/embedded/broker-monitor.ts';
import { Program, runCommand } from '../support/program.ts';

let program: Program;
afterEach(() => program.dispose());

interface Ready {
  details: { durability: Record<string, unknown>; lag: Record<string, unknown> };
}

it('with power, broker and database say themselves that they sync', async () => {
  program = await Program.start({ HOURGLASS_DURABILITY: 'power' });
  const { details } = await program.get<Ready>('/readyz');
  expect(details.durability).toEqual({
    profile: 'power',
    broker_sync_seconds: 0,
    stream_replicas: 1,
    database_fsync: true,
    database_replicas: 1,
    insert_quorum: expect.any(Number),
    problems: [],
  });
  expect(details.lag).toMatchObject({ backlog_messages: 0, threads_held_back: 0 });
  const { output } = await program.run('doctor');
  expect(output).toMatch(
    /^ok +durability +profile power; the broker syncs before it acknowledges; .*syncs each insert/m,
  );
});

it('with process, they say what power loss may cost; whoever wants power of such servers is told that it is not there', async () => {
  program = await Program.start();
  const { details } = await program.get<Ready>('/readyz');
  expect(details.durability).toMatchObject({
    profile: 'process',
    broker_sync_seconds: 120,
    database_fsync: false,
    problems: [],
  });
  expect((await program.run('doctor')).output).toMatch(
    /^note +durability +profile process; the broker syncs every 120 s/m,
  );

  const external = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HOURGLASS_'))),
    HOURGLASS_NATS_URL: `nats://127.0.0.1:${String(program.ports.nats)}`,
    HOURGLASS_CLICKHOUSE_URL: `http://127.0.0.1:${String(program.ports.clickhouse)}`,
    HOURGLASS_DATA_DIR: program.folder,
    HOURGLASS_DURABILITY: 'power',
  } as Record<string, string>;
  const blind = await runCommand(['doctor'], external);
  expect(blind.output).toContain('sync_interval is not known (HOURGLASS_NATS_MONITOR_URL)');
  const monitor = embeddedMonitorUrl(`${program.folder}/data`);
  expect(monitor).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  const seeing = await runCommand(['doctor'], { ...external, HOURGLASS_NATS_MONITOR_URL: monitor ?? '' });
  expect(seeing.code).toBe(1);
  expect(seeing.output).toMatch(/^PROBLEM +durability .*the broker syncs every 120 s only/m);
  expect(seeing.output).toMatch(/^PROBLEM +durability .*tables do not sync inserts/m);
});
