import { Kvm } from '@nats-io/kv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestBroker } from '../../test/support/nats.ts';
import { readConfig } from '../model/config.ts';
import type { Area, Position } from '../model/geojson.ts';
import {
  bucketKey,
  decodeEntry,
  encodeEntry,
  REGISTRY_BUCKET,
  REGISTRY_NOTE_PREFIX,
  type RegistryEntry,
} from '../model/registry.ts';
import { connectNats } from '../runtime/connections.ts';
import { ensureTopology } from '../runtime/topology.ts';
import { DISTRICTS, KINDS } from './city-model.ts';
import { isWithin, shapesOf } from './district-map.ts';
import { AARHUS_MAP, METROPOLIS_MAP } from './maps.ts';
import { publishRegistry } from './registry-publisher.ts';
import { aarhusEntries, metricEntries, metropolisEntries } from './registry.ts';
import { sampleMessages, sampleSensors } from './sample.ts';

const { signal } = new AbortController();
const AARHUS_DISTRICTS = 5;
const ringOf = (shape: Area | null | undefined): Position[] =>
  shape?.type === 'Polygon' ? (shape.coordinates[0] ?? []) : [];
const sidesOf = (ring: readonly Position[]): [string, string][] =>
  ring.slice(1).map((to, at) => [String(ring[at]), String(to)]);
const surface = (ring: readonly Position[]): number =>
  ring.reduce((sum, [x = 0, y = 0], at) => {
    const [nextX = 0, nextY = 0] = ring[(at + 1) % ring.length] ?? [];
    return sum + (x * nextY - nextX * y) / 2;
  }, 0);

describe.each([
  ['metropolis', METROPOLIS_MAP, 6],
  ['aarhus', AARHUS_MAP, AARHUS_DISTRICTS],
])('the map of %s', (_, sheet, districts) => {
  const rings = [...shapesOf(sheet).values()].map(ringOf);

  it('has its districts side by side: each border within the city belongs to two, and they go opposite ways along it', () => {
    expect(rings).toHaveLength(districts);
    const sides = rings.flatMap(sidesOf).map(([from, to]) => `${from} ${to}`);
    expect(new Set(sides).size).toBe(sides.length);
    const shared = rings.flatMap(sidesOf).filter(([from, to]) => sides.includes(`${to} ${from}`));
    expect(shared.length).toBeGreaterThan(sides.length / 4);
    // What is left is the city's own outline: one closed line.
    const outline = new Map(rings.flatMap(sidesOf).filter(([from, to]) => !sides.includes(`${to} ${from}`)));
    const [start = ''] = outline.keys();
    let steps = 0;
    for (let at = start; steps === 0 || at !== start; steps++) at = outline.get(at) ?? '';
    expect(steps).toBe(outline.size);
  });

  it('has rings that go counterclockwise and do not lie on each other', () => {
    for (const ring of rings) expect(surface(ring)).toBeGreaterThan(0);
    const [west = 0, south = 0] = sheet.corner;
    const [stepX = 0, stepY = 0] = sheet.step;
    for (let x = 0.37; x < 100; x += 1.7)
      for (let y = 0.41; y < 80; y += 1.3) {
        const within = rings.filter((ring) => isWithin(ring, west + x * stepX, south + y * stepY));
        expect(within.length).toBeLessThanOrEqual(1);
      }
  });
});

it('every sensor of the cities has an entry, stands within its district, and every metric has a unit', async () => {
  const sample = await sampleSensors(signal);
  const entries = [...metropolisEntries(), ...aarhusEntries(sample)];
  const shapes = new Map(
    entries.flatMap((entry) =>
      entry.of === 'district' ? [[`${entry.city}/${entry.district}`, ringOf(entry.shape)] as const] : [],
    ),
  );
  const sensors = entries.filter((entry) => entry.of === 'sensor');
  expect(sensors).toHaveLength(DISTRICTS.length * KINDS.reduce((sum, kind) => sum + kind.sensorsPerDistrict, 0) + 100);
  for (const { city, district, location } of sensors) {
    const [x = NaN, y = NaN] = location?.coordinates ?? [];
    expect(isWithin(shapes.get(`${city}/${district}`) ?? [], x, y)).toBe(true);
  }
  // Aarhus: the districts that the readings have.
  const spoken = new Set<string>();
  for await (const { subject } of sampleMessages(signal)) {
    spoken.add(subject.split('.')[2] ?? '');
    if (spoken.size === AARHUS_DISTRICTS) break;
  }
  expect(new Set(sample.map(({ district }) => district))).toEqual(spoken);

  const metrics = new Set(metricEntries().map((entry) => (entry.of === 'metric' ? entry.metric : '')));
  for (const metric of KINDS.flatMap((kind) => kind.metrics)) expect(metrics).toContain(metric);
  for (const entry of [...entries, ...metricEntries()]) expect(decodeEntry(encodeEntry(entry))).toEqual(entry);
});

describe('in the bucket', () => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await TestBroker.start();
  }, 30_000);
  afterAll(() => broker.stop());

  it('the entries are written once; what an operator has written or removed stays so', async () => {
    const nc = await connectNats(broker.url, 'test');
    await ensureTopology(nc, readConfig({}));
    const kv = await new Kvm(nc).open(REGISTRY_BUCKET);
    const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
    const mine: RegistryEntry = { of: 'city', city: 'aarhus', name: 'Mine', timeZone: 'UTC' };
    await kv.put(bucketKey(mine), encodeEntry(mine));

    await publishRegistry({ nc, log }, signal);
    const keys = async (): Promise<string[]> => {
      const found: string[] = [];
      for await (const key of await kv.keys()) if (!key.startsWith(REGISTRY_NOTE_PREFIX)) found.push(key);
      return found;
    };
    expect(await keys()).toHaveLength(
      metricEntries().length + metropolisEntries().length + aarhusEntries(await sampleSensors(signal)).length,
    );
    expect(decodeEntry((await kv.get(bucketKey(mine)))?.value ?? Buffer.of())).toEqual(mine);

    const gone = bucketKey({ of: 'district', city: 'metropolis', district: 'hills' });
    await kv.delete(gone);
    await publishRegistry({ nc, log }, signal);
    expect((await kv.get(gone))?.operation).toBe('DEL');
    await nc.close();
  }, 60_000);
});
