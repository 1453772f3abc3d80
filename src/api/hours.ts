/**
 * Ranges of hours and days, and what the cluster says about which of them are final.
 *
 * Boundary: arithmetic on hour indexes; `from` is inclusive and `to` exclusive, both compared with an hour's beginning.
 */
import type { ClusterView } from '../model/cluster.ts';
import { HOUR_MS } from '../model/hour.ts';
import { TABLE_HOURS_MAX } from '../model/limits.ts';
import { Problem } from './problem.ts';

/**
 * The periods (hours or days, as indexes since 1970) that begin in a range of times.
 * @throws {Problem} 400 where `from` is after `to`.
 */
export function periodsOf(
  range: { from?: number | undefined; to?: number | undefined },
  periodHours: number,
): { from: number; to: number } {
  const { from = 0, to = Infinity } = range;
  if (from > to) {
    throw new Problem(400, '`from` is after `to`.', { members: { errors: [{ path: 'from', message: 'after `to`' }] } });
  }
  const max = Math.floor(TABLE_HOURS_MAX / periodHours);
  const index = (ms: number): number => Math.min(max, Math.max(0, Math.ceil(ms / (periodHours * HOUR_MS))));
  return { from: index(from), to: index(to) };
}

/** The first hour that is not final. */
export function finalHour(cluster: ClusterView): number {
  return Math.floor(cluster.finalThroughMs() / HOUR_MS);
}

/** The first hour that the watermark has not passed. */
export function openHour(cluster: ClusterView): number {
  return Math.floor(cluster.watermarkMs() / HOUR_MS);
}

/** Headers of every answer about hours. */
export function hourHeadersOf(cluster: ClusterView): Readonly<Record<string, string>> {
  return {
    'Hourglass-Watermark': new Date(cluster.watermarkMs()).toISOString(),
    'Hourglass-Final-Through': new Date(cluster.finalThroughMs()).toISOString(),
  };
}
