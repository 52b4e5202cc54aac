// `npm run test:consumers [-- NAME…]`: projects as users have them. Packs pkg/, installs the tarball
// into each project of consumers/ outside of the repository, and runs the project's own `npm test`.
// Projects that name the same packages share one installation. Its last line is `N passed, N failed`.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '../build/build.mjs';
import { blocksOf } from '../docs/examples/blocks.mjs';
import { conclude, count } from '../lib/checks.mjs';
import { capture, fail } from '../lib/spawn.mjs';

/** Where projects put the first example of README.md: it is what a newcomer pastes. */
const EXAMPLE = 'src/readme.ts';
const EXACT = /^(npm:.+@)?\d+\.\d+\.\d+(-[\w.]+)?$/;

const names = process.argv.slice(2);
const all = readdirSync('consumers');
const unknown = names.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  fail(`consumers: there is no ${unknown.join(', ')}; there is ${all.join(', ')}.`);
}

build();
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'lumenize-call-consumers-')));
const installations = new Map();
try {
  const tarball = join(folder, pack());
  for (const name of names.length > 0 ? names : all) {
    const start = Date.now();
    process.stdout.write(`consumers: ${name} … `);
    const { problem, notes = [] } = test(name, tarball);
    count(problem ? { failed: 1 } : { passed: 1 });
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    console.log([problem ? 'FAILED' : 'ok', ...notes, `(${seconds} s)`].join(' '));
    if (problem) console.log(problem);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
conclude();

function pack() {
  const args = ['pack', '--silent', '--pack-destination', folder, './pkg'];
  const { status, stdout, stderr } = run('npm', args, process.cwd());
  if (status !== 0) throw new Error(`npm pack failed: ${stderr}`);
  return stdout.trim();
}

/** Returns what went wrong, or nothing, and what the project wants to be known: its lines `note: …`. */
function test(name, tarball) {
  const manifest = JSON.parse(readFileSync(`consumers/${name}/package.json`, 'utf8'));
  const dependencies = { ...manifest.dependencies, ...manifest.devDependencies };
  const inexact = Object.keys(dependencies).filter((of) => !EXACT.test(dependencies[of]));
  if (inexact.length > 0) {
    return { problem: `consumers/${name}: no exact version of ${inexact.join(', ')}` };
  }
  const installation = install(dependencies, tarball);
  if (installation.problem) return installation;
  const project = join(installation.folder, name);
  cpSync(`consumers/${name}`, project, { recursive: true });
  const blocks = blocksOf('README.md', readFileSync('README.md', 'utf8'));
  const { code } = blocks.find(({ language }) => language === 'ts');
  mkdirSync(join(project, 'src'), { recursive: true });
  writeFileSync(join(project, EXAMPLE), `${code.join('\n')}\n`);
  const result = run('npm', ['test'], project);
  const notes = [...result.stdout.matchAll(/^(?:# )?note: (.*)/gm)].map(([, note]) => note);
  return { problem: problemOf(result), notes };
}

/** A folder above projects, in which they find what they name. */
function install(dependencies, tarball) {
  const all = { ...dependencies, '@lumenize/call': `file:${tarball}` };
  const key = JSON.stringify(all);
  const known = installations.get(key);
  if (known) return known;
  const at = join(folder, `${installations.size}`);
  mkdirSync(at);
  writeFileSync(
    join(at, 'package.json'),
    JSON.stringify({ private: true, type: 'module', dependencies: all }),
  );
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'];
  const made = { folder: at, problem: problemOf(run('npm', args, at)) };
  installations.set(key, made);
  return made;
}

function run(command, args, cwd) {
  return capture(command, args, { cwd, env: { CI: '1', WRANGLER_SEND_METRICS: 'false' } });
}

function problemOf({ status, output }) {
  return status === 0 ? undefined : output;
}
