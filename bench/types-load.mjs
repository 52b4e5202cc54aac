// Source text by which the compiler is loaded: so many classes of so many methods, called from so many places,
// by plain stubs, by continuations that know their target, and with functions as handlers.

const SIGNATURES = [
  { parameters: 'id: string, count: number', result: '{ id: string; count: number }' },
  { parameters: 'id: string', result: 'Promise<string[]>' },
  {
    parameters: 'options: { readonly tags: readonly string[]; deep?: { n: number } }',
    result: 'number',
  },
  { parameters: '', result: 'void' },
];
const ARGUMENTS = ["'a', 1", "'a'", "{ tags: ['a'] }", ''];

/** How each call is written, by what it calls: `binding` of an instance `main`, `method` with `args`. */
export const WAYS = {
  stubs: (binding, method, args) =>
    `void (await this.env.${binding}.getByName('main').${method}(${args}));`,
  bound: (binding, method, args) =>
    `void (await this.ctn('${binding}', 'main').${method}(${args}));`,
  'with functions': (binding, method, args) =>
    `this.svc.call(this.ctn('${binding}', 'main').${method}(${args}), (outcome) => void outcome);`,
};

/** A module of `classes` classes of `methods` methods, and `calls` calls of them. */
export function sourceOf(way, { classes, methods, calls }) {
  const isPlain = way === 'stubs';
  const base = isPlain ? 'DurableObject<Env>' : 'LumenizeBase<Env>';
  const every = (count, make) => Array.from({ length: count }, (_, at) => make(at)).join('\n');
  const method = (at) => {
    const { parameters, result } = SIGNATURES[at % SIGNATURES.length];
    return `  method${at}(${parameters}): ${result} { return undefined as never; }`;
  };
  const call = (at) => {
    const number = (at * 7) % methods;
    const args = ARGUMENTS[number % ARGUMENTS.length];
    return `    ${WAYS[way](`TARGET${at % classes}`, `method${number}`, args)}`;
  };
  return `${isPlain ? "import { DurableObject } from 'cloudflare:workers';" : "import { LumenizeBase } from '@lumenize/call';"}
interface Env {
${every(classes, (at) => `  readonly TARGET${at}: DurableObjectNamespace<Target${at}>;`)}
}
${every(classes, (at) => `export class Target${at} extends ${base} {\n${every(methods, method)}\n}`)}
export class Caller extends ${base} {
  async calls(): Promise<void> {
${every(calls, call)}
  }
}
`;
}
