/** Consume and aggregate a backlog, beside a bare consumer of the same stream that only counts. */
import { READINGS_STREAM } from '../src/runtime/message-source.ts';
import { aggregate } from './aggregate.ts';
import { type Filled, fillFrames, fillSingles } from './fill.ts';
import { type Benchmark, type Figure, ratios, type Size } from './harness.ts';
import { consumeBare, drainRaw } from './processes.ts';
import { Servers } from './servers.ts';

const SIZES: Record<Size, { singles: number; frames: number; series: number; rounds: number }> = {
  tiny: { singles: 2_000, frames: 40, series: 10_000, rounds: 2 },
  small: { singles: 1_000_000, frames: 6_000, series: 200_000, rounds: 3 },
  full: { singles: 2_000_000, frames: 60_000, series: 200_000, rounds: 5 },
};

export const consume: Benchmark = {
  name: 'consume',
  async run(size, say) {
    const { singles, frames, series, rounds } = SIZES[size];
    const servers = await Servers.start();
    const figures: Figure[] = [];
    try {
      for (const [what, fill] of [
        ['single readings (SenML)', () => fillSingles(servers, singles)],
        ['the same with headers', () => fillSingles(servers, singles, true)],
        ['frames of 500', () => fillFrames(servers, frames, series)],
      ] as const) {
        await servers.fresh({ keepReadings: false });
        const filled = await fill();
        say(`${what}: ${filled.readings.toLocaleString('en')} readings are in the stream`);
        figures.push(...(await compare(servers, filled, rounds, what, say)));
      }
    } finally {
      await servers.stop();
    }
    return {
      name: 'consume',
      about: `A backlog in a file-backed stream, read by Hourglass (one worker thread; decoding, windows, ledger, checkpoints every 2 s, rows to ClickHouse) and, in turn, by a nats.js \`consume()\` that only counts (ordered consumer, max_messages 16,384 or 32 MiB, refilled at half). Broker, database and reader share the machine. Counts and sums are checked in the tables after each round. ${singles.toLocaleString('en')} messages of one reading over 10,000 series, without headers and with Content-Type and Hourglass-Seq; ${frames.toLocaleString('en')} frames over ${series.toLocaleString('en')} series. Not measured: more worker threads, a broker on another machine.`,
      figures,
    };
  },
};

async function compare(
  servers: Servers,
  filled: Filled,
  rounds: number,
  what: string,
  say: (text: string) => void,
): Promise<Figure[]> {
  const bare: number[] = [];
  const ours: number[] = [];
  const raw: number[] = [];
  const bareCpu: number[] = [];
  const ourCpu: number[] = [];
  const { state } = await servers.jsm.streams.info(READINGS_STREAM);
  const messageBytes = Math.ceil(state.bytes / state.messages);
  for (let round = 1; round <= rounds; round++) {
    const counted = await consumeBare(servers.embedded.natsUrl, filled.messages, messageBytes);
    const perMessage = filled.readings / filled.messages;
    const drained = await drainRaw(servers.embedded.natsUrl, filled.messages);
    raw.push((drained.messages * perMessage * 1_000) / drained.ms);
    bare.push((counted.messages * perMessage * 1_000) / counted.ms);
    bareCpu.push((counted.cpuMs * 1e6) / filled.readings);
    const { readingsPerSecond, cpuNsPerReading } = await aggregate(servers, filled);
    ours.push(readingsPerSecond);
    ourCpu.push(cpuNsPerReading);
    say(
      `${what}, round ${String(round)}: ${Math.round(readingsPerSecond).toLocaleString('en')} readings/s, the bare consumer ${Math.round(bare.at(-1) ?? 0).toLocaleString('en')}, the raw socket ${Math.round(raw.at(-1) ?? 0).toLocaleString('en')}`,
    );
  }
  return [
    { what: `${what}: Hourglass`, unit: 'readings/s', values: ours },
    { what: `${what}: bare consumer`, unit: 'readings/s', values: bare },
    { what: `${what}: raw socket`, unit: 'readings/s', values: raw },
    { what: `${what}: ratio to the bare consumer`, unit: '', values: ratios(ours, bare) },
    { what: `${what}: ratio to the raw socket`, unit: '', values: ratios(ours, raw) },
    { what: `${what}: Hourglass, CPU of the process`, unit: 'ns a reading', values: ourCpu },
    { what: `${what}: bare consumer, CPU of the process`, unit: 'ns a reading', values: bareCpu },
  ];
}
