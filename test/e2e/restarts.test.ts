/** Processes that die: what was acknowledged stays counted, once, and the program is ready again by itself. */
import { afterEach, expect, it } from 'vitest';
import { readLedger, settled } from '../support/found-hours.ts';
import { publishing } from '../support/publishing.ts';
import { isInUse, Program } from '../support/program.ts';
import { until } from '../support/until.ts';

let program: Program;
afterEach(() => program.dispose());

it('kill -9 of nats-server, of the database, of the main process, of all: every acknowledged reading counts once', async () => {
  program = await Program.start();
  const nc = await program.nats();
  const publisher = publishing(nc);
  const counted = async (): Promise<number> =>
    Number((await readLedger(program).catch(() => ({ counted: 0 })))['counted']);
  const goesOn = async (): Promise<void> => {
    await program.ready();
    const before = await counted();
    await until('readings are counted again', 20_000, async () => (await counted()) > before + 50);
  };
  await goesOn();

  process.kill(program.processOf('nats-server.conf'), 'SIGKILL');
  await goesOn();
  process.kill(program.processOf('clickhouse.child'), 'SIGKILL');
  await goesOn();
  await program.kill();
  await program.start();
  await goesOn();
  await program.killAll();
  await program.start();
  await goesOn();

  const sent = await publisher.stop();
  await nc.close();
  await settled(program);
  const [row] = await program.query<[number, number, number, number]>(
    "SELECT sum(count), sum(sum), min(min), max(max) FROM hourglass.hourly WHERE city = 'steady'",
  );
  expect(row).toEqual([sent, (sent * (sent - 1)) / 2, 0, sent - 1]);
  expect(await readLedger(program)).toMatchObject({ balanced: true, counted: sent });
});

it.each(['SIGTERM', 'SIGINT'] as const)('%s under load drains, exits with 0 and leaves no process', async (signal) => {
  program = await Program.start();
  const nc = await program.nats();
  const publisher = publishing(nc);
  await until('readings are counted', 20_000, async () => Number((await readLedger(program))['counted']) > 100);
  const startMs = performance.now();
  const { code, output } = await program.stop(signal);
  expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('stopped; everything is kept') });
  expect(performance.now() - startMs).toBeLessThan(25_000);
  expect(isInUse(program.folder)).toBe(false);
  const stopping = publisher.stop();
  await program.start();
  const sent = await stopping;
  await nc.close();
  await settled(program);
  expect(await readLedger(program)).toMatchObject({ balanced: true, counted: sent });
});
