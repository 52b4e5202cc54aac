// `npm run weight`: what takes the bytes of the package: the core by function and by where that comes from,
// the JavaScript by module. gzip is what a thing adds: that of all, less that of all without it.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { buildSync, transformSync } from 'esbuild';
import wasmparser from 'wasmparser';
import { run } from '../lib/spawn.mjs';
import { build, MODULES, manifestOfCore, rustFlags, wasmPack } from './build.mjs';

const { BinaryReader, BinaryReaderState, bytesToString } = wasmparser;
const FOLDER = 'target/weight';
/** How many functions are listed one by one. */
const LISTED = 15;
/** Where a function comes from, by its name: the first that matches. */
const ORIGINS = [
  [/^<?&?lumenize_call::(\w+)/, (module) => `this package: src/${module}.rs`],
  [/dlmalloc|__rust_|__rdl_|__rg_/, () => 'allocator (dlmalloc)'],
  [/minicbor/, () => 'CBOR (minicbor)'],
  [/wasm_bindgen|js_sys|__wbg|__wbindgen|__externref/, () => 'wasm-bindgen, js-sys'],
  [/panic/, () => 'panics (std)'],
  [/\bfmt\b|Write/, () => 'text of messages (core::fmt)'],
  [/^<?[&\w]*\b(core|alloc|std)\b/, () => 'collections and strings (core, alloc, std)'],
  [/^\w+( (externref|multivalue) shim)*$/, () => 'this package: src/lib.rs, with what is inlined'],
];

build();
const wasm = readFileSync('pkg/wasm/lumenize_call_bg.wasm');
const parts = partsOf(buildNamed());
for (const { begin, end, bytes } of parts) {
  if (!wasm.subarray(begin, end).equals(bytes)) {
    throw new Error('The core with names is another than the published one.');
  }
}
console.log(`\nThe core, without what tells one section from the next:\n`);
printTable('where from', groups(parts), wasm);
console.log(`\nIts ${LISTED} largest functions:\n`);
const functions = parts.filter(({ isCode }) => isCode).map((part) => ({ ...part, ranges: [part] }));
printTable('function', functions.toSorted(bySize).slice(0, LISTED), wasm);
console.log('\nJavaScript as a project uploads it, minified:\n');
const [script, modules] = modulesOf(`${MODULES}/workerd.js`);
printTable('module', groups(modules), script);

/** The published core once more, with the names of its functions. */
function buildNamed() {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  wasmPack('.', FOLDER, ['--no-opt'], rustFlags());
  const options = manifestOfCore().metadata['wasm-pack'].profile.release['wasm-opt'];
  const named = `${FOLDER}/named.wasm`;
  run('wasm-opt', [`${FOLDER}/lumenize_call_bg.wasm`, ...options, '--debuginfo', '-o', named]);
  return readFileSync(named);
}

/** Functions and data: their names, where they come from, and their place. */
function partsOf(named) {
  const found = [];
  const names = new Map();
  const reader = new BinaryReader();
  reader.setData(Uint8Array.from(named).buffer, 0, named.length);
  let imported = 0;
  let begin = 0;
  const add = (part, end) =>
    found.push({ ...part, begin, end, size: end - begin, bytes: named.subarray(begin, end) });
  while (reader.read()) {
    const { state, result, position } = reader;
    switch (state) {
      case BinaryReaderState.IMPORT_SECTION_ENTRY:
        // 0 is a function.
        if (result.kind === 0) imported += 1;
        break;
      case BinaryReaderState.BEGIN_FUNCTION_BODY:
        begin = position;
        break;
      case BinaryReaderState.END_FUNCTION_BODY:
        add({ index: imported + found.length, isCode: true }, position);
        break;
      case BinaryReaderState.DATA_SECTION_ENTRY_BODY:
        begin = position - result.data.length;
        add({ group: 'data: the text of messages, tables' }, position);
        break;
      case BinaryReaderState.NAME_SECTION_ENTRY:
        // 1 is the names of functions.
        if (result.type !== 1) break;
        for (const { index, name } of result.names) names.set(index, bytesToString(name));
    }
  }
  return found.map(({ index, ...part }) => {
    const name = plain(names.get(index) ?? '');
    return { name, group: originOf(name), ...part };
  });
}

/** A name without the hashes that tell crates and instances of a function apart. */
function plain(name) {
  return name.replace(/::h[0-9a-f]{16}/g, '').replace(/\[[0-9a-f]{12,16}\]/g, '');
}

function originOf(name) {
  for (const [pattern, origin] of ORIGINS) {
    const match = pattern.exec(name);
    if (match) return origin(match[1]);
  }
  return 'other';
}

function groups(parts) {
  return [...Map.groupBy(parts, ({ group }) => group)]
    .map(([name, ranges]) => ({
      name,
      ranges,
      size: ranges.reduce((sum, { size }) => sum + size, 0),
    }))
    .toSorted(bySize);
}

/** The bundle, and where each module's part of it lies. */
function modulesOf(entry) {
  const { outputFiles } = buildSync({
    ...{ entryPoints: [entry], bundle: true, format: 'esm', write: false },
    external: ['cloudflare:workers', '*.wasm'],
    minifySyntax: true,
    minifyIdentifiers: true,
  });
  // esbuild names each module in a comment before it, unless white space is minified, which follows here.
  const whole = outputFiles[0].text.replace(/^export \{[^}]*\};/m, '');
  const [, ...pieces] = whole.split(/^\/\/ ((?:target|node_modules)\/.+)$/m);
  let end = 0;
  const modules = [];
  let text = '';
  for (let at = 0; at < pieces.length; at += 2) {
    text += transformSync(pieces[at + 1], { minifyWhitespace: true }).code;
    const begin = end;
    end = Buffer.byteLength(text);
    const name = pieces[at].replace(`${MODULES}/wasm/`, 'glue of wasm-bindgen: ');
    const own = name.replace(`${MODULES}/`, 'ts/').replace(/^(ts\/.+)\.js$/, '$1.ts');
    modules.push({ group: own, size: end - begin, begin, end });
  }
  return [Buffer.from(text), modules];
}

function printTable(what, rows, whole) {
  const all = gzip(whole);
  console.log(
    `| ${what} | bytes | of ${whole.length} | gzip adds, of ${all} |\n| --- | ---: | ---: | ---: |`,
  );
  for (const { name, size, ranges } of rows) {
    const share = ((size / whole.length) * 100).toFixed(1);
    console.log(`| ${name} | ${size} | ${share} % | ${all - gzip(without(whole, ranges))} |`);
  }
}

function without(whole, ranges) {
  const pieces = [];
  let from = 0;
  for (const { begin, end } of ranges.toSorted((a, b) => a.begin - b.begin)) {
    pieces.push(whole.subarray(from, begin));
    from = end;
  }
  return Buffer.concat([...pieces, whole.subarray(from)]);
}

function bySize(a, b) {
  return b.size - a.size;
}

function gzip(bytes) {
  return gzipSync(bytes, { level: 9 }).length;
}
