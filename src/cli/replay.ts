/** `hourglass replay`: recorded readings from a file, published in file order. */
import { statSync } from 'node:fs';
import { SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError, Option } from 'commander';
import { systemClock } from '../model/clock.ts';
import { readConfig } from '../model/config.ts';
import { ConfigError } from '../model/errors.ts';
import { FRAME_READINGS_MAX } from '../model/limits.ts';
import type { Format } from '../publish/message-builder.ts';
import type { Published } from '../publish/publisher.ts';
import { replayFile } from '../publish/replay.ts';
import { connectNats } from '../runtime/connections.ts';
import { brokerUrl } from './endpoints.ts';
import { EXIT } from './exit-codes.ts';
import { openLogs } from './logs.ts';
import { listenForShutdown } from './signals.ts';
import { openTerminal } from './terminal.ts';

interface Flags {
  city: string;
  district: string;
  kind: string;
  source: string;
  format: Format;
  batch?: number;
  rate?: number;
  msgId?: true;
}

/** Readings of one message where nothing else is said. */
const BATCH: Record<Format, number> = { senml: 100, frame: 500 };

export function replayCommand(): Command {
  return new Command('replay')
    .description('Publish recorded readings (time,sensor,metric,value) in file order, each acknowledged')
    .argument('<file>', 'CSV file, plain or gzip')
    .requiredOption('--city <name>', 'city of the subjects')
    .requiredOption('--district <name>', 'district of the subjects')
    .requiredOption('--kind <name>', 'kind of the subjects: air, weather, traffic, ...')
    .option('--source <name>', 'the publisher; `sensor`: each sensor is its own', 'replay')
    .addOption(new Option('--format <format>', 'payload').choices(['senml', 'frame']).default('senml'))
    .option(
      '--batch <n>',
      'readings of one message at most (default: 100 in SenML, 500 in frames)',
      wholeNumber(1, FRAME_READINGS_MAX),
    )
    .option('--rate <n>', 'readings a second (default: as fast as the broker takes them)', wholeNumber(1, 1e9))
    .option('--msg-id', 'add Nats-Msg-Id: the same file again, within the duplicate window, counts once')
    .addHelpText(
      'after',
      `
A message that was not acknowledged is sent again and counts once (Hourglass-Seq); a second replay counts again.

Examples:
  $ hourglass replay traffic.csv.gz --city aarhus --district centre --kind traffic
  $ hourglass replay air.csv --city lisbon --district alfama --kind air --source sensor --rate 5000
  $ hourglass replay meters.csv.gz --city london --district east --kind power --format frame --batch 1000 --msg-id`,
    )
    .action(replay);
}

async function replay(file: string, flags: Flags): Promise<void> {
  const config = readConfig(process.env);
  const fileBytes = sizeOf(file);
  const { city, district, kind, source, format } = flags;
  const terminal = openTerminal(process.stderr);
  const logs = openLogs(null, terminal);
  const shutdown = listenForShutdown();
  const bar = progressBar(fileBytes);
  const startMs = systemClock.monotonicMs();
  const nc = await connectNats(brokerUrl(config), 'hourglass/replay');
  try {
    const published = await replayFile({ nc, clock: systemClock, log: logs }, file, {
      to: { city, district, kind, source: source === 'sensor' ? 'sensor' : { name: source } },
      format,
      batch: flags.batch ?? BATCH[format],
      rate: flags.rate,
      withMessageIds: flags.msgId === true,
      signal: shutdown.signal,
      onProgress: (bytes, so) => bar?.update(bytes, { readings: count(so.readings) }),
    });
    bar?.stop();
    console.log(summary(published, (systemClock.monotonicMs() - startMs) / 1_000));
  } finally {
    bar?.stop();
    await nc.close();
  }
  if (!shutdown.signal.aborted) return;
  console.error('stopped before the end of the file');
  process.exitCode = shutdown.signal.reason === 'SIGINT' ? EXIT.interrupted : EXIT.terminated;
}

function progressBar(fileBytes: number): SingleBar | null {
  if (!process.stderr.isTTY) return null;
  const bar = new SingleBar({
    format: '{bar} {percentage} % · {readings} readings · {eta_formatted} left',
    stream: process.stderr,
    hideCursor: true,
    gracefulExit: false,
  });
  bar.start(fileBytes, 0, { readings: '0' });
  return bar;
}

function summary({ readings, messages, duplicates }: Published, seconds: number): string {
  const again = duplicates === 0 ? '' : `, ${count(duplicates)} messages were there already`;
  const rate = count(Math.round(readings / Math.max(seconds, 0.001)));
  return `${count(readings)} readings in ${count(messages)} messages acknowledged in ${seconds.toFixed(1)} s (${rate} readings/s)${again}`;
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`cannot open ${file}: ${reason}`, 'Give the path of a CSV file, plain or gzip.');
  }
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Give a whole number from ${String(min)} to ${String(max)}.`);
  };
}

function count(value: number): string {
  return value.toLocaleString('en');
}
