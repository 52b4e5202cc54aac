// `npm run editor`: what an editor shows of a user's own methods, and what the compiler says of the likeliest
// mistakes, by TypeScript 5.9, 6 and 7. `-- --write` writes test-editor/MISTAKES.md anew.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { installApart } from '../scripts/setup/apart.mjs';
import { open, place, VERSIONS } from './language-service.mjs';
import { MISTAKES } from './mistakes.mjs';

const PROJECT = resolve('test-editor/project');
const TABLE = 'test-editor/MISTAKES.md';
const isToBeWritten = process.argv.includes('--write');
/** Where names of bindings stand. */
const NAMED = [
  'namedStart',
  'namedService',
  'namedAwaited',
  'namedCall',
  'namedWithHandler',
  'namedByCaller',
];
let passed = 0;
let failed = 0;

installApart('test-editor');
for (const version of VERSIONS) {
  const service = await open(version, join(PROJECT, 'tsconfig.json'));
  try {
    await checkEditor(version, service);
  } finally {
    service.close();
  }
}
await checkMistakes();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** Where a comment in a file of the project marks something. */
function marked(file, name) {
  const path = join(PROJECT, file);
  const text = readFileSync(path, 'utf8');
  const mark = new RegExp(`/\\*${name}\\*/\\s*`).exec(text);
  if (!mark) throw new Error(`there is no mark ${name} in ${file}`);
  const position = mark.index + mark[0].length;
  return { path, position, place: place(path, text, position) };
}

async function checkEditor(version, service) {
  const declared = marked('users.ts', 'declared');
  const uses = ['bound', 'handled', 'unbound'].map((name) => marked('cart.ts', name));
  const everywhere = [declared, ...uses].map(({ place }) => place).sort();
  for (const name of ['bound', 'unbound']) {
    const { path, position } = marked('cart.ts', name);
    const at = `TypeScript ${version}, ${name}`;
    const hover = await service.hover(path, position);
    check(`${at}: hover shows the parameters`, /getUser[\s\S]*\(id: /.test(hover), hover);
    // TypeScript 7.0.2 drops the comments of members of mapped types; every version those of members with two
    // signatures, as what may be a handler has.
    const isComment =
      version === '7' || name === 'unbound' || hover.includes('Finds a user by id.');
    check(`${at}: hover shows the comment`, isComment, hover);
    // The signatures of what may be a handler are also found where this package declares them.
    const definitions = await service.definition(path, position);
    const found = name === 'bound' ? definitions : definitions.slice(0, 1);
    same(`${at}: definition`, found, [declared.place]);
    same(`${at}: rename`, (await service.rename(path, position)).sort(), everywhere);
  }
  const references = await service.references(declared.path, declared.position);
  same(`TypeScript ${version}: references`, references.sort(), everywhere);
  const completed = { completedBound: [], completedUnbound: ['$result'] };
  for (const [name, more] of Object.entries(completed)) {
    const { path, position } = marked('cart.ts', name);
    const names = await service.completions(path, position);
    same(`TypeScript ${version}: ${name}`, names.sort(), [...more, 'getUser', 'rename']);
  }
  for (const name of NAMED) {
    const { path, position } = marked('cart.ts', name);
    const names = await service.completionsInString(path, position);
    same(`TypeScript ${version}: ${name}`, names.sort(), ['CALC', 'CART', 'ORDERS', 'USERS']);
  }
}

/** Compiles each mistake in a file of its own, and compares what is said with the table. */
async function checkMistakes() {
  const folder = 'target/test-editor';
  writeMistakes(folder);
  const said = {};
  for (const version of ['6', '7']) {
    const service = await open(version, resolve(folder, 'tsconfig.json'));
    for (const name of namesOfMistakes()) {
      const [first] = await service.mistakes(resolve(folder, `${name}.ts`));
      said[`${name} ${version}`] = first?.text ?? 'nothing';
    }
    service.close();
  }
  const table = asMarkdown(said);
  if (isToBeWritten) writeFileSync(TABLE, table);
  for (const [index, { name }] of MISTAKES.entries()) {
    const sentences = ['6', '7'].map((version) => said[`ours${index} ${version}`]);
    check(`${name}: does not compile`, !sentences.includes('nothing'), sentences.join('\n'));
  }
  check(`${TABLE} is what the compilers say`, readFileSync(TABLE, 'utf8') === table, table);
}

function writeMistakes(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const config = JSON.parse(readFileSync(join(PROJECT, 'tsconfig.json'), 'utf8'));
  config.compilerOptions.paths = {
    '@lumenize/call': [resolve('pkg/workerd.d.ts')],
    '@lumenize/call/durable': [resolve('pkg/durable.d.ts')],
  };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(config));
  writeFileSync(`${folder}/users.ts`, readFileSync(join(PROJECT, 'users.ts')));
  for (const [index, { ours, stubs, isDurable }] of MISTAKES.entries()) {
    writeFileSync(`${folder}/ours${index}.ts`, isDurable ? inShop(ours) : inCart(ours));
    if (stubs) writeFileSync(`${folder}/stubs${index}.ts`, inCart(stubs));
  }
}

function namesOfMistakes() {
  return MISTAKES.flatMap(({ stubs }, index) => [
    `ours${index}`,
    ...(stubs ? [`stubs${index}`] : []),
  ]);
}

function inCart(code) {
  return `import { LumenizeBase } from '@lumenize/call';
import type { Calc, Env, Orders, User, Users } from './users.js';

export class Cart extends LumenizeBase<Env> {
  onUser(_user: User | Error): void {}
  onUserOnly(_user: User): void {}
  onNumber(_count: number | Error): void {}
  async mistake(): Promise<void> {
    const users = this.ctn('USERS', 'main');
    const calc = this.ctn('CALC', 'main');
    void [users, calc];
    ${code}
  }
}
`;
}

function inShop(code) {
  return `import { LumenizeBase } from '@lumenize/call';
import { withDurableCalls } from '@lumenize/call/durable';
import type { Orders, Users } from './users.js';

export class Stock extends withDurableCalls(LumenizeBase<Env>) {
  take(id: string): string {
    return id;
  }
}

export class Bank extends withDurableCalls(LumenizeBase<Env>) {
  charge(sum: number): number {
    return sum;
  }
}

interface Env {
  readonly STOCK: DurableObjectNamespace<Stock>;
  readonly BANK: DurableObjectNamespace<Bank>;
  readonly USERS: DurableObjectNamespace<Users>;
  readonly ORDERS: Service<typeof Orders>;
}

export class Shop extends withDurableCalls(LumenizeBase<Env>) {
  onTaken(_id: string | Error): void {}
  onNumber(_count: number | Error): void {}
  mistake(): void {
    const stock = this.ctn('STOCK', 'main');
    void stock;
    ${code}
  }
}
`;
}

function asMarkdown(said) {
  const row = (name, code) => {
    const [six, seven] = ['6', '7'].map((version) => said[`${name} ${version}`]);
    const texts = six === seven ? `- 6 and 7: ${six}` : `- 6: ${six}\n- 7: ${seven}`;
    return `\`${code}\`\n\n${texts}\n`;
  };
  const sections = MISTAKES.map(({ name, ours, stubs }, index) => {
    const beside = stubs ? `\nBy a plain stub: ${row(`stubs${index}`, stubs)}` : '';
    return `## ${name}\n\n${row(`ours${index}`, ours)}${beside}`;
  });
  return [
    '# What the compiler says of the likeliest mistakes\n',
    'The first line of the first error, by TypeScript 6 and 7. Written by `npm run editor -- --write`, and compared by',
    '`npm test`.\n',
    sections.join('\n'),
  ].join('\n');
}

function same(what, actual, expected) {
  const text = [...new Set(actual)].join(', ');
  check(what, text === expected.join(', '), `${text}\nin place of\n${expected.join(', ')}`);
}

function check(what, isSo, details) {
  if (isSo) passed += 1;
  else {
    failed += 1;
    console.log(`editor: NOT SO: ${what}\n${details}`);
  }
}
