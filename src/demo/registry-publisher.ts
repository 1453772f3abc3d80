/**
 * Writes what the registry says of the demo's cities, once per bucket.
 *
 * Boundary: creates what is not there; what an operator has written, or later removes, stays as it is. A note in the bucket says that
 * it was done.
 */
import { Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { REGISTRY_WRITES_IN_FLIGHT_MAX } from '../model/limits.ts';
import type { Log } from '../model/log.ts';
import {
  bucketKey,
  encodeEntry,
  REGISTRY_BUCKET,
  REGISTRY_NOTE_PREFIX,
  type RegistryEntry,
} from '../model/registry.ts';
import { aarhusEntries, metricEntries, metropolisEntries } from './registry.ts';
import { sampleSensors } from './sample.ts';

const DONE_NOTE = `${REGISTRY_NOTE_PREFIX}demo`;

export async function publishRegistry(
  { nc, log }: { nc: NatsConnection; log: Log },
  signal: AbortSignal,
): Promise<void> {
  const kv = await new Kvm(nc).open(REGISTRY_BUCKET);
  if ((await kv.get(DONE_NOTE)) !== null) return;
  const entries = [...metricEntries(), ...metropolisEntries(), ...aarhusEntries(await sampleSensors(signal))].values();
  let made = 0;
  const writer = async (): Promise<void> => {
    for (const entry of entries) {
      if (signal.aborted) return;
      if (await create(entry)) made += 1;
    }
  };
  const create = async (entry: RegistryEntry): Promise<boolean> => {
    const key = bucketKey(entry);
    try {
      await kv.create(key, encodeEntry(entry));
      return true;
    } catch (error) {
      // Somebody has written it, or the broker has refused: only the first is as it should be.
      if ((await kv.get(key)) === null) throw error;
      return false;
    }
  };
  await Promise.all(Array.from({ length: REGISTRY_WRITES_IN_FLIGHT_MAX }, writer));
  if (signal.aborted) return;
  await kv.put(DONE_NOTE, '');
  log.debug(`the demo has written ${String(made)} entries of the registry`);
}
