// `npm run demo`: builds the package, starts the demo worker in workerd and tells the story that its
// chapters make, and a last one in which workerd is killed. Exits 0 only if all of it happened.
import { build } from '../scripts/build/build.mjs';
import { bundle, serve } from '../scripts/lib/workerd.mjs';
import { durableStory } from './durable/story.mjs';

build();
await bundle('demo/worker.ts', 'target/demo');
const { ask, stop } = await serve('demo/workerd.capnp');

let told = 0;
let failed = 0;
try {
  const chapters = await ask('');
  console.log('\nOne Durable Object calls others, in workerd:\n');
  for (const chapter of chapters) tell(await ask(chapter));
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

function timeOf(ms) {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${ms < 1 ? 'under 1' : ms} ms`;
}
