/**
 * Recording: a continuation is a proxy over one immutable node, and each property read or call on
 * it makes the next node. Nodes point at what they extend, so continuations share their beginnings
 * and one can be extended in two directions.
 *
 * A node is its proxy's own handler: recording a step makes one node and one proxy, nothing else.
 */

import type { Target } from '../calling/target.js';
import type { Begun } from '../types.js';
import { CallError, textOf } from '../wire/errors.js';
import { startAt } from '../wire/stack.js';

/** Known to every copy of this package: a continuation of another one is told apart from a function. */
const NODE = Symbol.for('@lumenize/call:continuation');

/**
 * Names that a continuation does not record, because tools read them from any value: vitest and jest the
 * last, loggers the others.
 */
const NOT_RECORDED: ReadonlySet<string> = new Set([
  'constructor',
  'prototype',
  '__proto__',
  '_isMockFunction',
]);

/** The methods of a promise: what knows its target has them, what does not records the last two. */
const OF_PROMISES: ReadonlySet<string> = new Set(['then', 'catch', 'finally']);

/** What every proxy stands for: callable. */
const continuation = (): void => {};

// The console of Node and of workerd asks this of what a proxy stands for, with the proxy as `this`.
Object.defineProperty(continuation, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: unknown): string {
    return `Continuation ${explain(this)}`;
  },
  // As the proxy answers for it.
  configurable: true,
});

/** One recorded step and the node that it extends. A node that extends nothing is a start. */
export class Node implements ProxyHandler<typeof continuation> {
  /** The last walk over continuations that met this node. */
  visit = 0;

  constructor(
    readonly of: Node | undefined,
    /** The property that is read; `undefined` for a call. */
    readonly name: string | undefined,
    /** The arguments of a call; `undefined` for a property. */
    readonly args: readonly unknown[] | undefined,
  ) {}

  get(_target: unknown, key: string | symbol): unknown {
    if (key === NODE) return this;
    if (typeof key === 'symbol') return this.#readSymbol(key);
    if (key === '$result') return resultContinuation;
    if (OF_PROMISES.has(key)) {
      const method = this.#methodOfPromises(key as 'then');
      if (method || key === 'then') return method;
    }
    if (NOT_RECORDED.has(key)) return undefined;
    return new Proxy(continuation, new Node(this, key, undefined));
  }

  apply(_target: unknown, _this: unknown, args: unknown[]): unknown {
    return new Proxy(continuation, new Node(this, undefined, args));
  }

  /** What a method returns is awaited where it has a method `then`. */
  has(target: typeof continuation, key: string | symbol): boolean {
    return key === 'then' ? this.get(target, key) !== undefined : key in target;
  }

  set(): boolean {
    return false;
  }

  defineProperty(): boolean {
    return false;
  }

  deleteProperty(): boolean {
    return false;
  }

  setPrototypeOf(): boolean {
    return false;
  }

  /**
   * What `await` calls. Reading it sends nothing: tools read `then` of any value.
   *
   * @returns `undefined` for what is no promise: what `ctn` begins, which frameworks look at, and, but for
   *   `then`, all that knows no target. That one rejects, since nobody could say where it goes.
   */
  #methodOfPromises(name: 'then'): unknown {
    if (!this.of) return undefined;
    const begun = startOf(this);
    const isBound = begun instanceof BoundStart;
    if (!isBound && name !== 'then') return undefined;
    return (...args: Parameters<Promise<unknown>['then']>) =>
      (isBound ? begun.send(this) : rejected(unbound(this)))[name](...args);
  }

  /**
   * The runtime asks for a disposer of what it sends, and `using` of what it holds: a continuation would
   * cross as a function that records on this side.
   */
  #noValue(): DOMException {
    const text = `the continuation ${explainNode(this)} can be neither sent nor disposed of`;
    return new DOMException(`${text}: await it first`, 'DataCloneError');
  }

  #readSymbol(key: symbol): unknown {
    if (key === Symbol.toPrimitive) return () => explainNode(this);
    if (key === Symbol.toStringTag) return 'Continuation';
    if (key === Symbol.dispose) throw this.#noValue();
    console.log('SYM', String(key), new Error().stack?.split('\n').slice(2, 5).join('|'));
    return undefined;
  }
}

/** Where a continuation goes that knows its target, and how. */
export interface Route {
  readonly target: Target;
  /** Sends what was recorded, with the default options. */
  send(node: Node): Promise<unknown>;
}

/** The start of what knows its target: `ctn(binding, instance)`. */
export class BoundStart extends Node {
  constructor(readonly route: Route) {
    super(undefined, undefined, undefined);
  }

  /** Sends what was recorded, once however often it is awaited. */
  send(node: Node): Promise<unknown> {
    let outcome = awaited.get(node);
    if (!outcome) {
      outcome = this.route.send(node);
      awaited.set(node, outcome);
    }
    return outcome;
  }
}

/** What has been sent by being awaited. */
const awaited = new WeakMap<Node, Promise<unknown>>();

/** A start: the target itself, to which a recorded program has not done anything yet. */
export function isStart(node: Node): boolean {
  return !node.of && node.name === undefined;
}

const start = new Node(undefined, undefined, undefined);

/** The place where a handler wants the outcome. */
export const result = new Node(undefined, '$result', undefined);

const startContinuation = new Proxy(continuation, start);
const resultContinuation = new Proxy(continuation, result);

/**
 * Starts a continuation outside of a Durable Object or Worker, where `this.ctn<T>()` is not there.
 *
 * @typeParam T - The class whose methods are recorded.
 * @example
 * ```ts
 * const user = newContinuation<Users>().getUser('u1'); // recorded, not run
 * ```
 */
export function newContinuation<T>(): Begun<T> {
  return startContinuation as unknown as Begun<T>;
}

/**
 * Starts a continuation of one object: `this.ctn()`. Each has a start of its own, so that a handler
 * knows which continuations in it were recorded for the same object as it was.
 */
export function ownContinuation(): unknown {
  return new Proxy(continuation, new Node(undefined, undefined, undefined));
}

/** Starts a continuation that knows its target. */
export function boundContinuation(route: Route): unknown {
  return new Proxy(continuation, new BoundStart(route));
}

/** Where a continuation goes by itself, if it knows its target. */
export function routeOf(node: Node): Route | undefined {
  const begun = startOf(node);
  return begun instanceof BoundStart ? begun.route : undefined;
}

/** A promise that rejects with what begins, in its stack, with the line that waits for it. */
function rejected(error: CallError): Promise<unknown> {
  const fail = (): never => {
    throw startAt(error, fail);
  };
  return Promise.reject(error).catch(fail);
}

/** Says of a continuation what it lacks to be sent. */
export function unbound(node: Node): CallError {
  return new CallError(
    'invalid-continuation',
    `begin with a target, as in this.ctn('USERS', 'main').getUser(id), or pass the continuation to ` +
      `this.svc.callRaw('USERS', 'main', …): ${explainNode(node)} knows no target to be sent to`,
  );
}

/** Where a continuation was started. */
export function startOf(node: Node): Node {
  let at = node;
  while (at.of) at = at.of;
  return at;
}

/** Whether a start tells for whom it was made: what `newContinuation` starts is for anybody. */
export function isOwn(begun: Node): boolean {
  return begun !== start;
}

/** Whether a function is a continuation that another copy of this package has recorded. */
export function isForeign(value: unknown): boolean {
  const node: unknown = (value as { [NODE]?: unknown })[NODE];
  return node !== undefined && !(node instanceof Node);
}

/** The node behind a continuation; `undefined` for any other value. */
export function nodeOf(value: unknown): Node | undefined {
  if (typeof value !== 'function') return undefined;
  const node: unknown = (value as { [NODE]?: unknown })[NODE];
  return node instanceof Node ? node : undefined;
}

/** The node behind what has to be a continuation. Throws `CallError` with code `invalid-continuation`. */
export function recorded(value: unknown): Node {
  const node = nodeOf(value);
  if (node) return node;
  throw notRecorded('remote', value, 'record one, as in this.ctn<Users>().getUser(id)');
}

/** Says of a value that it cannot be the remote or the handler. */
export function notRecorded(what: string, value: unknown, remedy: string): CallError {
  const isTheirs = typeof value === 'function' && isForeign(value);
  const why = isTheirs
    ? "; what another package's ctn() has recorded cannot be read, newContinuation of this one helps"
    : '';
  return new CallError(
    'invalid-continuation',
    `the ${what} is ${explain(value)}, not a continuation: ${remedy}${why}`,
  );
}

/**
 * A continuation as text, for logs and error messages: `add(add(1, 10), add(100, 1000))`. Long
 * strings and deep values are shortened.
 *
 * @param recorded - A continuation; any other value is described as what it is.
 */
export function explain(recorded: unknown): string {
  const node = nodeOf(recorded);
  return node ? explainNode(node) : new Explanation().describe(recorded);
}

/**
 * Longest text of one string, items of one list and levels of nesting that are written out, and how long
 * all of it may become. In UTF-16 code units.
 */
const SHOWN = { string: 40, name: 200, items: 5, levels: 4, text: 2_000 };

/** A node as text. It costs no more than what it shows, and what it counts. */
export function explainNode(node: Node): string {
  return new Explanation().explain(node, 0);
}

/** One text, and how much may still be added to it. */
class Explanation {
  #left = SHOWN.text;

  explain(node: Node, level: number): string {
    const steps: Node[] = [];
    let at: Node = node;
    for (; at.of; at = at.of) steps.push(at);
    let text = at.name === undefined ? '' : this.#add(at.name);
    for (let step = steps.pop(); step; step = steps.pop()) {
      if (this.#left <= 0) return `${text}…`;
      text += step.args
        ? `(${this.#describeAll(step.args, level)})`
        : this.#add(`${text === '' ? '' : '.'}${cut(step.name as string, SHOWN.name)}`);
    }
    return text || 'ctn()';
  }

  /** It never throws: what cannot be looked at, such as a revoked proxy, becomes `…`. */
  describe(value: unknown, level = 0): string {
    if (this.#left <= 0) return '…';
    try {
      return this.#describe(value, level);
    } catch {
      return '…';
    }
  }

  #add(text: string): string {
    this.#left -= text.length;
    return text;
  }

  #describe(value: unknown, level: number): string {
    const node = nodeOf(value);
    if (node) return level > SHOWN.levels ? '…' : this.explain(node, level + 1);
    switch (typeof value) {
      case 'string':
        return this.#add(JSON.stringify(cut(value, SHOWN.string)));
      case 'bigint':
        return this.#add(`${textOf(value)}n`);
      case 'function':
        return this.#add('a function');
      case 'object':
        return value === null ? this.#add('null') : this.#describeObject(value, level + 1);
      default:
        return this.#add(String(value));
    }
  }

  #describeObject(value: object, level: number): string {
    if (Array.isArray(value)) {
      return level > SHOWN.levels ? '[…]' : `[${this.#describeAll(value, level)}]`;
    }
    if (!isPlainObject(value)) return this.#add(Object.prototype.toString.call(value).slice(8, -1));
    if (level > SHOWN.levels) return '{…}';
    const keys = Object.keys(value);
    const shown = keys.slice(0, SHOWN.items).map((key) => {
      const { value: item, get } = Object.getOwnPropertyDescriptor(value, key) ?? {};
      // What a getter of the user's would do is none of this.
      const text = get ? '…' : this.describe(item, level);
      return `${this.#add(cut(key, SHOWN.string))}: ${text}`;
    });
    return `{${withRest(shown, keys.length)}}`;
  }

  #describeAll(values: readonly unknown[], level: number): string {
    const shown = values.slice(0, SHOWN.items).map((value) => this.describe(value, level));
    return withRest(
      Array.from(shown, (text = 'undefined') => text),
      values.length,
    );
  }
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

function withRest(shown: string[], total: number): string {
  return [...shown, ...(total > shown.length ? [`… ${total - shown.length} more`] : [])].join(', ');
}

/** Whether a value was made by an object literal, so that a copy of it means the same. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
