// Follows the guide of the installed package from an empty folder to a green test: each command and each file
// up to the first `vitest run`, in their order. Only `npm install` is not run: what it names has to be what the
// package.json beside this installs, in exact versions. Then README's files take the place of the guide's.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGE = new URL('.', import.meta.resolve('@lumenize/call/package.json'));
const MODULES = resolve(fileURLToPath(PACKAGE), '../..');
/** `mkdir shop && cd shop`, which a process can do only for itself. */
const NEW_FOLDER = /^mkdir (\w+) && cd \1$/;
const INSTALL = /^npm install (?:-D )?(.+)$/;
const FILE = /^\/\/ ([\w./-]+\.\w+)$/;

/** The blocks of code of a page, in their order. */
function blocksOf(page) {
  const text = readFileSync(new URL(page, PACKAGE), 'utf8');
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, code]) => ({
    language,
    code,
    /** The file that its first line names. */
    file: FILE.exec(code.split('\n')[0])?.[1],
  }));
}

/** Where the commands run. */
let folder = '.';
const installed = new Set();

function run(command) {
  console.log(`follow: ${command}`);
  const [, made] = NEW_FOLDER.exec(command) ?? [];
  const [, packages] = INSTALL.exec(command) ?? [];
  if (made) {
    folder = join(folder, made);
    mkdirSync(folder);
  } else if (packages) {
    for (const name of packages.split(' ')) installed.add(name);
    // Installed already, above this folder.
    const modules = join(folder, 'node_modules');
    rmSync(modules, { force: true });
    symlinkSync(MODULES, modules, 'dir');
  } else {
    // Not the settings of the npm that runs this: commands are typed into a shell.
    const entries = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'));
    const env = Object.fromEntries(entries);
    const { status } = spawnSync(command, { cwd: folder, env, shell: true, stdio: 'inherit' });
    assert.equal(status, 0, command);
  }
}

function write(file, code) {
  console.log(`follow: ${file}`);
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, code);
}

const guide = blocksOf('docs/guide.md');
const end = guide.findIndex(({ code }) => code.includes('vitest run'));
const commandsOf = ({ code }) => code.trim().split('\n');
for (const block of guide.slice(0, end + 1)) {
  if (block.language === 'sh') commandsOf(block).forEach(run);
  else if (block.file) write(block.file, block.code);
}
const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
assert.deepEqual([...installed].sort(), ['@lumenize/call', ...Object.keys(devDependencies)].sort());

const readme = blocksOf('README.md');
for (const name of ['src', 'test']) rmSync(join(folder, name), { recursive: true });
cpSync('test', join(folder, 'test'), { recursive: true });
write('src/index.ts', readme.find(({ language }) => language === 'ts').code);
write('wrangler.jsonc', readme.find(({ file }) => file === 'wrangler.jsonc').code);
commandsOf(guide[end]).forEach(run);
// What is left is what the pages say, and nothing of this project's.
console.log(`follow: done, with ${readdirSync(folder).join(', ')}`);
