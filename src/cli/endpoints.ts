/**
 * Where the servers are for a command that does not start them itself.
 *
 * Without a URL, the embedded servers of an `up` that runs on this machine are meant.
 */
import { embeddedMonitorUrl } from '../embedded/broker-monitor.ts';
import type { Config } from '../model/config.ts';

export function brokerUrl(config: Config): string {
  return config.natsUrl ?? `nats://127.0.0.1:${String(config.natsPort)}`;
}

export function databaseUrl(config: Config): string {
  return config.clickhouseUrl ?? `http://127.0.0.1:${String(config.clickhousePort)}`;
}

/** Where the broker tells about itself; null where that is not known. */
export function monitorUrl(config: Config): string | null {
  return config.natsUrl === null ? embeddedMonitorUrl(config.dataDir) : config.natsMonitorUrl;
}
