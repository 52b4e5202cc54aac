// `npm run demo`: builds the package, starts the demo worker in workerd and tells the story that its
// chapters make. Exits 0 only if all of it happened.
import { build } from '../scripts/build/build.mjs';
import { bundle, serve } from '../scripts/lib/workerd.mjs';

build();
await bundle('demo/worker.ts', 'target/demo');
const { ask, stop } = await serve('demo/workerd.capnp');

let failed = 0;
try {
  const chapters = await ask('');
  console.log('\nOne Durable Object calls others, in workerd:\n');
  for (const [index, chapter] of chapters.entries()) {
    const { title, called, came, ms, ok } = await ask(chapter);
    if (!ok) failed += 1;
    console.log(`${index + 1}. ${title}`);
    console.log(`     ${called}`);
    console.log(`  ${ok ? '✓' : '✗'}  → ${came}  (${ms < 1 ? 'under 1' : ms} ms)\n`);
  }
} finally {
  stop();
}
console.log(failed === 0 ? 'All of it happened.' : `${failed} of it did not happen.`);
process.exitCode = failed === 0 ? 0 : 1;
