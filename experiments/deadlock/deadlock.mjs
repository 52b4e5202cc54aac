// `npm run experiment:deadlock`: objects that wait for each other, by this package and inside
// blockConcurrencyWhile. Writes experiments/deadlock/RESULTS.md. It takes half a minute, which is what
// a deadlock takes.
import { writeFileSync } from 'node:fs';
import { build } from '../../scripts/build/build.mjs';
import { bundle, serve } from '../../scripts/lib/workerd.mjs';

const repeat = (times, path) => Array.from({ length: times }, (_, n) => path(n));

/** Each path is called along, from object to object; all paths of a case at once. */
const CASES = {
  'A calls B': [['a', 'b']],
  'A calls itself': [['a', 'a']],
  'A → B → A': [['a', 'b', 'a']],
  'A → B → A → B, to depth 8': [repeat(9, (n) => (n % 2 === 0 ? 'a' : 'b'))],
  'A and B call each other, 100 times at once': repeat(200, (n) =>
    n % 2 === 0 ? ['a', 'b'] : ['b', 'a'],
  ),
  'a ring of 13': [[...repeat(13, (n) => `ring ${n}`), 'ring 0']],
};
const MODES = { FREE: 'this package', LOCKED: 'in blockConcurrencyWhile' };

build();
await bundle('experiments/deadlock/worker.ts', 'target/experiments/deadlock');
const { url, stop } = await serve('experiments/deadlock/workerd.capnp');
console.log('experiment: up to half a minute; workerd reports the objects that it resets');
try {
  const rows = await Promise.all(
    Object.entries(CASES).flatMap(([name, paths], at) =>
      Object.entries(MODES).map(async ([mode, title]) => {
        // Objects of its own for each case.
        const own = paths.map((path) => path.map((object) => `${at} ${object}`));
        const start = Date.now();
        const body = JSON.stringify({ mode, paths: own });
        const outcomes = await (await fetch(url, { method: 'POST', body })).json();
        const seconds = (Date.now() - start) / 1000;
        const answered = outcomes.filter((outcome, n) => outcome === paths[n].length - 1).length;
        const failure = outcomes.find((outcome) => typeof outcome === 'string');
        console.log(`experiment: ${name}, ${title}: ${answered} of ${paths.length} answered`);
        return { name, title, answered, calls: paths.length, seconds, failure };
      }),
    ),
  );
  writeFileSync('experiments/deadlock/RESULTS.md', report(rows));
} finally {
  stop();
}

function report(rows) {
  const lines = rows.map(({ name, title, answered, calls, seconds, failure }) => {
    const waited = seconds >= 1 ? `${seconds.toFixed(0)} s` : 'under 1 s';
    return `| ${name} | ${title} | ${answered} of ${calls} | ${waited} | ${failure ?? ''} |`;
  });
  return `# Objects that wait for each other

Written by \`npm run experiment:deadlock\`, in bare workerd. The same calls along the same paths, all at
once: as this package makes them, with nothing held while a call is in flight, and with
\`ctx.blockConcurrencyWhile\` around each call, as the first rewrite of the package's first version shipped
it. Here a call in it is plain Workers RPC: nothing else can be the cause.

| calls | way | answered | after | what the others failed with |
| --- | --- | --- | --- | --- |
${lines.join('\n')}

\`blockConcurrencyWhile\` lets nothing in until its callback has ended. A callee that calls back, however
many objects later, waits for the object that waits for it, until the platform resets the object
after 30 seconds and all that it held in memory is lost. Without it, an object answers while it
waits. What it was meant to protect, the order of changes to an object's state, is for the object's
own methods to see to: between two \`await\`s nothing else runs.
`;
}
