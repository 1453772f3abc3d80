import { describe, expect, it } from 'vitest';
import { GenerationCache } from './generation-cache.ts';

describe('the cache in two generations', () => {
  it('holds no more entries than allowed (invariant 13)', () => {
    const cache = new GenerationCache<number>({ entriesMax: 10 });
    for (let i = 0; i < 1000; i++) {
      cache.set(`k${i}`, i);
      expect(cache.size).toBeLessThanOrEqual(10);
    }
  });

  it('keeps what was used last, up to half of what is allowed', () => {
    const cache = new GenerationCache<number>({ entriesMax: 10 });
    for (let i = 0; i < 100; i++) cache.set(`k${i}`, i);
    for (let i = 95; i < 100; i++) expect(cache.get(`k${i}`)).toBe(i);
    expect(cache.get('k0')).toBeUndefined();
  });

  it('keeps what is asked for again and again', () => {
    const cache = new GenerationCache<number>({ entriesMax: 10 });
    cache.set('kept', 1);
    for (let i = 0; i < 100; i++) {
      cache.set(`k${i}`, i);
      expect(cache.get('kept')).toBe(1);
    }
  });

  it('holds no more weight than allowed and one value', () => {
    const cache = new GenerationCache<number>({ entriesMax: 1000, weightMax: 100 }, (weight) => weight);
    for (let i = 0; i < 50; i++) cache.set(`k${i}`, 10);
    expect(cache.size).toBeLessThanOrEqual(10);
    cache.set('k49', 10);
    cache.set('k49', 10);
    expect(cache.size).toBeLessThanOrEqual(10);
  });

  it('a value that has grown is weighed', () => {
    const cache = new GenerationCache<number>({ entriesMax: 1000, weightMax: 100 }, () => 1);
    cache.set('a', 1);
    cache.reweigh(60);
    cache.set('b', 1);
    cache.reweigh(60);
    expect(cache.get('b')).toBe(1);
    expect(cache.get('a')).toBeUndefined();
  });
});
