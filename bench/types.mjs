// `npm run bench:types`: what the types of this package cost the compiler. The same code, by plain stubs and in
// every way of this package: for one class of 300 methods the instantiations are compared, which are the same each
// time, and for 50 classes of 20 methods the time.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { capture } from '../scripts/lib/spawn.mjs';
import { ratio } from '../scripts/lib/statistics.mjs';
import { BESIDE, sourceOf, WAYS } from './types-load.mjs';

const ONE_CLASS = { classes: 1, methods: 300, calls: 300 };
const MANY_CLASSES = { classes: 50, methods: 20, calls: 500 };
/** More instantiations than plain stubs need, in per cent. */
const MORE = 25;
/** As the short benchmark in `npm test` runs it: fewer rounds, and room for whatever else the machine does. */
const isQuick = process.argv.includes('--quick');
/** Times what plain stubs take, all in all. */
const TIMES = isQuick ? 2 : 1.3;
const ROUNDS = isQuick ? 3 : 9;
const FOLDER = 'target/bench-types';

const ways = Object.keys(BESIDE);
let isWithin = true;

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
const needed = compiled('stubs', ONE_CLASS).instantiations;
for (const way of ways) {
  const { instantiations } = compiled(way, ONE_CLASS);
  const more = (100 * (instantiations - needed)) / needed;
  judge(
    more <= MORE,
    `one class, ${way}: ${instantiations} instantiations, ${more.toFixed(1)} % more than the ${needed} of plain stubs (must be at most ${MORE} %)`,
  );
}

const all = Object.keys(WAYS);
const seconds = Object.fromEntries(all.map((way) => [way, []]));
for (let round = 0; round < ROUNDS; round++) {
  for (const way of all) seconds[way].push(compiled(way, MANY_CLASSES).seconds);
}
for (const way of ways) {
  const times = ratio(seconds[way], seconds[BESIDE[way]]);
  judge(
    times <= TIMES,
    `50 classes, ${way}: ${times.toFixed(2)} times as long as ${BESIDE[way]} (must be at most ${TIMES})`,
  );
}
process.exitCode = isWithin ? 0 : 1;

function judge(isSo, text) {
  isWithin &&= isSo;
  console.log(text);
}

function compiled(way, load) {
  const name = way.replace(/\W+/g, '-');
  writeFileSync(`${FOLDER}/${name}.ts`, sourceOf(way, load));
  const config = {
    extends: '../../test-worker/tsconfig.json',
    compilerOptions: {
      types: ['@cloudflare/workers-types'],
      noUnusedParameters: false,
      paths: { '@lumenize/call': ['../../pkg/workerd.d.ts'] },
    },
    files: [`${name}.ts`],
    include: [],
    exclude: [],
  };
  writeFileSync(`${FOLDER}/${name}.json`, JSON.stringify(config));
  const { status, stdout } = capture('tsc', [
    '--project',
    `${FOLDER}/${name}.json`,
    '--extendedDiagnostics',
  ]);
  const instantiations = Number(/Instantiations:\s+(\d+)/.exec(stdout)?.[1]);
  const seconds = Number(/Total time:\s+([\d.]+)s/.exec(stdout)?.[1]);
  if (status === 0 && instantiations > 0) return { instantiations, seconds };
  console.error(stdout);
  throw new Error(`tsc did not accept ${name}.ts`);
}
