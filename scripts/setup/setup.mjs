// Installs what the build needs and is not there yet: npm packages, the Rust toolchain with its wasm
// target, wasm-pack and the wasm-bindgen CLI. wasm-opt comes with the npm packages.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unlessDone } from '../lib/stamp.mjs';

/** This script, which sets up what is missing when it is run. */
export const SET_UP = fileURLToPath(import.meta.url);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TOOLS = join(ROOT, '.tools');
const NPM_STAMP = join(ROOT, 'node_modules', '.lock-stamp');

/** An error whose message tells the user what to do; it needs no stack trace. */
export class Remedy extends Error {}

/** The environment in which tools are found: the project's own first. */
export function environment() {
  const paths = [join(ROOT, 'node_modules', '.bin'), join(TOOLS, 'bin'), process.env.PATH];
  return { ...process.env, PATH: paths.join(delimiter), WRANGLER_SEND_METRICS: 'false' };
}

function setUp() {
  checkHost();
  installPackages();
  checkNode();
  installRust();
  installTools();
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
function checkNode() {
  const options = { env: environment(), encoding: 'utf8' };
  const { stdout } = spawnSync('node', ['--version'], options);
  if (Number.parseInt(stdout.slice(1), 10) >= 22) return;
  rmSync(NPM_STAMP, { force: true });
  throw new Remedy(
    `The Node that the tools need is not in node_modules, Node ${stdout.trim()} is: allow npm to run ` +
      'install scripts (npm config delete ignore-scripts), then run this again.',
  );
}

function installPackages() {
  unlessDone(NPM_STAMP, [join(ROOT, 'package-lock.json')], () => {
    say('npm packages, with the Node that the tools need (about 1 minute)');
    // Not `npm ci`: it refuses a lock file that lacks optional packages of other platforms, which a
    // mirror may not hold.
    run('npm', ['install', '--no-save', '--loglevel=error'], {
      remedy: 'npm could not install the packages: see its message above.',
    });
  });
}

function installRust() {
  const toolchain = readFileSync(join(ROOT, 'rust-toolchain.toml'), 'utf8');
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

/**
 * Built from source, since nobody's binaries are taken on trust: cargo checks what it downloads against the
 * sums in the lock file.
 */
function installTools() {
  const inputs = ['Cargo.lock', 'Cargo.toml', 'src/bin/wasm-bindgen.rs', 'src/bin/wasm-pack.rs'];
  const paths = inputs.map((path) => join(ROOT, 'tools', path));
  unlessDone(join(TOOLS, '.lock-stamp'), paths, () => {
    say('wasm-pack and the wasm-bindgen CLI, from source (about 2 minutes)');
    // Without optimisation: they run for a second, and compile in half the time.
    const options = ['--quiet', '--debug', '--locked', '--force', '--root', TOOLS];
    run('cargo', ['install', ...options, '--path', 'tools'], {
      env: { ...process.env, CARGO_PROFILE_DEV_DEBUG: '0', CARGO_TARGET_DIR: 'target/tools' },
      remedy: 'cargo could not build the tools: see its message above.',
    });
  });
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

if (process.argv[1] === SET_UP) {
  try {
    setUp();
  } catch (error) {
    if (!(error instanceof Remedy)) throw error;
    console.error(`\n${error.message}`);
    process.exitCode = 1;
  }
}
