import { Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { TestBroker } from '../../../test/support/nats.ts';
import { until } from '../../../test/support/until.ts';
import { systemClock } from '../../model/clock.ts';
import { EnvironmentError, RegistryConflict } from '../../model/errors.ts';
import { readConfig } from '../../model/config.ts';
import { REGISTRY_BUCKET, type RegistryEntry, type SensorEntry } from '../../model/registry.ts';
import { connectNats } from '../connections.ts';
import { ensureTopology } from '../topology.ts';
import { NatsRegistry } from './nats-registry.ts';

const MS_MAX = 30_000;

let broker: TestBroker;
let nc: NatsConnection;
let warnings: string[];
const opened: NatsRegistry[] = [];
beforeAll(async () => {
  broker = await TestBroker.start();
}, 30_000);
afterAll(() => broker.stop());
beforeEach(async () => {
  warnings = [];
  nc = await connectNats(broker.url, 'test');
  await ensureTopology(nc, readConfig({}));
});
afterEach(async () => {
  for (const registry of opened.splice(0)) await registry.close();
  await new Kvm(nc).open(REGISTRY_BUCKET).then((kv) => kv.destroy());
  await nc.close();
});

async function open(): Promise<NatsRegistry> {
  const registry = await NatsRegistry.open(nc, systemClock, { warn: (text) => warnings.push(text) });
  opened.push(registry);
  return registry;
}

const sensorOf = (sensor: string, name: string | null = null): SensorEntry => ({
  of: 'sensor',
  city: 'lisbon',
  district: 'alfama',
  kind: 'air',
  sensor,
  name,
  owner: null,
  location: { type: 'Point', coordinates: [-9.13, 38.71] },
  units: { temp: '[degF]' },
});
const city = (name: string): RegistryEntry => ({ of: 'city', city: 'lisbon', name, timeZone: 'Europe/Lisbon' });

it('what is written is read at once, by others soon, and by those who come later', async () => {
  const [one, other] = [await open(), await open()];
  const names = ['urn:dev:mac:0024befffe804ff1', 's.1/x*>', 'Ünï côde \u{1F600}', 'a'.repeat(256)];
  for (const name of names) await one.write(sensorOf(name));
  for (const name of names) expect(one.sensor(sensorOf(name))?.entry).toEqual(sensorOf(name));
  await until('the other has them', MS_MAX, () => other.size === names.length);
  const later = await open();
  expect(later.sensors({}, null, 10)).toEqual(one.sensors({}, null, 10));
  await one.erase(sensorOf('s.1/x*>'), one.sensor(sensorOf('s.1/x*>'))?.revision ?? 0);
  expect(one.size).toBe(3);
  await until('the others know that it is gone', MS_MAX, () => other.size === 3 && later.size === 3);
  expect((await open()).size).toBe(3);
});

it('of two who write on the same state one succeeds', async () => {
  const [one, other] = [await open(), await open()];
  const revision = await one.write(city('Lisbon'), null);
  await expect(other.write(city('Lissabon'), null)).rejects.toThrow(RegistryConflict);
  const results = await Promise.allSettled([one.write(city('A'), revision), other.write(city('B'), revision)]);
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  await expect(one.erase(city(''), revision)).rejects.toThrow(RegistryConflict);
  await until('both know the one', MS_MAX, () => {
    const [a, b] = [one.city('lisbon'), other.city('lisbon')];
    return a !== null && a.revision > revision && a.revision === b?.revision && a.entry.name === b.entry.name;
  });
  // What was removed can be made again.
  await one.erase(city(''), one.city('lisbon')?.revision ?? 0);
  expect(one.city('lisbon')).toBeNull();
  await one.write(city('Again'), null);
  expect(one.city('lisbon')?.entry.name).toBe('Again');
});

it('what is no entry is passed over, and said once', async () => {
  const kv = await new Kvm(nc).open(REGISTRY_BUCKET);
  await kv.put('city.lisbon', '{"version":1,"entry":{"of":"city","city":"lisbon","name":"x","timeZone":"Nowhere"}}');
  await kv.put('what', 'ever');
  const registry = await open();
  await kv.put('what', 'ever');
  await registry.write({ of: 'metric', metric: 'temp', name: null, unit: 'Cel' });
  expect(registry.size).toBe(1);
  await until('it was said', MS_MAX, () => warnings.length === 2);
  expect(warnings[0]).toContain('city.lisbon');
});

it('many entries are written at once', async () => {
  const [one, other] = [await open(), await open()];
  const entries = Array.from({ length: 5_000 }, (_, at) => sensorOf(`s-${String(at)}`));
  await one.writeAll(entries);
  expect(one.size).toBe(5_000);
  await until('the other has all', MS_MAX, () => other.size === 5_000);
});

it('without its bucket it says what to do', async () => {
  await new Kvm(nc).open(REGISTRY_BUCKET).then((kv) => kv.destroy());
  await expect(open()).rejects.toThrow(EnvironmentError);
  await ensureTopology(nc, readConfig({}));
});

it('a broker that dies and comes back has it all, and its changes are heard again', async () => {
  const registry = await open();
  await registry.write(city('Lisbon'));
  await broker.kill();
  await expect(registry.write(city('Lost'))).rejects.toThrow(EnvironmentError);
  expect(registry.city('lisbon')).not.toBeNull();
  await broker.start();
  const other = await connectNats(broker.url, 'other');
  const writer = await NatsRegistry.open(other, systemClock, { warn: () => undefined });
  await writer.write(city('Back'));
  await until('the change is heard', 60_000, () => registry.city('lisbon')?.entry.name === 'Back');
  await writer.close();
  await other.close();
}, 120_000);
