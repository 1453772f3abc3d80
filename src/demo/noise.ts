/**
 * Chance that is the same every time: a number in [0, 1) from whole numbers.
 *
 * Boundary: pure; 32-bit mixing (the finalizer of MurmurHash3), good enough for weather, not for secrets.
 */
export function chance(...keys: readonly number[]): number {
  let hash = 0x9e3779b9;
  for (const key of keys) {
    hash = mix(hash ^ mix(key | 0));
    // Times in ms have more than 32 bits.
    hash = mix(hash ^ Math.floor(key / 2 ** 32));
  }
  return (hash >>> 0) / 2 ** 32;
}

/** About normal, mean 0, deviation 1. */
export function bell(...keys: readonly number[]): number {
  return (chance(1, ...keys) + chance(2, ...keys) + chance(3, ...keys) - 1.5) * 2;
}

function mix(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
