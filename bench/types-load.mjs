// Source text by which the compiler is loaded: so many classes of so many methods, called from so many places,
// by plain stubs and in every way that this package has.

const SIGNATURES = [
  {
    parameters: 'id: string, count: number',
    result: '{ id: string; count: number }',
    args: "'a', 1",
  },
  { parameters: 'id: string', result: 'Promise<string[]>', args: "'a'" },
  {
    parameters: 'options: { readonly tags: readonly string[]; deep?: { n: number } }',
    result: 'number',
    args: "{ tags: ['a'] }",
  },
  { parameters: '', result: 'void', args: '' },
];

/** As many calls as stand in one method: what the compiler follows from call to call grows with their square. */
const CALLS_IN_METHOD = 10;

/** How each call is written, by the number of its class and by `method(args)`. */
export const WAYS = {
  stubs: (at, called) => `void (await this.env.TARGET${at}.getByName('main').${called});`,
  'stubs with then': (at, called) =>
    `void this.env.TARGET${at}.getByName('main').${called}.then((outcome) => void outcome);`,
  'ctn<T>()': (at, called) =>
    `void (await this.svc.callRaw('TARGET${at}', 'main', this.ctn<Target${at}>().${called}));`,
  awaited: (at, called) => `void (await this.ctn('TARGET${at}', 'main').${called});`,
  'with functions': (at, called) =>
    `this.svc.call(this.ctn('TARGET${at}', 'main').${called}, (outcome) => void outcome);`,
};

/** The way of plain stubs that each of ours is compared with: that which says the same. */
export const BESIDE = {
  'ctn<T>()': 'stubs',
  awaited: 'stubs',
  'with functions': 'stubs with then',
};

/** A module of `classes` classes of `methods` methods, and `calls` calls, each of another method. */
export function sourceOf(way, { classes, methods, calls }) {
  const isPlain = !(way in BESIDE);
  const base = isPlain ? 'DurableObject<Env>' : 'LumenizeBase<Env>';
  const every = (count, make) => Array.from({ length: count }, (_, at) => make(at)).join('\n');
  const signature = (number) => SIGNATURES[number % SIGNATURES.length];
  const method = (number) => {
    const { parameters, result } = signature(number);
    return `  method${number}(${parameters}): ${result} { return undefined as never; }`;
  };
  const call = (at) => {
    const target = at % classes;
    const number = (target + 7 * Math.floor(at / classes)) % methods;
    return `    ${WAYS[way](target, `method${number}(${signature(number).args})`)}`;
  };
  const caller = (at) => {
    const begins = at * CALLS_IN_METHOD;
    const count = Math.min(CALLS_IN_METHOD, calls - begins);
    return `  async calls${at}(): Promise<void> {\n${every(count, (of) => call(begins + of))}\n  }`;
  };
  return `${isPlain ? "import { DurableObject } from 'cloudflare:workers';" : "import { LumenizeBase } from '@lumenize/call';"}
interface Env {
${every(classes, (at) => `  readonly TARGET${at}: DurableObjectNamespace<Target${at}>;`)}
}
${every(classes, (at) => `export class Target${at} extends ${base} {\n${every(methods, method)}\n}`)}
export class Caller extends ${base} {
${every(Math.ceil(calls / CALLS_IN_METHOD), caller)}
}
`;
}
