// `npm run examples`: takes every example out of README.md, docs/ and the doc comments of ts/, type-checks
// them all, runs them in workerd and on Node, and follows the links of all pages. Its last line is
// `N passed, N failed`. docs/guide.md is a project, file by file, and the other examples run in it;
// README's examples are one of their own, in a consumer's folder.
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { transformSync } from 'esbuild';
import { parse, printParseErrorCode } from 'jsonc-parser';
import { build } from '../build/build.mjs';
import { check, conclude, count } from '../lib/checks.mjs';
import { capture } from '../lib/spawn.mjs';
import { blocksOf, blocksOfComments } from './examples/blocks.mjs';
import { deadLinks } from './examples/links.mjs';
import { Project, TESTS } from './examples/project.mjs';

const FOLDER = 'target/examples';
const GUIDE = `${FOLDER}/guide`;
const README = `${FOLDER}/readme`;
/** A project whose source is README's example. */
const CONSUMER = 'consumers/vitest-plugin';
/** Written from the doc comments, whose examples are taken from there. */
const GENERATED = 'docs/api.md';
/** What runs on Node: no tests, but scripts that show something. */
const ON_NODE = /^scripts\//;
/** The package of an import, if it is one to install: files and the runtime's modules are not. */
const PACKAGE = / from '((?:@[\w-]+\/)?[\w-]+)(?:\/[\w/-]+)?';$/;
/** Languages of blocks that hold nothing to run. */
const PROSE = new Set(['', 'text', 'cddl', 'sh']);

build();
const skipped = [];

const pages = [
  'README.md',
  ...globSync('docs/*.md')
    .filter((path) => path !== GENERATED)
    .sort(),
];
// The guide comes first: others build on it.
pages.sort((a, b) => Number(b === 'docs/guide.md') - Number(a === 'docs/guide.md'));
const blocks = [
  ...pages.flatMap((path) => blocksOf(path, readFileSync(path, 'utf8'))),
  ...globSync('ts/**/*.ts')
    .sort()
    .flatMap((path) => blocksOfComments(path, readFileSync(path, 'utf8'))),
];

checkLinks();
checkInstalled();
const project = new Project();
const kinds = {};
/** File of the project → where its lines came from. */
let origins = new Map();
const readme = blocks.find(({ path, language }) => path === 'README.md' && language === 'ts');
const readmeConfig = blocks.find(
  ({ path, language }) => path === 'README.md' && language === 'jsonc',
);
for (const block of blocks) take(block);
origins = writeProjects();
if (run('types', 'tsc', ['--build', GUIDE, README])) {
  lowerDecorators(`${GUIDE}/${TESTS}`);
  runTests();
  runScripts();
}

for (const { path, line, skipped: reason } of skipped) {
  console.log(`examples: ${path}:${line} is skipped: ${reason}`);
}
const found = Object.entries(kinds).map(([kind, number]) => `${number} ${kind}`);
console.log(`examples: ${blocks.length} blocks: ${found.join(', ')}`);
conclude();

/** Puts a block where it is compiled, run or counted. */
function take(block) {
  const note = (kind) => {
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  };
  if (block.skipped) {
    skipped.push(block);
    note('skipped');
  } else if (block === readme || block === readmeConfig) note('as a project of its own');
  else if (block.language === 'ts' || block.language === 'jsonc') {
    note(project.add(block) === 'file' ? 'as files of the guide’s project' : 'as tests in it');
  } else if (block.language === 'json') {
    const errors = [];
    parse(block.code.join('\n'), errors, { disallowComments: true });
    check(`${block.path}:${block.line} is JSON`, errors.length === 0);
    note('JSON');
  } else if (PROSE.has(block.language)) note(`in ${block.language || 'no language'}`);
  else throw new Error(`${block.path}:${block.line}: what is to be done with ${block.language}?`);
}

/** @returns File → origins of its lines. */
function writeProjects() {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(`${FOLDER}/node_modules/@lumenize`, { recursive: true });
  symlinkSync('../../../../pkg', `${FOLDER}/node_modules/@lumenize/call`, 'dir');

  cpSync(CONSUMER, README, { recursive: true });
  write(`${README}/src/readme.ts`, `${readme.code.join('\n')}\n`);
  const configured = { ...parseJsonc(readmeConfig.code.join('\n')), main: 'src/readme.ts' };
  write(`${README}/wrangler.jsonc`, JSON.stringify(configured));

  const config = parseJsonc(project.files.get('wrangler.jsonc').text);
  const bindings = new Map(
    config.durable_objects.bindings.map(({ name, class_name }) => [class_name, name]),
  );
  project.addTests(bindings, exportsOf('pkg/index.d.ts'));
  for (const [path, { text }] of project.files) write(`${GUIDE}/${path}`, text);
  const tsconfig = parseJsonc(project.files.get('tsconfig.json').text);
  tsconfig.include.push('scripts');
  write(`${GUIDE}/tsconfig.json`, JSON.stringify(tsconfig));
  write(`${GUIDE}/package.json`, '{ "type": "module" }\n');
  run('the types of its bindings', 'wrangler', ['types'], GUIDE);
  return new Map([...project.files].map(([path, { origins }]) => [`${GUIDE}/${path}`, origins]));
}

function parseJsonc(text) {
  const errors = [];
  const value = parse(text, errors, { allowTrailingComma: true });
  for (const { error, offset } of errors) {
    throw new Error(`${printParseErrorCode(error)} in '${text.slice(offset).split('\n')[0]}'`);
  }
  return value;
}

function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Names of what a declaration file exports. */
function exportsOf(path) {
  const lists = readFileSync(path, 'utf8').matchAll(/^export (?:type )?\{([^}]*)\}/gm);
  // Of `type A`, and of `A as B`, the last word.
  return [...lists].flatMap(([, names]) => names.match(/\w+(?=\s*(?:,|$))/g));
}

function checkLinks() {
  const paths = [
    ...pages,
    GENERATED,
    ...globSync('*.md'),
    ...globSync('{bench,tests}/**/README.md'),
  ];
  const dead = deadLinks([...new Set(paths)]);
  for (const problem of dead) console.log(`examples: ${problem}`);
  count(dead.length === 0 ? { passed: 1 } : { failed: dead.length });
}

/** Whoever follows the guide has installed each package that its files and tests import. */
function checkInstalled() {
  const guide = blocks.filter(({ path }) => path === 'docs/guide.md');
  const linesOf = (language) =>
    guide.filter((block) => block.language === language).flatMap(({ code }) => code);
  const installed = linesOf('sh').flatMap(
    (line) => /^npm install (?:-D )?(.+)$/.exec(line)?.[1].split(' ') ?? [],
  );
  const imported = linesOf('ts').flatMap((line) => PACKAGE.exec(line)?.[1] ?? []);
  for (const name of new Set(imported)) {
    check(`docs/guide.md has a command that installs ${name}`, installed.includes(name));
  }
}

/** As wrangler does it, by esbuild: the transformer of vitest does not know standard decorators. */
function lowerDecorators(path) {
  const { code } = transformSync(readFileSync(path, 'utf8'), { loader: 'ts', target: 'es2022' });
  writeFileSync(path, code);
  // Its lines are others now; the tests are named by their places.
  origins.delete(path);
}

function runTests() {
  for (const folder of [GUIDE, README]) {
    const report = `${folder}/report.json`;
    const reporters = ['--reporter=default', '--reporter=json', '--outputFile.json=report.json'];
    // One recipe calls 1,000 objects, each of which is a database on disk.
    run('tests', 'vitest', ['run', '--testTimeout=60000', ...reporters], folder, false);
    const { numPassedTests = 0, numTotalTests = 0 } = existsSync(report)
      ? JSON.parse(readFileSync(report, 'utf8'))
      : {};
    // Where there is none, or one was skipped, something is wrong.
    const failed = numTotalTests === 0 ? 1 : numTotalTests - numPassedTests;
    count({ passed: numPassedTests, failed });
  }
}

/** Scripts of the guide run on Node; what they show is compared by themselves. */
function runScripts() {
  for (const path of project.files.keys()) {
    if (ON_NODE.test(path)) run(path, 'node', [path], GUIDE);
  }
}

/** Runs a tool. Places in what it says become those of the examples. */
function run(what, command, args, cwd = '.', counts = true) {
  const env = { CI: '1', NO_COLOR: '1', PWD: resolve(cwd) };
  const { status, output } = capture(command, args, { cwd, env });
  if (counts) count(status === 0 ? { passed: 1 } : { failed: 1 });
  if (status === 0) return true;
  console.log(`examples: ${what}: ${command} failed:\n${placed(output, cwd)}`);
  return false;
}

/** `src/cart.ts(12,3)` and `src/cart.ts:12:3` become `docs/guide.md:57`. */
function placed(output, cwd) {
  return output.replace(/([\w./-]+\.ts)[(:](\d+)[,:]\d+\)?/g, (place, path, line) => {
    const lines = origins.get(join(cwd, path));
    return lines?.[Number(line) - 1] ?? place;
  });
}
