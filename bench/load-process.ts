/**
 * An open loop of GET requests: each is sent at its due time, whatever the others do.
 *
 * Job: a process of its own, so that neither the API nor the benchmark delays what is due. Connections are kept alive and as
 * many as are needed. Boundary: sends, and measures; what is asked is the parent's.
 * Before its clock starts it asks for /healthz some hundred times: its own code has run then, and the first connections are open. Without,
 * what this process takes to begin counted as the API's lateness: 0.3 s of ten seconds' load, more than one answer in a hundred.
 * A latency counts from the due time to the last byte, so that a request which waited for its turn here or there is as late as
 * it is to whoever asked (no coordinated omission). A request without an answer by the end counts as that late.
 */
import { Agent, get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { LoadPlan, LoadResult } from './load.ts';

/** Time for the last answers. */
const ANSWER_MS_MAX = 10_000;
const WARM_UP_REQUESTS = 500;
const WARM_UP_CONNECTIONS = 8;

process.once('message', (plan) => void load(plan as LoadPlan).then(send));

process.on('disconnect', () => process.exit(1));

function send(result: LoadResult): void {
  process.send?.(result, () => process.exit(0));
}

async function load({ url, key, paths, perSecond }: LoadPlan): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  const statuses: Record<string, number> = {};
  const latenciesMs = paths.map(() => NaN);
  /** Due times of requests without their answer, by place. */
  const underWay = new Map<number, number>();
  let underWayMost = 0;
  let bytes = 0;
  await Promise.all(Array.from({ length: WARM_UP_CONNECTIONS }, () => warmUp(agent, url)));
  const startMs = performance.now() + 50;
  const ask = (path: string, at: number, dueMs: number): void => {
    const done = (status: string): void => {
      if (!underWay.delete(at)) return;
      latenciesMs[at] = performance.now() - dueMs;
      statuses[status] = (statuses[status] ?? 0) + 1;
    };
    underWay.set(at, dueMs);
    underWayMost = Math.max(underWayMost, underWay.size);
    const request = get(`${url}${path}`, { agent, headers: { 'X-API-Key': key } }, (response) => {
      response.on('data', (part: Buffer) => (bytes += part.length));
      response.on('end', () => done(String(response.statusCode)));
      response.on('error', () => done('broken'));
    });
    request.on('error', () => done('broken'));
  };
  for (const [at, path] of paths.entries()) {
    const dueMs = startMs + (at * 1_000) / perSecond;
    // A timer may go off a moment too soon.
    for (let aheadMs = dueMs - performance.now(); aheadMs > 0; aheadMs = dueMs - performance.now())
      await pause(aheadMs);
    ask(path, at, dueMs);
  }
  const endMs = performance.now() + ANSWER_MS_MAX;
  while (underWay.size > 0 && performance.now() < endMs) await pause(5);
  const nowMs = performance.now();
  for (const [at, dueMs] of underWay) latenciesMs[at] = nowMs - dueMs;
  if (underWay.size > 0) statuses['no answer'] = underWay.size;
  agent.destroy();
  return { latenciesMs, statuses, underWayMost, bytes };
}

/** One request after the other. */
async function warmUp(agent: Agent, url: string): Promise<void> {
  for (let at = 0; at < WARM_UP_REQUESTS / WARM_UP_CONNECTIONS; at++) {
    await new Promise<void>((done) => {
      const request = get(`${url}/healthz`, { agent }, (response) => response.resume().on('close', done));
      request.on('error', () => done());
    });
  }
}
