import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketKey, decodeEntry, encodeEntry, type SensorEntry } from '../../model/registry.ts';
import { compareUtf8 } from '../../model/series-order.ts';
import { RegistryIndex } from './registry-index.ts';

const token = fc.constantFrom('a', 'B', 'a-b', '_', '0');
const sensorName = fc.constantFrom('s', 's.1', 'urn:dev:1', 'Ü', '\u{1F600}', '\uFFFD', '*', '>', 'a b', '%20', '"');
const sensor: fc.Arbitrary<SensorEntry> = fc.record({
  of: fc.constant('sensor'),
  city: token,
  district: token,
  kind: token,
  sensor: sensorName,
  name: fc.constant(null),
  owner: fc.constant(null),
  location: fc.constant(null),
  units: fc.constant({}),
});

const order = (a: SensorEntry, b: SensorEntry): number =>
  compareUtf8(a.city, b.city) ||
  compareUtf8(a.district, b.district) ||
  compareUtf8(a.kind, b.kind) ||
  compareUtf8(a.sensor, b.sensor);

describe('the index of the registry', () => {
  it('gives sensors in pages, each once, in the order of the bytes of their names', () => {
    const filter = fc.record({ city: token, district: token, kind: token }, { requiredKeys: [] });
    fc.assert(
      fc.property(
        fc.uniqueArray(sensor, { selector: bucketKey, maxLength: 60 }),
        filter,
        fc.integer({ min: 1, max: 9 }),
        (entries, wanted, limit) => {
          const index = new RegistryIndex();
          for (const [at, entry] of entries.entries()) index.put(entry, at + 1);
          const found: SensorEntry[] = [];
          for (;;) {
            const page = index.sensors(wanted, found.at(-1) ?? null, limit).map(({ entry }) => entry);
            found.push(...page);
            if (page.length < limit) break;
          }
          const matches = entries.filter((entry) =>
            (['city', 'district', 'kind'] as const).every(
              (key) => wanted[key] === undefined || wanted[key] === entry[key],
            ),
          );
          expect(found).toEqual(matches.sort(order));
        },
      ),
    );
  });

  it('takes changes in any order and any number of times: the newest stands', () => {
    const at = (revision: number): SensorEntry => ({
      of: 'sensor',
      city: 'a',
      district: 'b',
      kind: 'c',
      sensor: 's',
      name: String(revision),
      owner: null,
      location: null,
      units: {},
    });
    fc.assert(
      fc.property(
        fc.array(fc.record({ revision: fc.integer({ min: 1, max: 20 }), again: fc.boolean() }), { minLength: 1 }),
        (changes) => {
          // Even revisions put, odd ones remove.
          const index = new RegistryIndex();
          for (const { revision, again } of changes)
            for (let time = 0; time < (again ? 2 : 1); time++)
              if (revision % 2 === 0) index.put(at(revision), revision);
              else index.remove(bucketKey(at(revision)), revision);
          const newest = Math.max(...changes.map(({ revision }) => revision));
          const expected = newest % 2 === 0 ? { entry: at(newest), revision: newest } : null;
          expect(index.find(at(0))).toEqual(expected);
          expect(index.sensor(at(0))).toEqual(expected);
          expect(index.size).toBe(expected === null ? 0 : 1);
        },
      ),
    );
  });
});

it('a key is legal in a bucket whatever a sensor is called, and differs where names differ', () => {
  fc.assert(
    fc.property(sensor, sensor, (a, b) => {
      expect(bucketKey(a)).toMatch(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/);
      expect(bucketKey(a) === bucketKey(b)).toBe(order(a, b) === 0);
    }),
  );
});

it('the bytes of an entry have not changed (golden vector)', () => {
  const text = '{"version":1,"entry":{"of":"metric","metric":"pm2.5","name":"Fine dust","unit":"ug/m3"}}';
  const entry = { of: 'metric', metric: 'pm2.5', name: 'Fine dust', unit: 'ug/m3' } as const;
  expect(Buffer.from(encodeEntry(entry)).toString()).toBe(text);
  expect(decodeEntry(Buffer.from(text))).toEqual(entry);
  expect(bucketKey(entry)).toBe('metric.cG0yLjU');
  expect(() => decodeEntry(Buffer.from(text.replace('1', '2')))).toThrow('version');
});
