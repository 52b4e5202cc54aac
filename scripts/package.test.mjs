// Tests of pkg/ as it is packed: its files, where `exports` lead, its types, its source maps.
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { capture } from './spawn.mjs';

/** Everything but the declarations and docs/, which README links to; each with who needs it. */
const FILES = [
  'LICENSE',
  'README.md',
  'node.js', // entries, each with its map
  'node.js.map',
  'package.json',
  'wasm/lumenize_call.js', // the glue of the core, and the core
  'wasm/lumenize_call_bg.wasm',
  'workerd.js',
  'workerd.js.map',
];
const WASM_TYPES = 'wasm/lumenize_call_bg.wasm.d.ts';

const manifest = JSON.parse(readFileSync('pkg/package.json', 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'lumenize-call-package-'));
let tarball;
let packed;

before(() => {
  const { status, stdout, stderr } = capture('npm', [
    'pack',
    '--json',
    '--pack-destination',
    folder,
    './pkg',
  ]);
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
  assert.deepEqual(packed, [...FILES, ...docs, ...declarations].sort());
});

test('every target of exports exists, and is packed', () => {
  const targets = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? [target] : Object.values(target),
  );
  assert.ok(targets.length > 5, `${targets}`);
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

test('what is imported for its side effects is kept by bundlers', () => {
  for (const entry of ['./workerd.js', './node.js'])
    assert.ok(manifest.sideEffects.includes(entry));
});

test('publint has nothing to say', async () => {
  const { messages } = await publint({ pkgDir: 'pkg', strict: true });
  assert.deepEqual(
    messages.map((message) => formatMessage(message, manifest)),
    [],
  );
});

test('arethetypeswrong finds nothing wrong, for a package of ES modules', () => {
  const { status, stdout } = capture('attw', [
    tarball,
    '--profile',
    'esm-only',
    '--format',
    'ascii',
  ]);
  assert.equal(status, 0, stdout);
});

test('source maps lead to TypeScript, which they hold', () => {
  for (const entry of ['workerd.js', 'node.js']) {
    assert.ok(readFileSync(`pkg/${entry}`, 'utf8').endsWith(`//# sourceMappingURL=${entry}.map\n`));
    const { sources, sourcesContent } = JSON.parse(readFileSync(`pkg/${entry}.map`, 'utf8'));
    assert.ok(sources.length > 10, `${sources}`);
    for (const [at, source] of sources.entries()) {
      assert.equal(sourcesContent[at], readFileSync(join('pkg', source), 'utf8'), source);
      assert.match(source, /\/ts\/[\w-]+\.ts$/);
    }
  }
});

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
