/** One line that says how the program is, for a person who watches. Boundary: figures in, text out. */
import type { ClusterView } from '../model/cluster.ts';
import type { NodeStats } from '../runtime/node.ts';

export class StatusLine {
  #readings = 0;
  #atMs = 0;
  #perSecond = 0;

  /** @param nowMs monotonic; the rate is that since the last call. */
  text(stats: NodeStats, cluster: ClusterView, nowMs: number): string {
    const { totals, threads, backlog } = stats;
    const { readingsCounted, readingsLate, readingsRejected } = totals;
    if (this.#atMs > 0 && nowMs > this.#atMs)
      this.#perSecond = (Math.max(0, readingsCounted - this.#readings) * 1_000) / (nowMs - this.#atMs);
    this.#readings = readingsCounted;
    this.#atMs = nowMs;
    const series = threads.reduce((sum, thread) => sum + thread.series, 0);
    const parts = [
      `${count(readingsCounted)} readings`,
      `${count(this.#perSecond)}/s`,
      `${count(series)} series`,
      `${count(readingsLate)} late`,
      `${count(readingsRejected + totals.messagesRejected)} rejected`,
      `backlog ${count(backlog)}`,
      `final through ${clock(cluster.finalThroughMs())}`,
    ];
    if (stats.restarts > 0) parts.push(`${count(stats.restarts)} restarts`);
    return parts.join(' · ');
  }
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function clock(ms: number): string {
  return ms === 0 ? '-' : `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
