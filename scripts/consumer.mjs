// Packs pkg/, installs the tarball into a project outside the repository whose source is README.md's
// example, and runs that project's own type check and tests.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const project = mkdtempSync(join(tmpdir(), 'lumenize-call-consumer-'));
try {
  cpSync('consumer', project, { recursive: true });
  mkdirSync(join(project, 'src'));
  const [, example] = /```ts\n([\s\S]*?)```/.exec(readFileSync('README.md', 'utf8'));
  writeFileSync(join(project, 'src', 'index.ts'), example);
  const tarball = run(
    'npm',
    ['pack', '--silent', '--pack-destination', project, './pkg'],
    '.',
  ).trim();
  const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  const tools = [
    '@cloudflare/vitest-plugin',
    '@cloudflare/workers-types',
    'typescript',
    'vitest',
    'wrangler',
  ];
  run('npm', [
    ...['install', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'],
    `./${tarball}`,
    ...tools.map((name) => `${name}@${devDependencies[name]}`),
  ]);
  console.log(run('npm', ['test']));
} finally {
  rmSync(project, { recursive: true, force: true });
}

function run(command, args, cwd = project) {
  const result = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
  });
  if (result.status === 0) return result.stdout;
  console.error(`${result.stdout}${result.stderr}${result.error ?? ''}`);
  throw new Error(`${command} ${args.join(' ')} failed`);
}
