// Builds pkg/, which is exactly what is published: wasm by wasm-pack, JavaScript by tsc, and the
// files of pkg-template/. `node scripts/build.mjs` alone needs the tools that scripts/run.mjs sets up.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';
import { restatements } from './restated.mjs';
import { fail, run } from './spawn.mjs';

/** What tsc makes: one module for each file of ts/. */
export const MODULES = 'target/js';
/** Bytes, gzip. Budgets: what must not be exceeded, and the aim. */
export const BUDGETS = {
  wasm: { must: 32 * 1024, aim: 24 * 1024 },
  package: { must: 58 * 1024, aim: 34 * 1024 },
};

/** The entries of the package. Node has no `cloudflare:workers`: something stands for it. */
const ENTRIES = {
  workerd: { external: ['cloudflare:workers'] },
  node: { alias: { 'cloudflare:workers': `./${MODULES}/without-workers.js` } },
};

/** Returns the sizes that were printed, in bytes. */
export function build() {
  const wasm = buildWasm('wasm');
  const found = restatements(`${wasm}/lumenize_call.d.ts`, 'ts');
  if (found.length > 0) {
    fail(`build: The core defines these once; use its definition:\n${found.join('\n')}`);
  }
  for (const folder of [MODULES, 'pkg']) rmSync(folder, { recursive: true, force: true });
  run('tsc', ['--project', 'tsconfig.json']);
  for (const file of readdirSync(wasm).filter((name) => name.startsWith('lumenize_call'))) {
    cpSync(`${wasm}/${file}`, `${MODULES}/wasm/${file}`);
  }
  cpSync('pkg-template', 'pkg', { recursive: true });
  for (const name of ['LICENSE', 'README.md', 'docs'])
    cpSync(name, `pkg/${name}`, { recursive: true });
  bundle();
  const version = /^version = "(.+)"$/m.exec(readFileSync('Cargo.toml', 'utf8'))[1];
  const template = JSON.parse(readFileSync('pkg-template/package.json', 'utf8'));
  writeFileSync('pkg/package.json', `${JSON.stringify({ ...template, version }, null, 2)}\n`);
  return printSizes();
}

/**
 * Makes of the modules what is published: declarations as they are, one minified script, whose map
 * leads to the TypeScript, and beside it the core with its glue.
 */
function bundle() {
  for (const file of ['wasm/lumenize_call_bg.wasm', ...declarationsOf('workerd.d.ts')]) {
    cpSync(`${MODULES}/${file}`, `pkg/${file}`);
  }
  // wasm-bindgen declares Symbol.dispose, for which a user's compiler might lack the library.
  const glue = 'pkg/wasm/lumenize_call.d.ts';
  writeFileSync(glue, readFileSync(glue, 'utf8').replace(/^.*\[Symbol\.dispose\].*\n/gm, ''));
  const options = { format: 'esm', minify: true, sourcemap: true, logLevel: 'warning' };
  const external = ['leven', './wasm/*', 'node:fs'];
  for (const [entry, more] of Object.entries(ENTRIES)) {
    buildSync({
      ...options,
      entryPoints: [`${MODULES}/${entry}.js`],
      outdir: 'pkg',
      bundle: true,
      ...more,
      external: [...external, ...(more.external ?? [])],
    });
  }
  buildSync({
    ...options,
    entryPoints: [`${MODULES}/wasm/lumenize_call.js`],
    outdir: 'pkg/wasm',
    sourcemap: false,
  });
}

/** The declarations that one refers to, directly or not, and itself. */
function declarationsOf(file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  const text = readFileSync(`${MODULES}/${file}`, 'utf8');
  for (const [, name] of text.matchAll(/(?:from|import) '(\.[^']+)\.js'/g)) {
    declarationsOf(join(dirname(file), `${name}.d.ts`), found);
  }
  return found;
}

/**
 * Builds the core into a folder of that name and returns where that is. Skipped while all that it is
 * made of, and by, is what it was.
 */
export function buildWasm(name, cargoOptions = []) {
  const folder = `target/generated/${name}`;
  const stampFile = `${folder}.stamp`;
  const sources = readdirSync('src').map((name) => `src/${name}`);
  const inputs = [
    'Cargo.toml',
    'Cargo.lock',
    'rust-toolchain.toml',
    'package-lock.json',
    ...sources,
  ];
  const hash = createHash('sha256');
  for (const path of [...inputs, 'scripts/build.mjs', 'scripts/setup.mjs'])
    hash.update(readFileSync(path));
  const stamp = hash.digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return folder;
  console.log('build: wasm (the first time about 30 seconds)');
  rmSync(stampFile, { force: true });
  const options = ['--target', 'web', '--no-pack', '--release', '--out-dir', folder];
  const machine = pathsOfThisMachine();
  run('wasm-pack', ['--log-level', 'warn', 'build', ...options, '--', ...cargoOptions], {
    RUSTFLAGS: rustFlags(machine),
  });
  const wasm = readFileSync(`${folder}/lumenize_call_bg.wasm`);
  for (const path of machine) {
    if (wasm.includes(path)) fail(`build: The wasm holds a path of this machine: ${path}`);
  }
  writeFileSync(stampFile, stamp);
  return folder;
}

/** Panics name the source file: without its place on the machine that built it. */
export function rustFlags(machine = pathsOfThisMachine()) {
  return machine.map((path) => `--remap-path-prefix=${path}=.`).join(' ');
}

/** Where the sources of this package and of its dependencies are. */
function pathsOfThisMachine() {
  run('cargo', ['fetch', '--quiet', '--locked']);
  const registry = join(process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'registry', 'src');
  return [process.cwd(), ...readdirSync(registry).map((name) => join(registry, name))];
}

function printSizes() {
  const wasm = gzipped(readFileSync('pkg/wasm/lumenize_call_bg.wasm'));
  // What a project uploads: bundled as wrangler does it by default.
  const bundle = buildSync({
    entryPoints: ['pkg/workerd.js'],
    bundle: true,
    format: 'esm',
    external: ['cloudflare:workers', '*.wasm'],
    keepNames: true,
    write: false,
  });
  const scripts = gzipped(bundle.outputFiles[0].contents);
  printSize('wasm', wasm, BUDGETS.wasm);
  printSize('package (bundled JavaScript and wasm)', wasm + scripts, BUDGETS.package);
  checkReadme(`${Math.round(wasm / 1024)} KiB of WebAssembly (gzip)`);
  checkReadme(`adds ${Math.round((wasm + scripts) / 1024)} KiB to a Worker`);
  return { wasm, package: wasm + scripts };
}

/** README states sizes in whole KiB: they are those of this build. */
function checkReadme(text) {
  const readme = readFileSync('README.md', 'utf8').replace(/\s+/g, ' ');
  if (!readme.includes(text)) {
    fail(`build: README.md does not say '${text}', which this build came to.`);
  }
}

function printSize(what, bytes, { must, aim }) {
  const kib = (number) => `${(number / 1024).toFixed(1)} KiB`;
  console.log(
    `build: ${what}, gzip: ${kib(bytes)} (must be at most ${kib(must)}, aim ${kib(aim)})`,
  );
  if (bytes > must) fail(`build: The ${what} is larger than its budget.`);
}

function gzipped(bytes) {
  return gzipSync(bytes, { level: 9 }).length;
}

if (process.argv[1].endsWith('build.mjs')) build();
