/** The books of a time against a count by hand: real actors, the real table, the real API. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CheckedApi, checkedApi, depsOf, World } from '../../test/support/api.ts';
import { INCARNATION, startTestDatabase, type TestDatabase } from '../../test/support/clickhouse.ts';
import { CellArena } from '../actors/cell-arena.ts';
import { PartitionActor } from '../actors/partition-actor.ts';
import { ByteSpan } from '../model/byte-span.ts';
import { LEDGER_PERIOD_MS } from '../model/limits.ts';
import { Decoder } from '../runtime/decode/decoder.ts';
import { ClickhouseSink } from '../runtime/hourly-sink.ts';

const PARTITIONS = 3;
const MINUTE = LEDGER_PERIOD_MS;
const T0 = Date.UTC(2026, 10, 23, 12);

interface Row {
  partition: number;
  from: string;
  to: string;
  messages: { taken: number; used: number; duplicate: number; rejected: number };
  readings: { counted: number; late: number; rejected: number };
  gaps: number | null;
  problems: string[];
  balanced: boolean;
}
interface Answer {
  from: string;
  to: string;
  data: Row[];
  missing: number | null;
  problems: string[];
  balanced: boolean;
}

let database: TestDatabase;
let bench: StreamBench;
beforeAll(async () => {
  database = await startTestDatabase();
}, 60_000);
afterAll(() => database.stop());
beforeEach(async () => {
  await database.client.command({ query: 'TRUNCATE TABLE hourglass.ledger_facts' });
  bench = new StreamBench();
});

/** Partitions that read one stream, and a list of what they were given. */
class StreamBench {
  readonly sent: { partition: number; atMs: number; readings: number }[] = [];
  readonly actors = Array.from({ length: PARTITIONS }, (_, partition) => {
    const decoder = new Decoder();
    const options = { partition, incarnation: INCARNATION, disorderMs: 5_000, horizonMs: 0, ledgerPeriodMs: MINUTE };
    return new PartitionActor(options, new CellArena(), (...message) => decoder.decodeSpan(...message));
  });
  sequence = 0;

  send(partition: number, atMs: number, readings = 1): void {
    this.sequence += 1;
    this.sent.push({ partition, atMs, readings });
    const records = Array.from({ length: readings }, (_, i) => ({ n: `s${String(i)}/m`, v: i }));
    this.actors[partition]!.receive({
      sequence: this.sequence,
      receivedMs: atMs,
      subject: 'c.d.k.g',
      tokens: { city: 'c', district: 'd', kind: 'k', source: 'g' },
      contentType: undefined,
      sourceSequence: null,
      payload: ByteSpan.of(new TextEncoder().encode(JSON.stringify(records))),
    });
  }

  /** Everyone has read to the end of the stream, which was quiet until `atMs`. */
  rest(atMs: number): void {
    for (const actor of this.actors) {
      actor.advancePosition(this.sequence + 1);
      actor.followFrontier(atMs);
    }
  }

  /** @param stored partitions whose entries the table has; the others' wait in their checkpoints. */
  async get(query: string, stored: readonly number[] = [0, 1, 2]): Promise<Answer> {
    return await (await this.api(stored)).get<Answer>(`/v1/ledger?${query}`);
  }

  async api(stored: readonly number[] = [0, 1, 2]): Promise<CheckedApi> {
    const sink = new ClickhouseSink(database.client, INCARNATION);
    const world = new World();
    world.partitions = PARTITIONS;
    for (const actor of this.actors) {
      const { partition } = actor;
      const { ledger } = actor.snapshot().state;
      if (stored.includes(partition) && ledger.length > 0) {
        await sink.insertLedger(ledger.map((entry) => ({ partition, ...entry })));
        // Once more, as after an answer that was lost.
        await sink.insertLedger(ledger.map((entry) => ({ partition, ...entry })));
        actor.entriesStored(ledger.at(-1)!.atMs);
      }
    }
    world.books = this.actors.map((actor) => ({ partition: actor.partition, ...actor.snapshot().state }));
    return await checkedApi(depsOf(world, database));
  }

  /** Messages and readings of a partition in [from, to). */
  count(partition: number, fromMs: number, toMs: number): [messages: number, readings: number] {
    const own = this.sent.filter((one) => one.partition === partition && one.atMs >= fromMs && one.atMs < toMs);
    return [own.length, own.reduce((sum, { readings }) => sum + readings, 0)];
  }
}

const iso = (ms: number): string => new Date(ms).toISOString();

describe('the ledger of a time', () => {
  it(
    'is what a count by hand gives, for any two instants, from table and checkpoint alike',
    { timeout: 90_000 },
    async () => {
      let atMs = T0;
      for (let i = 0; i < 400; i++) {
        // Some minutes are busy, some quiet, one partition sleeps for a while.
        atMs += (i * 7_919) % (i % 50 === 0 ? 400_000 : 9_000);
        bench.send(i > 150 && i < 250 ? i % 2 : (i * 31) % PARTITIONS, atMs, 1 + (i % 3));
      }
      bench.rest(atMs + 10_000);
      for (const [from, to] of [
        [T0, atMs],
        [T0 - 3_600_000, T0 + 10 * MINUTE],
        [T0 + 3 * MINUTE, T0 + 17 * MINUTE],
        [T0 + 12.4 * MINUTE, T0 + 12.9 * MINUTE],
        [T0 + 5 * MINUTE, atMs + 3_600_000],
        [atMs + MINUTE, atMs + 3_600_000],
      ] as const) {
        const { data, balanced, missing } = await bench.get(`from=${iso(from)}&to=${iso(to)}`, [0, 1]);
        expect({ balanced, missing }).toEqual({ balanced: true, missing: 0 });
        for (const row of data) {
          const [begin, end] = [Date.parse(row.from), Date.parse(row.to)];
          expect([row.messages.used, row.readings.counted]).toEqual(bench.count(row.partition, begin, end));
          expect(from - begin).toBeLessThan(begin === end ? Infinity : MINUTE);
          expect(to - end).toBeLessThan(to > atMs ? Infinity : MINUTE);
          expect(end).toBeLessThanOrEqual(to);
        }
      }
    },
  );

  it('from an instant on is up to what is committed now, and says how far that is', async () => {
    bench.send(0, T0 + 1_000);
    bench.send(1, T0 + 30_000);
    bench.send(0, T0 + 65_000);
    bench.rest(T0 + 100_000);
    const answer = await bench.get(`from=${iso(T0 + MINUTE)}`);
    expect(answer).toMatchObject({ from: iso(T0 + MINUTE), to: iso(T0 + 95_000), balanced: true });
    expect(answer.data.map(({ messages }) => messages.taken)).toEqual([1, 0, 0]);
  });

  it('knows to the message how many are missing in the stream, and in which time', async () => {
    for (let i = 0; i < 30; i++) bench.send(i % PARTITIONS, T0 + i * 1_000);
    // Removed before anybody had read them; nobody saw it.
    bench.sequence += 7;
    for (let i = 0; i < 30; i++) bench.send(i % PARTITIONS, T0 + 3 * MINUTE + i * 1_000);
    bench.rest(T0 + 10 * MINUTE);
    expect(await bench.get(`from=${iso(T0)}&to=${iso(T0 + 2 * MINUTE)}`)).toMatchObject({ missing: 0, balanced: true });
    const after = await bench.get(`from=${iso(T0 + 2 * MINUTE)}`);
    expect(after).toMatchObject({ missing: 7, balanced: false, problems: [expect.stringMatching(/^7 messages/)] });
    expect(after.data.map(({ gaps }) => gaps)).toEqual([null, null, null]);

    // One has seen it: the loss is said where it was seen, and it can only be that partition's.
    expect(bench.actors[1]!.miss(31, 37)).toBe(7);
    const seen = await bench.get(`from=${iso(T0 + 2 * MINUTE)}`);
    expect(seen).toMatchObject({ missing: 7, balanced: false, problems: [] });
    expect(seen.data.map(({ gaps }) => gaps)).toEqual([0, 7, 0]);
    expect(seen.data[1]?.problems).toEqual([expect.stringContaining('messages 31 to 37 of the stream')]);
  });

  it('names a row of the table that is gone, and what stands for it', async () => {
    for (let minute = 0; minute < 9; minute++)
      for (const partition of [0, 1, 2]) bench.send(partition, T0 + minute * MINUTE);
    bench.rest(T0 + 20 * MINUTE);
    const query = `from=${iso(T0)}&to=${iso(T0 + 3 * MINUTE)}`;
    expect((await bench.get(query)).data[2]).toMatchObject({ messages: { taken: 3 }, balanced: true });
    await database.client.command({
      query: `ALTER TABLE hourglass.ledger_facts DELETE WHERE partition = 2 AND at = '2026-11-23 12:03:00' SETTINGS mutations_sync = 2`,
    });
    const { data, balanced } = await bench.get(query);
    expect(balanced).toBe(false);
    expect(data[2]).toMatchObject({ to: iso(T0 + 4 * MINUTE), messages: { taken: 4 } });
    expect(data[2]?.problems).toEqual([
      'ledger_facts has lost its row of 2026-11-23T12:03:00.000Z: the nearest that is there stands for it',
    ]);
    expect(data[1]).toMatchObject({ messages: { taken: 3 }, balanced: true });
  });

  it('is the same in GraphQL', async () => {
    for (let i = 0; i < 60; i++) bench.send(i % PARTITIONS, T0 + i * 20_000, 1 + (i % 3));
    bench.rest(T0 + 30 * MINUTE);
    const api = await bench.api();
    for (const [from, to] of [
      [T0 + 2 * MINUTE, T0 + 9 * MINUTE],
      [T0 + 5 * MINUTE, undefined],
    ]) {
      const { data, ...whole } = await api.get<Answer>(
        `/v1/ledger?from=${iso(from!)}${to === undefined ? '' : `&to=${iso(to)}`}`,
      );
      const query = `query ($from: DateTime, $to: DateTime) { ledgerOfTime(from: $from, to: $to) {
        from to balanced missing problems
        partitions { partition from to messages { taken used duplicate rejected } readings { counted late rejected }
          gaps problems balanced }
      } }`;
      const answer = await api.request('/graphql', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ query, variables: { from: iso(from!), to: to === undefined ? null : iso(to) } }),
      });
      expect(data.some(({ messages }) => messages.used > 0)).toBe(true);
      expect(await answer.json()).toEqual({ data: { ledgerOfTime: { ...whole, partitions: data } } });
    }
    const wrong = await api.request('/graphql?query={ledgerOfTime(from:"2026-11-24",to:"2026-11-23"){balanced}}');
    expect(await wrong.json()).toMatchObject({ errors: [{ message: '`from` is after `to`.' }] });
  });
});
