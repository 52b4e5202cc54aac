/** A target that returns a value of each kind, and objects with what callers must not reach. */
import { RpcTarget } from 'cloudflare:workers';
import { LumenizeBase, LumenizeWorker } from '@lumenize/call';

export class Stack extends Array<number> {
  top(): number | undefined {
    return this.at(-1);
  }
}

class Cart {
  readonly items = [1, 2];
  #hidden = 3;

  total(): number {
    return this.#hidden + this.items.length;
  }

  toJSON(): string {
    return 'a cart';
  }
}

/** Passed by reference, with a disposer. */
export class Handle extends RpcTarget {
  static disposed: string[] = [];
  readonly own = 'own';
  readonly arrow = (): number => 5;

  constructor(readonly name: string) {
    super();
  }

  hello(): string {
    return `hello from ${this.name}`;
  }

  wrap(): { handle: Handle } {
    return { handle: this };
  }

  [Symbol.dispose](): void {
    Handle.disposed.push(this.name);
  }
}

async function* endless(): AsyncGenerator<number> {
  for (let n = 0; ; n++) yield n;
}

function* generator(): Generator<number> {
  for (let n = 0; ; n++) yield n;
}

/**
 * A value of each kind, made anew. Those of the platform come from `ctx` and `env`. `console` and `process`
 * are the test tool's own here.
 */
export const VALUES: Record<string, (self: Reachable) => unknown> = {
  string: () => 'text',
  number: () => 5,
  bigint: () => 5n,
  boolean: () => true,
  symbol: () => Symbol('s'),
  'plain object': () => ({ a: 1 }),
  'object without a prototype': () => Object.assign(Object.create(null), { a: 1 }),
  'instance of a class': () => new Cart(),
  'subclass of Array': () => Stack.of(1, 2),
  function: () => Object.assign(() => 1, { property: 2 }),
  'class of the user': () => Cart,
  RpcTarget: () => new Handle('listed'),
  array: () => [1, 2],
  Map: () => new Map([['a', 1]]),
  Set: () => new Set([1]),
  WeakMap: () => new WeakMap(),
  WeakSet: () => new WeakSet(),
  WeakRef: () => new WeakRef({}),
  Date: () => new Date(0),
  RegExp: () => /a/g,
  Error: () => new RangeError('m'),
  DOMException: () => new DOMException('m', 'AbortError'),
  ArrayBuffer: () => new ArrayBuffer(4),
  SharedArrayBuffer: () => new SharedArrayBuffer(4),
  DataView: () => new DataView(new ArrayBuffer(8)),
  Uint8Array: () => new Uint8Array(4),
  Float64Array: () => new Float64Array(4),
  Buffer: () => Buffer.from('text'),
  'boxed string': () => new String('text'),
  'boxed number': () => new Number(5),
  Math: () => Math,
  JSON: () => JSON,
  Reflect: () => Reflect,
  Intl: () => Intl,
  Atomics: () => Atomics,
  WebAssembly: () => WebAssembly,
  globalThis: () => globalThis,
  'array iterator': () => [1].values(),
  'map iterator': () => new Map().entries(),
  'string iterator': () => 'a'[Symbol.iterator](),
  'iterator helper': () => Reflect.apply(Reflect.get([1].values(), 'map'), [1].values(), [Number]),
  generator: () => generator(),
  'async generator': () => endless(),
  Proxy: () => new Proxy({ a: 1 }, {}),
  'Proxy of the object': (self) => new Proxy(self, {}),
  'object made of the object': (self) => Object.create(self),
  NumberFormat: () => new Intl.NumberFormat(),
  Headers: () => new Headers({ a: 'b' }),
  Request: () => new Request('https://a.b'),
  Response: () => new Response('text'),
  FormData: () => new FormData(),
  Blob: () => new Blob(['text']),
  File: () => new File(['text'], 'f'),
  URL: () => new URL('https://a.b/c'),
  URLSearchParams: () => new URLSearchParams('a=b'),
  ReadableStream: () => new ReadableStream(),
  WritableStream: () => new WritableStream(),
  TransformStream: () => new TransformStream(),
  EventTarget: () => new EventTarget(),
  AbortController: () => new AbortController(),
  AbortSignal: () => new AbortController().signal,
  TextEncoder: () => new TextEncoder(),
  TextDecoder: () => new TextDecoder(),
  WebSocket: () => Object.assign(new WebSocketPair()[0], { id: 'c1', state: {} }),
  crypto: () => crypto,
  scheduler: () => scheduler,
  caches: () => caches,
  navigator: () => navigator,
  performance: () => performance,
  ctx: (self) => self.context,
  storage: (self) => self.context.storage,
  'key-value storage': (self) => self.context.storage.kv,
  sql: (self) => self.context.storage.sql,
  'sql cursor': (self) => self.context.storage.sql.exec('SELECT 1'),
  id: (self) => self.context.id,
  namespace: (self) => self.bindings.CALC,
};

export class Reachable extends LumenizeBase {
  /** For the values above: callers do not get at own properties. */
  readonly context = this.ctx;
  readonly bindings = this.env;

  give(name: string): unknown {
    return VALUES[name]?.(this);
  }

  /** Stubs are asked for one by one: they answer for every name. */
  stub(kind: 'object' | 'worker' | 'session'): unknown {
    const target = this.env.REACHABLE.getByName('behind a stub');
    if (kind === 'object') return target;
    return kind === 'worker' ? this.env.REACHED : target.shelf();
  }

  shelf(): Shelf {
    return new Shelf();
  }

  echo(value: unknown): unknown {
    return value;
  }

  handle(name: string): Handle {
    return new Handle(name);
  }

  async handleLater(name: string): Promise<{ inside: Handle[] }> {
    await scheduler.wait(1);
    return { inside: [new Handle(name)] };
  }

  disposable(name: string): () => string {
    return Object.assign(() => 'called', { [Symbol.dispose]: () => Handle.disposed.push(name) });
  }

  tool(): unknown {
    // biome-ignore lint/suspicious/noThenProperty: it is data
    return { function: { name: 'search', arguments: '{"q": 1}' }, caller: 'c', then: 'now' };
  }

  run(value: unknown): unknown {
    return value;
  }

  args(): string[] {
    return ['a'];
  }

  cart(): Cart {
    return new Cart();
  }

  wipe(): string {
    return 'wiped';
  }
}

/** Methods that are called as methods of the language are. */
class Shelf extends RpcTarget {
  add(n: number): number {
    return n + 1;
  }

  set(n: number): string {
    return `set ${n}`;
  }

  delete(n: number): string {
    return `deleted ${n}`;
  }

  search(text: string): string {
    return `searched ${text}`;
  }

  sort(): string {
    return 'sorted';
  }
}

/** An entrypoint with what the runtime calls, and what others may. */
export class Reached extends LumenizeWorker {
  hello(): string {
    return 'hello';
  }
}

for (const name of ['scheduled', 'queue', 'tail', 'trace', 'email', 'tailStream', 'test']) {
  Object.defineProperty(Reached.prototype, name, { value: () => name, configurable: true });
}
