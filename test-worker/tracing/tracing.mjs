// Spans of calls, as a worker that tails receives them, in bare workerd: what is inside of what, and what each says.
import { deepStrictEqual } from 'node:assert';
import { setTimeout } from 'node:timers/promises';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '../../scripts/build/build.mjs';
import { check, conclude } from '../../scripts/lib/checks.mjs';
import { areComplete, linesOf, treesOf } from '../../scripts/lib/spans.mjs';
import { bundle, serve } from '../../scripts/lib/workerd.mjs';

build();
await bundle('test-worker/tracing/worker.ts', 'target/tracing');
const server = await serve('test-worker/tracing/workerd.capnp', { experimental: true, disk: mkdtempSync(join(tmpdir(), 'tracing-')) });
for (const story of ['single','around','batch','nested','failing','failingLater','late','refused','chain','handler','handlers','durable']) {
  console.log(story, JSON.stringify(await server.ask(story)));
  let events = [];
  for (let i = 0; i < 50 && !areComplete(events); i++) { events.push(...await server.ask('spans')); await setTimeout(20); }
  console.log(linesOf(treesOf(events), (t) => `${t.name} ${JSON.stringify(t.attributes)} ${t.status ? JSON.stringify(t.status) : ''} ${t.exceptions.join()} ${t.ms}`).join('\n'));
}
server.stop();
