/**
 * Recording: a continuation is a proxy over one immutable node, and each property read or call on
 * it makes the next node. Nodes point at what they extend, so continuations share their beginnings
 * and one can be extended in two directions.
 *
 * A node is its proxy's own handler: recording a step makes one node and one proxy, nothing else.
 */

import { soon } from '../runtime/turn.js';
import type { Begun } from '../types/continuations.js';
import { type CallError, invalidContinuation } from '../wire/errors.js';
import { explain, explainNode } from '../wire/explain.js';
import { isForeign, NODE, Node, nodeOf } from '../wire/node.js';
import { startAt } from '../wire/stack.js';

/** What vitest and jest read of a function first when they print it; its `name` they read next. */
const KIND_OF_ELEMENT = '$$typeof';

/**
 * Names that a continuation does not record, because tools read them from any value: vitest and jest read the
 * last two, loggers read the others.
 */
const NOT_RECORDED: ReadonlySet<string> = new Set([
  'constructor',
  'prototype',
  '__proto__',
  '_isMockFunction',
  KIND_OF_ELEMENT,
]);

/** The methods of a promise. A bound continuation has them; an unbound one records the last two. */
const OF_PROMISES: ReadonlySet<string> = new Set(['then', 'catch', 'finally']);

/** The target of every proxy: a function. */
const continuation = (): void => {};

// The consoles of Node and workerd call this on the target of a proxy, with the proxy as `this`.
Object.defineProperty(continuation, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: unknown): string {
    return `Continuation ${explain(this)}`;
  },
  // Required by the proxy's own answers.
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
    if (NOT_RECORDED.has(key)) {
      if (key === KIND_OF_ELEMENT) notePrinted(this);
      return undefined;
    }
    if (key === 'name' && printed === this) {
      printed = undefined;
      return new Proxy(continuation, new PrintedName(this, key, undefined));
    }
    return new Proxy(continuation, new Step(this, key, undefined));
  }

  /** The node whose text a continuation is where text is wanted. */
  shown(): Node {
    return this;
  }

  apply(_target: unknown, _this: unknown, args: unknown[]): unknown {
    return new Proxy(continuation, new Step(this, undefined, args));
  }

  /** The runner awaits a function that has `then`. */
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
   * The method that `await` calls. Reading it sends nothing, because tools read `then` of any value.
   *
   * @returns `undefined` for a start, which frameworks inspect, and, except for
   *   `then`, for an unbound continuation. Its `then` rejects, because it has no target.
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
   * The error for `using`, and for the runtime, which asks for a disposer before it sends a value: a
   * continuation would otherwise cross as a function that records on this side.
   */
  #noValue(): DOMException {
    const text = `the continuation ${explainNode(this)} can be neither sent nor disposed of`;
    return new DOMException(`${text}: await it first`, 'DataCloneError');
  }

  #readSymbol(key: symbol): unknown {
    if (key === Symbol.toPrimitive) return () => explainNode(this.shown());
    if (key === Symbol.toStringTag) {
      notePrinted(this);
      return 'Continuation';
    }
    if (key === Symbol.dispose) throw this.#noValue();
    return undefined;
  }
}

/**
 * The node of which a tool has read something that precedes its `name` when a failed test prints a function:
 * {@link KIND_OF_ELEMENT}, or, in chai, the tag.
 */
let printed: Step | undefined;

/** Tools read both in one go. Later, the user may read a member of that name. */
function notePrinted(step: Step): void {
  printed = step;
  soon(() => {
    printed = undefined;
  });
}

/**
 * The `name` that was read next: a step like any other, since the user may have read it, but as text what a
 * function's name is, namely that of the function itself.
 */
class PrintedName extends Step {
  override shown(): Node {
    return this.of as Node;
  }
}

/** A destination of programs: a target, as recording knows it. */
export interface Destination {
  /** Its owner: each calling object has its own targets. */
  readonly targets: object;
  readonly binding: string;
  readonly instance: string | undefined;
  /** Whether both are the same object of the same caller. */
  isSame(other: Destination): boolean;
}

/** The destination of a bound continuation, and the way to send it. */
export interface Route {
  readonly target: Destination;
  /** Sends a recorded call with the default options. */
  send(node: Node): Promise<unknown>;
}

/** The start of a bound continuation: `ctn(binding, instance)`. */
export class BoundStart extends Step {
  constructor(readonly route: Route) {
    super(undefined, undefined, undefined);
  }

  /** Sends a recorded call once, however often it is awaited. */
  send(node: Node): Promise<unknown> {
    let outcome = awaited.get(node);
    if (!outcome) {
      outcome = this.route.send(node);
      awaited.set(node, outcome);
    }
    return outcome;
  }
}

/** Promises of awaited continuations. */
const awaited = new WeakMap<Node, Promise<unknown>>();

const start = new Step(undefined, undefined, undefined);

/** The place where a handler wants the outcome. */
export const result = new Step(undefined, '$result', undefined);

const startContinuation = new Proxy(continuation, start);
const resultContinuation = new Proxy(continuation, result);

/**
 * Starts a continuation outside a Durable Object or Worker, where there is no `this.ctn<T>()`.
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
 * Starts a continuation of one object: `this.ctn()`. Each has its own start, by which a handler
 * recognises the continuations that were recorded for the same object.
 */
export function ownContinuation(): unknown {
  return new Proxy(continuation, new Step(undefined, undefined, undefined));
}

/** Starts a bound continuation. */
export function boundContinuation(route: Route): unknown {
  return new Proxy(continuation, new BoundStart(route));
}

/** The route of a bound continuation; `undefined` for an unbound one. */
export function routeOf(node: Node): Route | undefined {
  const begun = startOf(node);
  return begun instanceof BoundStart ? begun.route : undefined;
}

/** A promise that rejects with an error whose stack begins with the awaiting line. */
function rejected(error: CallError): Promise<unknown> {
  const fail = (): never => {
    throw startAt(error, fail);
  };
  return Promise.reject(error).catch(fail);
}

/** The error of a continuation that is sent without a target. */
export function unbound(node: Node): CallError {
  return invalidContinuation(
    `begin with a target, as in this.ctn('USERS', 'main').getUser(id), or pass the continuation to ` +
      `this.svc.callRaw('USERS', 'main', …): ${explainNode(node)} knows no target to be sent to`,
  );
}

/** The start of a continuation. */
export function startOf(node: Node): Node {
  let at = node;
  while (at.of) at = at.of;
  return at;
}

/** Whether a start belongs to one object. Continuations of `newContinuation` fit any object. */
export function isOwn(begun: Node): boolean {
  return begun !== start;
}

/**
 * The node of a continuation. Throws `CallError` with code `invalid-continuation` for any other value.
 *
 * @param remedy - What to write instead.
 */
export function recorded(
  value: unknown,
  remedy = 'record one, as in this.ctn<Users>().getUser(id)',
): Node {
  const node = nodeOf(value);
  if (node) return node;
  throw notRecorded('remote', value, remedy);
}

/** What Workers RPC makes of a stub's members, by the tags that the runtime gives them. */
const OF_WORKERS_RPC: ReadonlyMap<string, string> = new Map([
  ['[object JsRpcPromise]', 'a call by Workers RPC, which has been made'],
  ['[object JsRpcProperty]', 'a member of a Workers RPC stub'],
]);

/** The error of a value that cannot be the remote or the handler. */
export function notRecorded(what: string, value: unknown, remedy: string): CallError {
  const isTheirs = typeof value === 'function' && isForeign(value);
  const why = isTheirs
    ? "; what another package's ctn() has recorded cannot be read, newContinuation of this one helps"
    : '';
  return invalidContinuation(
    `the ${what} is ${describe(value)}, not a continuation: ${remedy}${why}`,
  );
}

/** It never throws. */
function describe(value: unknown): string {
  try {
    const tag = typeof value === 'function' ? Object.prototype.toString.call(value) : '';
    return OF_WORKERS_RPC.get(tag) ?? explain(value);
  } catch {
    return explain(value);
  }
}
