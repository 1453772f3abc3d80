/** What runs in a process of its own, so that its CPU and memory are its own. Boundary: starts it, talks to it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Sent back by a child: user and system time of all its threads, memory. */
export interface Usage {
  readonly cpuMs: number;
  readonly rssBytes: number;
  /** Heap and array buffers of the worker thread. */
  readonly threadBytes: number;
}

export interface BareResult {
  readonly messages: number;
  readonly bytes: number;
  /** From the first message to the last. */
  readonly ms: number;
  readonly cpuMs: number;
}

/** The bare consumer, from start to end. @param messageBytes of one message, as the broker sends it. */
export async function consumeBare(natsUrl: string, messages: number, messageBytes: number): Promise<BareResult> {
  const child = forkHere('bare-consumer', [natsUrl, String(messages), String(messageBytes)]);
  return await resultOf(child, 'bare-consumer');
}

/** The raw socket, from start to end; `filters`: of these subjects alone. */
export async function drainRaw(
  natsUrl: string,
  messages: number,
  filters: readonly string[] = [],
): Promise<BareResult> {
  const child = forkHere('raw-socket', [natsUrl, String(messages), ...filters]);
  return await resultOf(child, 'raw-socket');
}

async function resultOf(child: ChildProcess, name: string): Promise<BareResult> {
  const exited = once(child, 'exit');
  const result = (await answerOf(child, name)) as BareResult;
  await exited;
  return result;
}

/** Gives a child its plan, and resolves with its one answer. @throws where it ends without one. */
export async function askChild<Plan extends object, Result>(name: string, plan: Plan): Promise<Result> {
  const child = forkHere(name, []);
  const answer = answerOf(child, name);
  child.send(plan);
  return (await answer) as Result;
}

/** Not at its exit: a child exits before its last message is read. */
function answerOf(child: ChildProcess, name: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error(`${name} has ended without an answer`));
    child.once('disconnect', gone);
    child.once('message', (answer) => {
      child.off('disconnect', gone);
      resolve(answer);
    });
  });
}

/** A server with one route that does nothing. */
export class EmptyRoute {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  /** Resolves when it listens. */
  static async start(): Promise<EmptyRoute> {
    const child = forkHere('empty-route-process', []);
    const { url } = (await answerOf(child, 'empty-route-process')) as { url: string };
    return new EmptyRoute(url, child);
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }
}

export class NodeProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when every partition is read. */
  static async start(
    natsUrl: string,
    clickhouseUrl: string,
    disorderMs: number,
    {
      workers = 1,
      execArgv = [],
      env = {},
    }: { workers?: number; execArgv?: readonly string[]; env?: Readonly<Record<string, string>> } = {},
  ): Promise<NodeProcess> {
    const args = [natsUrl, clickhouseUrl, String(disorderMs), String(workers)];
    const child = forkHere('node-process', args, execArgv, env);
    await answerOf(child, 'node-process');
    return new NodeProcess(child);
  }

  /** @param what `memory` takes a second: the thread says its figures once in each. */
  async usage(what: 'cpu' | 'memory'): Promise<Usage> {
    const answer = answerOf(this.#child, 'node-process');
    this.#child.send(what);
    return (await answer) as Usage;
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.send('stop');
    await exited;
  }
}

function forkHere(
  name: string,
  args: string[],
  execArgv: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  const file = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  return fork(file, args, { execArgv: ['--expose-gc', ...execArgv], env: { ...process.env, ...env } });
}
