// `npm run demo`: builds the package, starts the demo worker in workerd and tells the story that its
// chapters make, and a last one in which workerd is killed. Exits 0 only if all of it happened.
// `-- --trace` shows the spans of each chapter, too, as a worker that tails receives them.
import { build } from '../scripts/build/build.mjs';
import { serveTraced } from '../scripts/lib/tracing/serve.mjs';
import { linesOf, spansOf } from '../scripts/lib/tracing/spans.mjs';
import { bundle, serve } from '../scripts/lib/workerd.mjs';
import { durableStory } from './durable/story.mjs';

const IS_TRACED = process.argv.includes('--trace');
/** Spans that do not end: of a method that hangs. */
const ENDLESS = ['Users', 'Users.never'];

build();
await bundle('demo/worker.ts', 'target/demo');
const server = await (IS_TRACED ? serveTraced : serve)('demo/workerd.capnp');
const { ask, stop } = server;

let told = 0;
let failed = 0;
try {
  const chapters = await ask('');
  if (IS_TRACED) await spansOf(server);
  console.log('\nOne Durable Object calls others, in workerd:\n');
  for (const chapter of chapters) {
    tell(await ask(chapter));
    if (IS_TRACED) await tellSpans();
  }
} finally {
  stop();
}
tell(await durableStory());
console.log(failed === 0 ? 'All of it happened.' : `${failed} of it did not happen.`);
process.exitCode = failed === 0 ? 0 : 1;

function tell({ title, called, came, ms, ok }) {
  told += 1;
  if (!ok) failed += 1;
  console.log(`${told}. ${title}`);
  console.log(`     ${called}`);
  console.log(`  ${ok ? '✓' : '✗'}  → ${came}  (${timeOf(ms)})\n`);
}

async function tellSpans() {
  const lines = linesOf(await spansOf(server, ENDLESS), shown, '     ');
  console.log(`${lines.join('\n')}\n`);
}

/** A span in one line: of an invocation, with the methods that it ran. */
function shown({ name, isInvocation, attributes, status, ms }) {
  const { 'lumenize.methods': methods = attributes['jsrpc.method'] } = attributes;
  const what = isInvocation && methods ? `${name}: ${methods}` : name;
  const came = status?.code === 'error' ? ` → ${status.message}` : '';
  return `${what}${came}${ms === undefined && !isInvocation ? ', which has not ended' : ''}`;
}

function timeOf(ms) {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${ms < 1 ? 'under 1' : ms} ms`;
}
