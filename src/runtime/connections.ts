/**
 * Connections to the broker and to the database, in one place with their settings.
 *
 * Boundary: connects; what is said over a connection is others' business.
 */
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { EnvironmentError } from '../model/errors.ts';
import { parseNatsUrl } from './nats-url.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const RECONNECT_WAIT_MS = 250;
/** The broker is asked for a sign of life this often; twice without one and the connection is made anew. */
const PING_INTERVAL_MS = 5_000;
/** One insert of a full block takes about a second here; a database under load takes longer. */
const REQUEST_TIMEOUT_MS = 60_000;

/** Reconnects for ever; the first connection must succeed. @throws {EnvironmentError} */
export async function connectNats(url: string, name: string): Promise<NatsConnection> {
  const { servers, credentials } = parseNatsUrl(url);
  try {
    return await connect({
      servers,
      ...credentials,
      name,
      timeout: CONNECT_TIMEOUT_MS,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_WAIT_MS,
      pingInterval: PING_INTERVAL_MS,
      maxPingOut: 2,
      // Otherwise each request makes two errors beforehand, with the caller's stack, for the case that it fails.
      noAsyncTraces: true,
    });
  } catch (cause) {
    throw new EnvironmentError(`cannot reach NATS at ${servers.join(', ')}`, 'Start it, or set HOURGLASS_NATS_URL.', {
      retry: true,
      cause,
    });
  }
}

/** @param requestMsMax longest time that an answer may take. */
export function connectClickhouse(url: string, requestMsMax = REQUEST_TIMEOUT_MS): ClickHouseClient {
  return createClient({
    url,
    application: 'hourglass',
    request_timeout: requestMsMax,
    keep_alive: { enabled: true },
    // Whoever asks has the error, and says what to do: the client would print it once more, over many lines.
    log: { level: ClickHouseLogLevel.OFF },
    compression: { request: false, response: false },
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0, date_time_input_format: 'best_effort' },
  });
}
