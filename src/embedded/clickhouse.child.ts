/**
 * The real ClickHouse engine, serving HTTP in this process until its standard input closes.
 *
 *   node clickhouse.child.js libchdb.so <parent's process id> --path=DIR --config-file=FILE ...
 *
 * Job: clickhouse-local opens the true listeners, and then counts lines of standard input: that query lasts as long as
 * somebody holds the other end, and its end is a clean stop. So the engine never outlives its parent.
 * The call takes the main thread for good; a second thread sees to it that an engine that does not end is ended.
 * No `--output-format`: it would become the default of every HTTP session.
 */
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { DataType, load, open } from 'ffi-rs';
import { SERVER_STOP_MS_MAX } from '../model/limits.ts';

const PARENT_CHECK_MS = 500;
const SERVE = `SYSTEM START LISTEN HTTP; SELECT count() FROM file('-', 'LineAsString', 'line String')`;

if (isMainThread) serve();
else watchParent(Number(workerData));

function serve(): never {
  const [library = '', parent = '', ...options] = process.argv.slice(2);
  const watch = new Worker(fileURLToPath(import.meta.url), { workerData: parent });
  watch.unref();
  const argv = ['clickhouse', ...options, `--query=${SERVE}`];
  open({ library: 'chdb', path: library });
  load({
    library: 'chdb',
    funcName: 'chdb_query_cmdline',
    retType: DataType.I32,
    paramsType: [DataType.I32, DataType.StringArray],
    paramsValue: [argv.length, argv],
  });
  // What it returns is not an exit code; it has said on standard error what went wrong.
  process.exit(0);
}

function watchParent(parent: number): void {
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), SERVER_STOP_MS_MAX);
  }, PARENT_CHECK_MS);
}
