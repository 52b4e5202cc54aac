/** A target that returns a value of each kind, and objects with what callers must not reach. */

import { RpcTarget, WorkflowEntrypoint } from 'cloudflare:workers';
import { createSecretKey } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
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

class Speaker extends RpcTarget {
  readonly #say: () => string;

  constructor(say: () => string) {
    super();
    this.#say = say;
  }

  say(): string {
    return this.#say();
  }
}

/** What is used after it has been sent. */
export interface Lasting {
  readonly function: () => string;
  readonly target: { say(): string };
  readonly stream: ReadableStream;
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

  /** What goes on to need this when it has been sent. */
  lasting(): Lasting {
    const hello = (): string => (Handle.disposed.includes(this.name) ? 'disposed' : 'alive');
    const pull = (controller: ReadableStreamDefaultController): void => {
      controller.enqueue(new TextEncoder().encode(hello()));
      controller.close();
    };
    return {
      function: hello,
      target: new Speaker(hello),
      stream: new ReadableStream({ type: 'bytes', pull: pull as never }),
    };
  }

  [Symbol.dispose](): void {
    Handle.disposed.push(this.name);
  }
}

/** Classes of the runtime's own, made more by the user. */
class Bus extends EventEmitter {
  mine(): string {
    return 'mine';
  }
}

class Naturals extends Reflect.get(globalThis, 'Iterator') {
  #n = 0;

  next(): IteratorResult<number> {
    this.#n += 1;
    return { done: false, value: this.#n };
  }
}

class Tagged extends RpcTarget {
  readonly [Symbol.toStringTag] = 'Tagged';

  add(n: number): number {
    return n + 1;
  }
}

/** Of that name, but a user's. */
class Ai {
  ask(): string {
    return 'answer';
  }
}

interface Process {
  getBuiltinModule(name: string): object;
}

const { getBuiltinModule } = Reflect.get(globalThis, 'process') as Process;
const asyncHooks = getBuiltinModule('node:async_hooks') as { createHook(hooks: object): object };
const diagnostics = getBuiltinModule('node:diagnostics_channel') as {
  tracingChannel(name: string): object;
};

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
  EventEmitter: () => new EventEmitter(),
  'subclass of EventEmitter': () => new Bus(),
  'stream of Node': () => Readable.from(['a']),
  KeyObject: () => createSecretKey(Buffer.from('secret')),
  'subclass of Iterator': () => new Naturals(),
  segments: () => new Intl.Segmenter('en').segment('a b'),
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
  'tagged object': () => ({ a: 1, [Symbol.toStringTag]: 'Tag' }),
  'tagged RpcTarget': () => new Tagged(),
  "user's class of a runtime's name": () => new Ai(),
  timer: () => {
    const timer = setTimeout(() => {}, 0);
    clearTimeout(timer);
    return timer;
  },
  'async hook': () => asyncHooks.createHook({}),
  'tracing channel': () => diagnostics.tracingChannel('test'),
  D1: (self) => self.bindings.DATABASE,
  'D1 statement': (self) => self.bindings.DATABASE.prepare('SELECT 1'),
  'D1 session': (self) => self.bindings.DATABASE.withSession(),
  'Analytics Engine': (self) => self.bindings.DATASET,
  'rate limiter': (self) => self.bindings.LIMITER,
  Workflow: (self) => self.bindings.WORKFLOW,
  Images: (self) => self.bindings.IMAGES,
  'transformed image': (self) => self.bindings.IMAGES.input(new ReadableStream()),
};

/** For `ctx.exports`, and because a binding needs one. */
export class Workflow extends WorkflowEntrypoint {
  override async run(): Promise<void> {}
}

/** Prototypes of all classes that Node's modules export, wherever they stand in them. */
function classesOfNode(): object[] {
  const names = Reflect.get(getBuiltinModule('node:module'), 'builtinModules') as string[];
  const prototypes = new Set<object>();
  const seen = new Set<unknown>();
  const look = (value: unknown): void => {
    if (seen.has(value) || value === null || !/object|function/.test(typeof value)) return;
    seen.add(value);
    for (const name of Reflect.ownKeys(value as object)) {
      const member: unknown = Object.getOwnPropertyDescriptor(value, name)?.value;
      if (name !== 'prototype') look(member);
      else if (member && member !== Object.prototype) prototypes.add(member as object);
    }
  };
  // The test tool replaces `console`, which the module of that name needs.
  for (const name of names) if (name !== 'console') look(getBuiltinModule(name));
  return [...prototypes];
}

let ofNode: object[] | undefined;

export class Reachable extends LumenizeBase {
  /** For the values above: callers do not get at own properties. */
  readonly context = this.ctx;
  readonly bindings = this.env;

  give(name: string): unknown {
    return VALUES[name]?.(this);
  }

  /** As instances of a class of Node's are, without what they are made of. */
  ofNode(number: number): object {
    return Object.create(this.classesOfNode()[number] ?? null);
  }

  classesOfNode(): object[] {
    ofNode ??= classesOfNode();
    return ofNode;
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

  list(length: number): number[] {
    return new Array<number>(length).fill(7);
  }

  #objects: object[] = [];

  /** The same list as the last time, if it was as long. */
  sameObjects(length: number): object[] {
    if (this.#objects.length !== length) this.#objects = this.objects(length);
    return this.#objects;
  }

  #list: number[] = [];

  /** The same list as the last time, if it was as long. */
  sameList(length: number): number[] {
    if (this.#list.length !== length) this.#list = this.list(length);
    return this.#list;
  }

  readonly #lists: number[][] = [];

  /** A list of its own for each number, made once. */
  listAt(at: number, length: number): number[] {
    this.#lists[at] ??= this.list(length);
    return this.#lists[at];
  }

  holder(length: number): object {
    return { list: this.sameList(length) };
  }

  readonly #tables = new Map<number, object>();

  /** The same object as the last time of that size, which is how many keys it has. */
  sameTable(size: number): object {
    const make = (): object =>
      Object.fromEntries(Array.from({ length: size }, (_, at) => [`key${at}`, at]));
    const table = this.#tables.get(size) ?? make();
    this.#tables.set(size, table);
    return table;
  }

  objects(length: number): object[] {
    return Array.from({ length }, (_, id) => ({ id, name: 'x' }));
  }

  text(length: number): string {
    return 'x'.repeat(length);
  }

  /** It counts how often it is read. */
  lazy(): unknown {
    const lazy = { reads: 0, ok: 'ok' };
    return Object.defineProperty(lazy, 'bad', {
      enumerable: true,
      get() {
        lazy.reads += 1;
        throw new Error('lazy');
      },
    });
  }

  /** A list of lists, nested so deep that no walk that calls itself ends well. */
  nested(depth: number): unknown {
    let list: unknown[] = [];
    for (let left = depth; left > 0; left--) list = [list];
    return { ok: 'ok', list };
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
