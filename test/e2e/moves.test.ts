/** The pool goes 1 -> 8 -> 1 under load: how long a partition pauses, and that everything counts once. */
import type { NatsConnection } from '@nats-io/transport-node';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readLedger, settled } from '../support/found-hours.ts';
import { PauseWatch } from '../support/pause-watch.ts';
import { publishing } from '../support/publishing.ts';
import { Program } from '../support/program.ts';
import { until } from '../support/until.ts';

/** The promise is 1 s on a machine with cores for them; here two cores carry servers, eight threads and other tests. */
const PAUSE_MS_MAX = 15_000;
const MOVE_MS_MAX = 60_000;
let program: Program;
let nc: NatsConnection;
let publisher: ReturnType<typeof publishing>;
beforeEach(async () => {
  program = await Program.start({ HOURGLASS_WORKERS: '1' });
  nc = await program.nats();
  publisher = publishing(nc);
});
afterEach(async () => {
  await publisher.stop();
  await nc.close();
  await program.dispose();
});

it('1 -> 8 -> 1 worker threads under load: no partition pauses for long, and every reading counts once', async () => {
  const watch = new PauseWatch(nc);
  const spread = async (threads: number): Promise<void> => {
    expect(await program.run('scale', String(threads))).toMatchObject({ code: 0 });
    await until(`${String(threads)} threads share the partitions`, MOVE_MS_MAX, async () => {
      const { data } = await program.get<{ data: { owner: string | null }[] }>('/v1/admin/partitions');
      const owners = new Set(data.map(({ owner }) => owner));
      return !owners.has(null) && owners.size === threads;
    });
  };
  await spread(8);
  await spread(1);
  const { moves, longestMs, medianMs } = await watch.stop();
  process.stdout.write(
    `pause of a moved partition: ${String(moves)} moves, median ${medianMs.toFixed(0)} ms, longest ${longestMs.toFixed(0)} ms\n`,
  );
  expect(moves).toBeGreaterThanOrEqual(112);
  expect(longestMs).toBeLessThan(PAUSE_MS_MAX);

  const sent = await publisher.stop();
  await settled(program);
  expect(await readLedger(program)).toMatchObject({ balanced: true, counted: sent });
});
