/**
 * `npm start`: installs and builds what is missing, then runs `hourglass up` in this very process.
 *
 * One process, so that signals and exit code are the program's own, and `kill -9` leaves nothing behind.
 * Arguments go to `up`. HOURGLASS_DEMO is 1 where nothing else is said.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** npm forwards the Ctrl-C that the terminal has already sent to everybody: within this time it is the same one. */
const SAME_SIGNAL_MS = 500;

await setUp();
takeEachSignalOnce();
process.env.HOURGLASS_DEMO ||= '1';
const main = new URL('../dist/main.js', import.meta.url);
process.argv = [process.execPath, fileURLToPath(main), 'up', ...process.argv.slice(2)];
await import(main.href);

/** Ends this process with the code of a setup that failed; a signal meanwhile ends both. */
async function setUp() {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./setup.mjs', import.meta.url))], { stdio: 'inherit' });
  const forward = (signal) => child.kill(signal);
  process.on('SIGINT', forward).on('SIGTERM', forward);
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject).on('exit', (exitCode, signal) => resolve(signal === 'SIGTERM' ? 143 : (exitCode ?? 130)));
  });
  process.off('SIGINT', forward).off('SIGTERM', forward);
  if (code !== 0) process.exit(code);
}

function takeEachSignalOnce() {
  const emit = process.emit;
  const takenMs = { SIGINT: -Infinity, SIGTERM: -Infinity };
  process.emit = function emitOnce(event, ...rest) {
    if (event in takenMs) {
      const nowMs = performance.now();
      if (nowMs - takenMs[event] < SAME_SIGNAL_MS) return true;
      takenMs[event] = nowMs;
    }
    return Reflect.apply(emit, process, [event, ...rest]);
  };
}
