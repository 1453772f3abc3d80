/** What the broker can give of some partitions: why worker threads read the stream without a filter. */
import { READINGS_STREAM } from '../src/runtime/message-source.ts';
import { fillSingles } from './fill.ts';
import type { Benchmark, Figure, Size } from './harness.ts';
import { drainRaw } from './processes.ts';
import { Servers } from './servers.ts';

const SIZES: Record<Size, { messages: number; rounds: number }> = {
  tiny: { messages: 2_000, rounds: 1 },
  small: { messages: 50_000, rounds: 2 },
  full: { messages: 100_000, rounds: 5 },
};

export const filters: Benchmark = {
  name: 'filters',
  async run(size, say) {
    const { messages, rounds } = SIZES[size];
    const servers = await Servers.start();
    const figures: Figure[] = [];
    try {
      const { partitions } = await servers.fresh({ keepReadings: false });
      await fillSingles(servers, messages);
      const all = Array.from({ length: partitions }, (_, partition) => `readings.${String(partition)}.>`);
      const choices = [
        ['no filter', []],
        ['every partition by one filter', ['readings.>']],
        ['every second partition, a filter each', all.filter((_, at) => at % 2 === 0)],
        ['every eighth partition, a filter each', all.filter((_, at) => at % 8 === 0)],
      ] as const;
      const taken = choices.map((): number[] => []);
      for (let round = 1; round <= rounds; round++) {
        for (const [at, [what, subjects]] of choices.entries()) {
          const wanted = await waiting(servers, subjects);
          const drained = await drainRaw(servers.embedded.natsUrl, wanted, subjects);
          taken[at]?.push((wanted * 1_000) / drained.ms);
          say(
            `round ${String(round)}, ${what}: ${Math.round((wanted * 1_000) / drained.ms).toLocaleString('en')} messages/s`,
          );
        }
      }
      for (const [at, [what]] of choices.entries()) figures.push({ what, unit: 'messages/s', values: taken[at] ?? [] });
    } finally {
      await servers.stop();
    }
    return {
      name: 'filters',
      about: `A raw socket drains ${messages.toLocaleString('en')} messages of 200 subjects in 64 partitions through a consumer without a filter, and with filters. To find the next message of some subjects the broker looks through all subjects of a block of the stream, for each message anew; how long that takes depends on how many subjects there are (with more of them than messages it looks at the messages instead).`,
      figures,
    };
  },
};

/** Messages of these subjects; of all where there are none. */
async function waiting(servers: Servers, subjects: readonly string[]): Promise<number> {
  const { state } = await servers.jsm.streams.info(READINGS_STREAM, { subjects_filter: '>' });
  if (subjects.length === 0) return state.messages;
  const roots = new Set(subjects.map((subject) => subject.slice(0, -1)));
  const isWanted = (subject: string): boolean =>
    roots.has('readings.') || roots.has(/^readings\.\d+\./.exec(subject)?.[0] ?? '');
  return Object.entries(state.subjects ?? {}).reduce(
    (sum, [subject, count]) => (isWanted(subject) ? sum + count : sum),
    0,
  );
}
