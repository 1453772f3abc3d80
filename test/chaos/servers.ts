/** Broker and database killed or away, and answers of the database that never arrive. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../support/until.ts';
import type { Arena } from './arena.ts';
import type { Campaign } from './campaign.ts';
import { DONE, INSERT } from './kills.ts';

const INSERT_MS_MAX = 120_000;
const CATCH_UP_MS_MAX = 1_800_000;
/** Lost answers of one try: a line for each would be too many. */
const LOST_AT_ONCE = 10;
const LOST_SHARE = 0.5;
const MEBIBYTE = 1024 ** 2;
const LOOK_MS = 500;

/** Resolves when an INSERT was answered with success, at any node. */
async function untilInserted(arena: Arena): Promise<void> {
  const seen = { done: false };
  for (const { database } of arena.nodes) {
    database.trap = {
      request: INSERT,
      at: 'reply',
      reply: DONE,
      caught: (held) => {
        seen.done = true;
        held.release();
      },
    };
  }
  await until('rows are written', INSERT_MS_MAX, () => seen.done);
  for (const { database } of arena.nodes) database.trap = null;
}

/** Resolves when an INSERT is on its way to the database. */
async function untilInserting(arena: Arena): Promise<void> {
  const seen = { request: false };
  for (const { database } of arena.nodes) {
    database.trap = {
      request: INSERT,
      at: 'request',
      caught: (held) => {
        seen.request = true;
        held.release();
      },
    };
  }
  await until('an INSERT is on its way', INSERT_MS_MAX, () => seen.request);
  for (const { database } of arena.nodes) database.trap = null;
}

const killBroker: Campaign = {
  name: 'kill-broker',
  fault: '`kill -9` of nats-server, one copy',
  tries: 100,
  checkEvery: 20,
  attempt: async (arena) => {
    const { broker } = arena.instance;
    if (broker === null) throw new Error('the broker is not ours');
    await pause(arena.random.whole(0, 1_000));
    const counts = arena.counts();
    const killedMs = performance.now();
    await broker.kill();
    await broker.start();
    return { recovery_ms: await arena.untilFlowing([...counts.keys()], 0, counts, killedMs) };
  },
};

const killDatabase: Campaign = {
  name: 'kill-database-multi-month',
  fault: '`kill -9` of ClickHouse in the middle of inserts over several months',
  tries: 200,
  checkEvery: 25,
  arena: { shape: { months: 8 } },
  attempt: async (arena) => {
    const { database } = arena.instance;
    // The inserts of a node follow each other, one a month: the kill falls into the first or between any two.
    await untilInserting(arena);
    await pause(arena.random.whole(0, 60));
    const killedMs = performance.now();
    await database.kill();
    await database.start();
    await untilInserted(arena);
    return { rows_again_ms: performance.now() - killedMs };
  },
};

const lostReply: Campaign = {
  name: 'lost-insert-reply',
  fault: 'INSERT committed, its answer lost',
  tries: 1_000,
  checkEvery: 200,
  triesOf: (figures) => figures['replies_lost'] ?? 0,
  attempt: async (arena) => {
    const seen = { lost: 0, passed: 0 };
    for (const { database } of arena.nodes) {
      database.trap = {
        request: INSERT,
        at: 'reply',
        reply: DONE,
        caught: (held) => {
          if (arena.random.chance(LOST_SHARE)) {
            seen.lost += 1;
            held.lose();
          } else {
            seen.passed += 1;
            held.release();
          }
        },
      };
    }
    await until('answers are lost', INSERT_MS_MAX, () => seen.lost >= LOST_AT_ONCE);
    for (const { database } of arena.nodes) database.trap = null;
    return { replies_lost: seen.lost, replies_passed: seen.passed };
  },
};

const databaseAway: Campaign = {
  name: 'database-away',
  fault: 'ClickHouse away under full load',
  tries: 10,
  checkEvery: 1,
  arena: { perSecond: null, nodes: 2 },
  attempt: async (arena, { awaySeconds }) => {
    const { database } = arena.instance;
    const before = largestMemory(arena);
    let memory = before;
    let outbox = 0;
    await database.kill();
    const awayUntilMs = performance.now() + awaySeconds * 1_000;
    const look = (): void => {
      memory = Math.max(memory, largestMemory(arena));
      outbox = Math.max(outbox, outboxBytes(arena));
    };
    for (; performance.now() < awayUntilMs; await pause(LOOK_MS)) look();
    await database.start();
    const backMs = performance.now();
    await arena.load.pause();
    await until('what waited is written', CATCH_UP_MS_MAX, () => {
      look();
      return [...arena.watch.seen.values()].every(({ backlog }) => backlog === 0) && outboxBytes(arena) < MEBIBYTE;
    });
    return {
      away_s: awaySeconds,
      catch_up_ms: performance.now() - backMs,
      memory_before_mib: before / MEBIBYTE,
      memory_max_mib: memory / MEBIBYTE,
      outbox_max_mib: outbox / MEBIBYTE,
    };
  },
};

/** Resident bytes of the largest worker node. */
function largestMemory({ nodes }: Arena): number {
  return Math.max(...nodes.map(({ pid }) => residentBytes(pid)));
}

function residentBytes(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'));
  return Number(found?.[1] ?? 0) * 1_024;
}

/** Of all nodes, as they say. */
function outboxBytes({ watch }: Arena): number {
  let sum = 0;
  for (const seen of watch.seen.values()) sum += seen.outboxBytes;
  return sum;
}

export const SERVER_CAMPAIGNS: readonly Campaign[] = [killBroker, lostReply, killDatabase, databaseAway];
