/** Hours as the program's database shows them. Boundary: tests only. */
import type { Hours } from './expected-hours.ts';
import type { Program } from './program.ts';
import { until } from './until.ts';

export async function readFound(program: Program, city: string): Promise<Hours> {
  const rows = await program.query<[string, string, string, number, number, number, number]>(
    `SELECT sensor, metric, formatDateTime(hour, '%Y-%m-%dT%H:00:00Z'), count, sum, min, max
     FROM hourglass.hourly WHERE city = '${city}'`,
  );
  return new Map(
    rows.map(([sensor, metric, hour, count, sum, min, max]) => [
      `${sensor}|${metric}|${hour}`,
      { count, sum, min, max },
    ]),
  );
}

/** Resolves when every message of the stream has been taken, and what was counted can be read. */
export async function settled(program: Program, msMax = 60_000): Promise<void> {
  const nc = await program.nats();
  try {
    const stream = await nc.request('$JS.API.STREAM.INFO.READINGS');
    const { state } = stream.json<{ state: { last_seq: number } }>();
    await until('all messages are taken', msMax, async () => {
      const { data } = await program.get<{ data: { position: number | null }[] }>('/v1/admin/partitions');
      return data.every(({ position }) => (position ?? 0) > state.last_seq);
    });
  } finally {
    await nc.close();
  }
  await program.flush();
}

export interface Ledger {
  readonly missing: number | null;
  readonly problems: readonly string[];
  readonly balanced: boolean;
  readonly data: readonly {
    readonly partition: number;
    readonly owner: string | null;
    readonly gaps: number | null;
    readonly problems: readonly string[];
    readonly balanced: boolean;
    readonly messages: { taken: number; used: number; duplicate: number; rejected: number };
    readonly readings: { counted: number; late: number; rejected: number; sealed: number; open: number };
  }[];
}

/** The books, summed over partitions. */
export async function readLedger(program: Program): Promise<{ balanced: boolean } & Record<string, number | boolean>> {
  const { balanced, data } = await program.get<Ledger>('/v1/ledger');
  const sum = (of: (row: Ledger['data'][number]) => number): number => data.reduce((total, row) => total + of(row), 0);
  return {
    balanced,
    messages: sum(({ messages }) => messages.taken),
    used: sum(({ messages }) => messages.used),
    duplicate: sum(({ messages }) => messages.duplicate),
    rejectedMessages: sum(({ messages }) => messages.rejected),
    counted: sum(({ readings }) => readings.counted),
    late: sum(({ readings }) => readings.late),
    rejected: sum(({ readings }) => readings.rejected),
  };
}
