// Question 5, second part: an Agent's own schedule with our wake-ups beside it, and without.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { build } from 'esbuild';
import { ask, kill, start } from './process.mjs';

const KINDS = ['once', 'throws once', 'every second', 'cancelled'];
const WAKES = [200, 900, 1_000, 1_500, 3_200];
const PATIENCE = 6_500;

/** `folder` is where `agents` is installed. */
export async function agents(folder) {
  const modules = resolve(folder, 'node_modules');
  await build({
    entryPoints: ['experiments/durable/agent.js'],
    outdir: 'target/experiments/durable',
    bundle: true,
    format: 'esm',
    conditions: ['workerd', 'worker', 'import'],
    external: ['cloudflare:*', 'node:*'],
    // Some of its packages require Node's modules by their old names.
    platform: 'node',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire('/');",
    },
    nodePaths: [modules],
    plugins: [{ name: 'no email', setup: withoutEmail }],
    logLevel: 'error',
  });
  await kill();
  await start('experiments/durable/agent.capnp');
  const cases = KINDS.flatMap((kind) => [
    { kind, wakes: [] },
    { kind, wakes: WAKES },
  ]);
  const name = ({ kind, wakes }) => `${kind} ${wakes.length}`;
  const started = await ask(
    cases.map((each) => ['AGENT', name(each), 'start', each.kind, each.wakes]),
  );
  await setTimeout(PATIENCE);
  const seen = await ask(cases.map((each) => ['AGENT', name(each), 'since']));
  const { version } = JSON.parse(readFileSync(resolve(modules, 'agents/package.json'), 'utf8'));
  const of = (kind, wakes) => cases.findIndex((each) => each.kind === kind && each.wakes === wakes);
  await kill();
  await start();
  return {
    version,
    rows: KINDS.map((kind) => {
      const [alone, shared] = [
        seen[cases.findIndex((each) => each.kind === kind && each.wakes.length === 0)],
        seen[of(kind, WAKES)],
      ];
      return {
        kind,
        alone: alone.value?.times ?? alone.error,
        shared: shared.value?.times ?? shared.error,
        ours: shared.value?.ours.length,
        wanted: WAKES.length,
        error: started[of(kind, WAKES)].error,
      };
    }),
  };
}

/** Bare workerd has no `cloudflare:email`, which is only imported. */
function withoutEmail(bundling) {
  bundling.onResolve({ filter: /^cloudflare:email$/ }, ({ path }) => ({
    path,
    namespace: 'email',
  }));
  bundling.onLoad({ filter: /./, namespace: 'email' }, () => ({
    contents: 'export class EmailMessage {}',
  }));
}
