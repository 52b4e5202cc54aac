// Tests of pkg/ as it is packed: its files, where `exports` lead, its types, its source maps.
import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildSync } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { capture } from '../lib/spawn.mjs';

/** Everything but declarations, modules with their maps and sources, and docs/, to which README links. */
const FILES = [
  'LICENSE',
  'README.md',
  'package.json',
  'wasm/lumenize_call.js', // the glue of the core, and the core
  'wasm/lumenize_call_bg.wasm',
  'durable/wasm/lumenize_call_durable.js', // the same of the machine of durable calls
  'durable/wasm/lumenize_call_durable_bg.wasm',
];
/** What a project imports of it: the entries that `exports` names. */
const ENTRIES = ['.', './durable', './testing'];
const PLATFORMS = ['browser', 'node'];
const WASM_TYPES = 'wasm/lumenize_call_bg.wasm.d.ts';

const manifest = JSON.parse(readFileSync('pkg/package.json', 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'lumenize-call-package-'));
let tarball;
let packed;

before(() => {
  const args = ['pack', '--json', '--pack-destination', folder, './pkg'];
  const { status, stdout, stderr } = capture('npm', args);
  assert.equal(status, 0, stderr);
  const answer = JSON.parse(stdout);
  // An array until npm 11; an object by name since.
  const [{ filename, files }] = Object.values(answer);
  tarball = join(folder, filename);
  packed = files.map(({ path }) => path).sort();
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('it holds what somebody needs, and nothing else', () => {
  const declarations = [...declarationsRead(), WASM_TYPES];
  const docs = readdirSync('docs').map((name) => `docs/${name}`);
  const modules = modulesLoaded().flatMap((name) => [
    `${name}.js`,
    `${name}.js.map`,
    `ts/${name}.ts`,
  ]);
  assert.deepEqual(packed, [...FILES, ...docs, ...modules, ...declarations].sort());
});

test('every target of exports and imports exists, and is packed', () => {
  const { exports, imports } = manifest;
  const targets = [...Object.values(exports), ...Object.values(imports)].flatMap((target) =>
    typeof target === 'string' ? [target] : Object.values(target),
  );
  assert.ok(targets.length > 8, `${targets}`);
  for (const target of targets) {
    assert.ok(existsSync(join('pkg', target)), target);
    assert.ok(packed.includes(target.replace('./', '')), target);
  }
});

test('types come first among the conditions: TypeScript takes the first that fits', () => {
  for (const target of Object.values(manifest.exports)) {
    if (typeof target !== 'string') assert.equal(Object.keys(target)[0], 'types');
  }
});

test('the Workers runtime stands under the conditions under which its entries do', () => {
  for (const entry of ENTRIES) {
    const { types, ...modules } = manifest.exports[entry];
    assert.deepEqual(Object.keys(manifest.imports['#workers']), Object.keys(modules), entry);
  }
});

test('what is imported for its side effects is kept by bundlers', async () => {
  const modules = ENTRIES.flatMap((entry) => {
    const { types, ...targets } = manifest.exports[entry];
    return Object.values(targets);
  });
  assert.deepEqual(manifest.sideEffects, [...new Set(modules)]);
  const { contents } = bundled("import '@lumenize/call';", 'node').outputFiles[0];
  writeFileSync(join(folder, 'bundle.mjs'), contents);
  cpSync('pkg/wasm', join(folder, 'wasm'), { recursive: true });
  await import(join(folder, 'bundle.mjs'));
  assert.deepEqual(Object.keys(globalThis.__lumenizeServiceRegistry), ['call', 'callRaw']);
});

test('durable calls are loaded by their own entry alone', () => {
  const ofDurable = (specifier, platform) =>
    inputsOf(specifier, platform).filter((path) => path.startsWith('pkg/durable'));
  for (const platform of PLATFORMS) assert.deepEqual(ofDurable('@lumenize/call', platform), []);
  const loaded = ofDurable('@lumenize/call/durable', 'browser');
  const machine = 'pkg/durable/wasm/lumenize_call_durable_bg.wasm';
  assert.ok(loaded.includes('pkg/durable.js') && loaded.includes(machine), `${loaded}`);
  assert.deepEqual(ofDurable('@lumenize/call/durable', 'node'), ['pkg/durable-node.js']);
});

test('the kit for tests is loaded by its own entry alone', () => {
  const ofTesting = (specifier, platform) =>
    inputsOf(specifier, platform).filter((path) => path.startsWith('pkg/testing'));
  for (const platform of PLATFORMS) {
    for (const entry of ['@lumenize/call', '@lumenize/call/durable']) {
      assert.deepEqual(ofTesting(entry, platform), []);
    }
    assert.ok(ofTesting('@lumenize/call/testing', platform).includes('pkg/testing/intervene.js'));
  }
  const machine = 'pkg/durable/wasm/lumenize_call_durable_bg.wasm';
  assert.ok(!inputsOf('@lumenize/call/testing', 'browser').includes(machine));
});

test('publint has nothing to say', async () => {
  const { messages } = await publint({ pkgDir: 'pkg', strict: true });
  assert.deepEqual(
    messages.map((message) => formatMessage(message, manifest)),
    [],
  );
});

test('arethetypeswrong finds nothing wrong, for a package of ES modules', () => {
  const args = [tarball, '--profile', 'esm-only', '--format', 'ascii'];
  const { status, stdout } = capture('attw', args);
  assert.equal(status, 0, stdout);
});

test('source maps lead to TypeScript, which lies in the package', () => {
  for (const name of modulesLoaded()) {
    const file = `${name}.js`;
    const map = `\n//# sourceMappingURL=${basename(file)}.map`;
    assert.ok(readFileSync(`pkg/${file}`, 'utf8').trimEnd().endsWith(map), file);
    const { sources, sourceRoot } = JSON.parse(readFileSync(`pkg/${file}.map`, 'utf8'));
    const paths = sources.map((source) => join(dirname(file), sourceRoot, source));
    assert.deepEqual(paths, [`ts/${name}.ts`]);
    assert.equal(readFileSync(`pkg/${paths}`, 'utf8'), readFileSync(`${paths}`, 'utf8'));
  }
});

test('classes and functions have the names that they were given', async () => {
  const { CallError, LumenizeBase, validate } = await import('../../pkg/node.js');
  const names = [new CallError('timeout', 'too late').constructor, LumenizeBase, validate];
  assert.deepEqual(
    names.map(({ name }) => name),
    ['CallError', 'LumenizeBase', 'validate'],
  );
});

/** The modules of ours that a runtime loads, by whichever entry, without their extension. */
function modulesLoaded() {
  const inputs = PLATFORMS.flatMap((platform) =>
    ENTRIES.flatMap((entry) => inputsOf(join('@lumenize/call', entry), platform)),
  );
  const modules = inputs.flatMap(
    (path) => /^pkg\/(?!wasm\/|durable\/wasm\/)(.+)\.js$/.exec(path)?.[1] ?? [],
  );
  for (const name of ['workerd', 'node', 'durable', 'durable-node', 'testing']) {
    assert.ok(modules.includes(name), `${modules}`);
  }
  return [...new Set(modules)];
}

/** The files of which a bundle that imports this is made, WebAssembly among them. */
function inputsOf(specifier, platform) {
  const contents = `export * from '${specifier}';`;
  const options = { external: ['cloudflare:*'], loader: { '.wasm': 'empty' } };
  return Object.keys(bundled(contents, platform, options).metafile.inputs);
}

/** A script that uses the package, as a project bundles it. */
function bundled(contents, platform, options) {
  return buildSync({
    stdin: { contents, resolveDir: 'pkg' },
    bundle: true,
    format: 'esm',
    platform,
    external: ['cloudflare:*', '*.wasm'],
    metafile: true,
    write: false,
    ...options,
  });
}

/** The declarations that the compiler reads for whoever imports the package. */
function declarationsRead() {
  const project = 'target/package-test';
  mkdirSync(project, { recursive: true });
  const compilerOptions = {
    module: 'nodenext',
    skipLibCheck: true,
    types: ['@cloudflare/workers-types'],
  };
  writeFileSync(`${project}/tsconfig.json`, JSON.stringify({ compilerOptions }));
  const entries = ['workerd', 'durable', 'testing'].map(
    (name) => `export * from '../../pkg/${name}.js';`,
  );
  writeFileSync(`${project}/index.ts`, `${entries.join('\n')}\n`);
  const { stdout } = capture('tsc', ['--project', project, '--listFilesOnly']);
  rmSync(project, { recursive: true });
  return stdout
    .split('\n')
    .filter((path) => path.startsWith(`${process.cwd()}/pkg/`))
    .map((path) => path.slice(`${process.cwd()}/pkg/`.length));
}
