import { describe, expect, it } from 'vitest';
import { REST_CALM_MS, REST_MS_MAX, REST_MS_MIN } from '../../model/limits.ts';
import { Rest } from './rest.ts';

describe('the rest of a member that loses its lease', () => {
  it('is none for the first loss', () => {
    const rest = new Rest();
    expect(rest.isOver(0)).toBe(true);
    rest.leaseLost(1_000);
    expect({ isOver: rest.isOver(1_000), lengthMs: rest.lengthMs }).toEqual({ isOver: true, lengthMs: 0 });
  });

  it('doubles with each loss soon after, to a bound', () => {
    const rest = new Rest();
    const lengths: number[] = [];
    let nowMs = 0;
    for (let i = 0; i < 8; i++) {
      rest.leaseLost(nowMs);
      lengths.push(rest.lengthMs);
      if (rest.lengthMs > 0) expect(rest.isOver(nowMs + rest.lengthMs - 1)).toBe(false);
      nowMs += rest.lengthMs + REST_CALM_MS;
      expect(rest.isOver(nowMs)).toBe(true);
    }
    expect(lengths.slice(0, 4)).toEqual([0, REST_MS_MIN, 2 * REST_MS_MIN, 4 * REST_MS_MIN]);
    expect(lengths.at(-1)).toBe(REST_MS_MAX);
  });

  it('is forgotten after a calm time', () => {
    const rest = new Rest();
    rest.leaseLost(0);
    rest.leaseLost(1);
    rest.leaseLost(1 + REST_MS_MIN + REST_CALM_MS + 1);
    expect(rest.lengthMs).toBe(0);
  });
});
