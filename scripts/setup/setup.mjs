// Installs what the build needs and is not there yet: npm packages, the Rust toolchain with its wasm
// target, wasm-pack and the wasm-bindgen CLI. wasm-opt comes with the npm packages.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TOOLS = join(ROOT, '.tools');
const NPM_STAMP = join(ROOT, 'node_modules', '.lock-stamp');
const WASM_PACK = '0.15.1';
const WASM_BINDGEN = /^wasm-bindgen = "=(.+)"$/m.exec(read('Cargo.toml'))[1];

/** An error whose message tells the user what to do; it needs no stack trace. */
export class Remedy extends Error {}

/** Sets up what is missing. Returns the environment in which the tools are found. */
export async function setUp() {
  const env = {
    ...process.env,
    PATH: [join(ROOT, 'node_modules', '.bin'), join(TOOLS, 'bin'), process.env.PATH].join(
      delimiter,
    ),
    WRANGLER_SEND_METRICS: 'false',
  };
  checkHost();
  installPackages();
  checkNode(env);
  installRust();
  await installTool('wasm-bindgen', WASM_BINDGEN, {
    crate: 'wasm-bindgen-cli',
    release: (target) =>
      `wasm-bindgen/releases/download/${WASM_BINDGEN}/wasm-bindgen-${WASM_BINDGEN}-${target}`,
  });
  await installTool('wasm-pack', WASM_PACK, {
    crate: 'wasm-pack',
    locked: true,
    release: (target) =>
      `wasm-pack/releases/download/v${WASM_PACK}/wasm-pack-v${WASM_PACK}-${target}`,
  });
  return env;
}

function checkHost() {
  const version = process.versions.node;
  if (Number.parseInt(version, 10) < 20) {
    throw new Remedy(
      `Node ${version} is too old: install Node 20 or newer from https://nodejs.org.`,
    );
  }
  // Not cargo: in this folder rustup would install the toolchain before it answers, silently.
  if (!succeeds('rustup', ['--version'])) {
    throw new Remedy(
      'rustup is missing: install Rust from https://rustup.rs, then run this again.',
    );
  }
}

/** wrangler and vitest need a newer Node than many machines have: it comes as an npm package. */
function checkNode(env) {
  const { stdout } = spawnSync('node', ['--version'], { cwd: ROOT, env, encoding: 'utf8' });
  if (Number.parseInt(stdout.slice(1), 10) >= 22) return;
  rmSync(NPM_STAMP, { force: true });
  throw new Remedy(
    `The Node that the tools need is not in node_modules, Node ${stdout.trim()} is: allow npm to run ` +
      'install scripts (npm config delete ignore-scripts), then run this again.',
  );
}

function installPackages() {
  const lock = createHash('sha256').update(read('package-lock.json')).digest('hex');
  if (readOrNothing(NPM_STAMP) === lock) return;
  say('npm packages, with the Node that the tools need (about 1 minute)');
  // Not `npm ci`: it refuses a lock file that lacks optional packages of other platforms, which a
  // mirror may not hold.
  run('npm', ['install', '--no-save', '--loglevel=error'], {
    remedy: 'npm could not install the packages: see its message above.',
  });
  writeFileSync(NPM_STAMP, lock);
}

function installRust() {
  const toolchain = read('rust-toolchain.toml');
  const channel = /channel = "(.+)"/.exec(toolchain)[1];
  const has = (list, part) =>
    output('rustup', [list, 'list', '--installed', '--toolchain', channel]).includes(part);
  if (
    has('target', 'wasm32-unknown-unknown') &&
    has('component', 'clippy') &&
    has('component', 'rustfmt')
  ) {
    return;
  }
  say(`Rust ${channel} with the wasm32 target, clippy and rustfmt (about 1 minute)`);
  run(
    'rustup',
    ['toolchain', 'install', channel, '--profile', 'minimal', '--no-self-update']
      .concat(['--component', 'clippy', '--component', 'rustfmt'])
      .concat(['--target', 'wasm32-unknown-unknown']),
    { remedy: `rustup could not install Rust ${channel}: see its message above.` },
  );
}

/** The release's own binary if it can be downloaded, else built from source. */
async function installTool(name, version, { crate, locked, release }) {
  const path = join(TOOLS, 'bin', name);
  if (output(path, ['--version']).includes(version)) return;
  mkdirSync(join(TOOLS, 'bin'), { recursive: true });
  const target = releaseTarget();
  const url = `https://github.com/wasm-bindgen/${release(target)}.tar.gz`;
  say(`${name} ${version}: downloading the release`);
  if (target && (await download(url)) && output(path, ['--version']).includes(version)) return;
  say(`${name} ${version}: no release to be had, building it from source (about 2 minutes)`);
  // Built without optimisation: it runs for a second and compiles in half the time.
  run(
    'cargo',
    ['install', '--quiet', '--debug', '--root', TOOLS, `${crate}@${version}`].concat(
      locked ? ['--locked'] : [],
    ),
    {
      env: { ...process.env, CARGO_PROFILE_DEV_DEBUG: '0' },
      remedy: `cargo could not build ${crate}: see its message above.`,
    },
  );
}

function releaseTarget() {
  return {
    'linux-x64': 'x86_64-unknown-linux-musl',
    'linux-arm64': 'aarch64-unknown-linux-musl',
    'darwin-x64': 'x86_64-apple-darwin',
    'darwin-arm64': 'aarch64-apple-darwin',
  }[`${process.platform}-${process.arch}`];
}

async function download(url) {
  const archive = join(TOOLS, 'release.tar.gz');
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(60_000) });
    if (!response.ok) return false;
    writeFileSync(archive, new Uint8Array(await response.arrayBuffer()));
    return succeeds('tar', ['-xzf', archive, '--strip-components=1', '-C', join(TOOLS, 'bin')]);
  } catch {
    return false;
  } finally {
    rmSync(archive, { force: true });
  }
}

function say(text) {
  console.log(`set-up: ${text}`);
}

function run(command, args, { remedy, ...options }) {
  const { status } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', ...options });
  if (status !== 0) throw new Remedy(remedy);
}

function succeeds(command, args) {
  return spawnSync(command, args, { cwd: ROOT, stdio: 'ignore' }).status === 0;
}

function output(command, args) {
  return spawnSync(command, args, { cwd: ROOT, encoding: 'utf8' }).stdout ?? '';
}

function read(path) {
  return readFileSync(join(ROOT, path), 'utf8');
}

function readOrNothing(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
