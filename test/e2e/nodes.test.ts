/** Several worker nodes: they share the partitions, take over from each other, and every reading counts once. */
import type { NatsConnection } from '@nats-io/transport-node';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readLedger, settled } from '../support/found-hours.ts';
import { publishing } from '../support/publishing.ts';
import { Program, type WorkerProcess } from '../support/program.ts';
import { until } from '../support/until.ts';

const MOVE_MS_MAX = 20_000;
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

/** Partitions by owner, `<pid>/<thread>`. */
async function shares(): Promise<Map<string, number>> {
  const { data } = await program.get<{ data: { owner: string | null }[] }>('/v1/admin/partitions');
  const counts = new Map<string, number>();
  for (const { owner } of data) {
    const name = owner === null ? 'nobody' : owner.slice(owner.lastIndexOf('-') + 1);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

async function shared(what: string, wanted: Record<string, number>): Promise<void> {
  const want = new Map(Object.entries(wanted));
  await until(what, MOVE_MS_MAX, async () => {
    const found = await shares().catch(() => new Map<string, number>());
    return found.size === want.size && [...want].every(([name, count]) => found.get(name) === count);
  });
}

async function everythingCountsOnce(): Promise<void> {
  const sent = await publisher.stop();
  await settled(program);
  const [row] = await program.query<[number, number, number, number]>(
    "SELECT sum(count), sum(sum), min(min), max(max) FROM hourglass.hourly WHERE city = 'steady'",
  );
  expect(row).toEqual([sent, (sent * (sent - 1)) / 2, 0, sent - 1]);
  expect(await readLedger(program)).toMatchObject({ balanced: true, counted: sent });
}

it('the pool of a node grows and shrinks while readings flow', async () => {
  const main = String(program.pid);
  const scaled = await program.run('scale', '4');
  expect(scaled).toMatchObject({ code: 0, output: expect.stringContaining('4') });
  const four = { [`${main}/0`]: 16, [`${main}/1`]: 16, [`${main}/2`]: 16, [`${main}/3`]: 16 };
  await shared('four threads share the partitions', four);
  const response = await fetch(program.url('/v1/admin/pool'), {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ workers: 1 }),
  });
  expect(await response.json()).toMatchObject({ workers: 1 });
  await shared('one thread has them all', { [`${main}/0`]: 64 });
  await everythingCountsOnce();
});

it('invariant 9: nodes come, leave, die with -9, freeze beyond their lease and wake: one owner at a time', async () => {
  const main = `${String(program.pid)}/0`;
  const nameOf = (node: WorkerProcess): string => `${String(node.pid)}/0`;
  const second = program.startNode();
  await shared('two nodes share the partitions', { [main]: 32, [nameOf(second)]: 32 });

  expect(await second.end('SIGTERM')).toBe(0);
  await shared('who leaves hands over', { [main]: 64 });

  const third = program.startNode();
  await shared('a third has its share', { [main]: 32, [nameOf(third)]: 32 });
  await third.end('SIGKILL');
  await shared('the dead one is replaced', { [main]: 64 });

  const fourth = program.startNode();
  await shared('a fourth has its share', { [main]: 32, [nameOf(fourth)]: 32 });
  fourth.signal('SIGSTOP');
  await shared('the frozen one is replaced', { [main]: 64 });
  fourth.signal('SIGCONT');
  await shared('it wakes, and shares again', { [main]: 32, [nameOf(fourth)]: 32 });
  await everythingCountsOnce();
});
