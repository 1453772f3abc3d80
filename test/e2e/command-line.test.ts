/** The command line: help, errors that say what to do, exit codes. */
import { createServer } from 'node:net';
import { once } from 'node:events';
import { createClient } from '@clickhouse/client';
import { afterEach, describe, expect, it } from 'vitest';
import { Program, runCommand } from '../support/program.ts';

let program: Program | null = null;
afterEach(async () => {
  await program?.dispose();
  program = null;
});

const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('HOURGLASS_')),
) as Record<string, string>;

describe('hourglass', () => {
  it.each(['up', 'work', 'serve', 'migrate', 'replay', 'status', 'scale', 'flush', 'audit', 'key', 'doctor'])(
    '%s --help has examples',
    async (command) => {
      const { code, output } = await runCommand([command, '--help'], env);
      expect(code).toBe(0);
      expect(output).toMatch(/Examples?:\n {2}\$ /);
    },
  );

  it.each([
    ['an unknown command', ['fly'], {}, 2, 'unknown command'],
    ['an option that is missing', ['replay', 'x.csv', '--city', 'a'], {}, 2, '--district'],
    ['a value that cannot be used', ['up'], { HOURGLASS_HTTP_PORT: 'abc' }, 2, 'HOURGLASS_HTTP_PORT=abc'],
    ['a variable that is none', ['up'], { HOURGLASS_PROT: '1' }, 2, 'HOURGLASS_PROT is not a variable'],
    [
      'a broker that is not there',
      ['migrate'],
      { HOURGLASS_NATS_URL: 'nats://127.0.0.1:9' },
      3,
      'cannot reach NATS at',
    ],
    [
      'a file that is not there',
      ['replay', 'none.csv', '--city', 'a', '--district', 'b', '--kind', 'c'],
      {},
      2,
      'none.csv',
    ],
    ['a data folder that is none', ['up'], { HOURGLASS_DATA_DIR: '/dev/null/x' }, 3, 'HOURGLASS_DATA_DIR'],
  ])('%s is said in a line, with an exit code', async (_, args, more, code, text) => {
    const finished = await runCommand(args, { ...env, ...more });
    expect(finished).toMatchObject({ code, output: expect.stringContaining(text) });
    expect(finished.output).not.toMatch(/\n\s+at /);
  });

  it('a database that is not there is said in one line, and nothing else is printed', async () => {
    program = await Program.create({ HOURGLASS_CLICKHOUSE_URL: 'http://127.0.0.1:9' });
    const { code, output } = await program.run('up');
    expect({ code, lines: output.trim().split('\n') }).toEqual({
      code: 3,
      lines: [expect.stringMatching(/cannot use ClickHouse at 127\.0\.0\.1:9: .* set HOURGLASS_CLICKHOUSE_URL/)],
    });
  });

  it('a port in use is said in one line with the variable to change', async () => {
    program = await Program.create();
    for (const [variable, port] of [
      ['HOURGLASS_HTTP_PORT', program.ports.http],
      ['HOURGLASS_MQTT_PORT', program.ports.mqtt],
      ['HOURGLASS_CLICKHOUSE_PORT', program.ports.clickhouse],
    ] as const) {
      const server = createServer().listen(port, '127.0.0.1');
      await once(server, 'listening');
      const { code, output } = await program.run('up');
      server.close();
      await once(server, 'close');
      expect({ code, output }).toMatchObject({ code: 3, output: expect.stringContaining(variable) });
    }
  });

  it('status, flush and doctor speak with a program that runs', async () => {
    program = await Program.start();
    expect(await program.run('status')).toMatchObject({
      code: 0,
      output: expect.stringContaining('64 of 64 partitions'),
    });
    const { output } = await program.run('status', '--json');
    expect((JSON.parse(output) as { partitions: unknown[] }).partitions).toHaveLength(64);
    expect(await program.run('flush')).toMatchObject({ code: 0, output: expect.stringContaining('rows written') });
    expect(await program.run('doctor')).toMatchObject({ code: 0, output: expect.stringContaining('ClickHouse 26') });
    await program.stop();
    expect(await program.run('status')).toMatchObject({
      code: 3,
      output: expect.stringContaining('cannot reach NATS'),
    });
  });

  it('invariant 14: audit balances, and names the partition whose rows were removed', async () => {
    program = await Program.start();
    const api = `http://127.0.0.1:${String(program.ports.http)}`;
    const published = await fetch(`${api}/v1/readings/lisbon/alfama/air/station`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/senml+json' },
      body: '[{"n":"temperature","v":1},{"n":"humidity","v":2},{"n":"broken","vs":"text"}]',
    });
    expect(published.status).toBe(202);
    await program.flush();
    expect(await program.run('audit')).toMatchObject({
      code: 0,
      output: expect.stringMatching(/2 counted = 2 in blocks \+ 0 in memory; 1 rejected[^]*64 partitions balance/),
    });
    const clickhouse = createClient({ url: `http://127.0.0.1:${String(program.ports.clickhouse)}` });
    await clickhouse.command({
      query: `ALTER TABLE hourglass.hourly_facts DELETE WHERE metric = 'humidity' SETTINGS mutations_sync = 2`,
    });
    await clickhouse.close();
    expect(await program.run('audit')).toMatchObject({
      code: 1,
      output: expect.stringMatching(/partition \d+: hourly_facts has 1 readings of 2 in blocks\n1 of 64 partitions/),
    });
  });

  it('work and serve on servers by URL: the same code path', async () => {
    program = await Program.start();
    const second = await Program.create({
      HOURGLASS_NATS_URL: `nats://127.0.0.1:${String(program.ports.nats)}`,
      HOURGLASS_CLICKHOUSE_URL: `http://127.0.0.1:${String(program.ports.clickhouse)}`,
    });
    expect(await second.run('migrate')).toMatchObject({ code: 0, output: expect.stringContaining('64 partitions') });
    await second.dispose();
  });
});
