/**
 * Recording: a continuation is a proxy over one immutable node, and each property read or call on
 * it makes the next node. Nodes point at what they extend, so continuations share their beginnings
 * and one can be extended in two directions.
 *
 * A node is its proxy's own handler: recording a step makes one node and one proxy, nothing else.
 */

import type { Begun } from '../types/continuations.js';
import { CallError } from '../wire/errors.js';
import { explain, explainNode } from '../wire/explain.js';
import { isForeign, NODE, Node, nodeOf } from '../wire/node.js';
import { startAt } from '../wire/stack.js';

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

/** A node that is its proxy's handler. */
class Step extends Node implements ProxyHandler<typeof continuation> {
  get(_target: unknown, key: string | symbol): unknown {
    if (key === NODE) return this;
    if (typeof key === 'symbol') return this.#readSymbol(key);
    if (key === '$result') return resultContinuation;
    if (OF_PROMISES.has(key)) {
      const method = this.#methodOfPromises(key as 'then');
      if (method || key === 'then') return method;
    }
    if (NOT_RECORDED.has(key)) return undefined;
    return new Proxy(continuation, new Step(this, key, undefined));
  }

  apply(_target: unknown, _this: unknown, args: unknown[]): unknown {
    return new Proxy(continuation, new Step(this, undefined, args));
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
    return undefined;
  }
}

/** Where a program may go: a target, as far as recording knows it. */
export interface Destination {
  /** Whose it is: each object that calls has targets of its own. */
  readonly targets: object;
  readonly binding: string;
  readonly instance: string | undefined;
  /** Whether both are one object for one caller. */
  isSame(other: Destination): boolean;
}

/** Where a continuation goes that knows its target, and how. */
export interface Route {
  readonly target: Destination;
  /** Sends what was recorded, with the default options. */
  send(node: Node): Promise<unknown>;
}

/** The start of what knows its target: `ctn(binding, instance)`. */
export class BoundStart extends Step {
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

const start = new Step(undefined, undefined, undefined);

/** The place where a handler wants the outcome. */
export const result = new Step(undefined, '$result', undefined);

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
  return new Proxy(continuation, new Step(undefined, undefined, undefined));
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
