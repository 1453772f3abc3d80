import { expect, it } from 'vitest';
import { readConfig } from './config.ts';

it('HOURGLASS_WORKERS is a number, or bounds between which the threads follow the load', () => {
  const read = (text: string): object => {
    const { workers, autoWorkers } = readConfig({ HOURGLASS_WORKERS: text });
    return { workers, autoWorkers };
  };
  expect(read('3')).toEqual({ workers: 3, autoWorkers: null });
  expect(read('auto:2..8')).toEqual({ workers: 2, autoWorkers: { min: 2, max: 8 } });
  expect(read('auto')).toMatchObject({ workers: 1, autoWorkers: { min: 1 } });
  for (const bad of ['0', '1.5', 'many', 'auto:', 'auto:3..2', 'auto:0..2', 'auto:1..1000', 'auto:1-2'])
    expect(() => read(bad), bad).toThrow(/HOURGLASS_WORKERS=.*such as auto:1\.\.8/);
});
