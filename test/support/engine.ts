/** TEMPORARY until src/embedded/clickhouse-server.ts is there. */
import { spawn } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
export async function startEngine(folder: string): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await new Promise<number>((resolve) => {
    const s = createServer().listen(0, '127.0.0.1', () => {
      const p = (s.address() as AddressInfo).port;
      s.close(() => resolve(p));
    });
  });
  const child = spawn('node', ['/tmp/api-scratch/engine.mjs', folder, String(port)], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = `http://127.0.0.1:${String(port)}`;
  for (;;) {
    try {
      if ((await fetch(`${url}/ping`)).ok) break;
    } catch {
      await new Promise((r) => setTimeout(r, 50));
    }
  }
  return {
    url,
    stop: async () => {
      child.stdin.end();
      await exited;
    },
  };
}
