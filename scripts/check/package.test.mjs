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
];
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

test('the Workers runtime stands under the conditions under which its entry does', () => {
  const { types, ...entries } = manifest.exports['.'];
  assert.deepEqual(Object.keys(manifest.imports['#workers']), Object.keys(entries));
});

test('what is imported for its side effects is kept by bundlers', async () => {
  const { types, ...entries } = manifest.exports['.'];
  assert.deepEqual(manifest.sideEffects, [...new Set(Object.values(entries))]);
  const { contents } = bundled("import '@lumenize/call';", 'node').outputFiles[0];
  writeFileSync(join(folder, 'bundle.mjs'), contents);
  cpSync('pkg/wasm', join(folder, 'wasm'), { recursive: true });
  await import(join(folder, 'bundle.mjs'));
  assert.deepEqual(Object.keys(globalThis.__lumenizeServiceRegistry), ['call', 'callRaw']);
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
  const inputs = ['browser', 'node'].flatMap((platform) =>
    Object.keys(bundled("export * from '@lumenize/call';", platform).metafile.inputs),
  );
  const modules = inputs.flatMap((path) => /^pkg\/(?!wasm\/)(.+)\.js$/.exec(path)?.[1] ?? []);
  assert.ok(modules.includes('workerd') && modules.includes('node'), `${modules}`);
  return [...new Set(modules)];
}

/** A script that uses the package, as a project bundles it. */
function bundled(contents, platform) {
  return buildSync({
    stdin: { contents, resolveDir: 'pkg' },
    bundle: true,
    format: 'esm',
    platform,
    external: ['cloudflare:workers', '*.wasm'],
    metafile: true,
    write: false,
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
  writeFileSync(`${project}/index.ts`, "export * from '../../pkg/workerd.js';\n");
  const { stdout } = capture('tsc', ['--project', project, '--listFilesOnly']);
  rmSync(project, { recursive: true });
  return stdout
    .split('\n')
    .filter((path) => path.startsWith(`${process.cwd()}/pkg/`))
    .map((path) => path.slice(`${process.cwd()}/pkg/`.length));
}
