/**
 * Loaded into a worker node beside the program (`node --import`): on SIGUSR2, one of its worker threads ends wherever it is.
 *
 * A thread cannot be killed from outside its process, and the program has no hook for it. `Worker.terminate` stops its
 * JavaScript between any two instructions: what `kill -9` is to a process.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';
import * as threadsAsLoaded from 'node:worker_threads';

type Threads = { -readonly [Name in keyof typeof threadsAsLoaded]: (typeof threadsAsLoaded)[Name] };

if (threadsAsLoaded.isMainThread) {
  const threads = createRequire(import.meta.url)('node:worker_threads') as Threads;
  const live = new Set<InstanceType<Threads['Worker']>>();
  threads.Worker = class extends threads.Worker {
    constructor(...args: ConstructorParameters<Threads['Worker']>) {
      super(...args);
      live.add(this);
      this.once('exit', () => live.delete(this));
    }
  };
  syncBuiltinESMExports();
  process.on('SIGUSR2', () => {
    const [one] = live;
    void one?.terminate();
  });
}
