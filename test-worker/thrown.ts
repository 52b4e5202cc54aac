/** All kinds of things that can be thrown, and what each arrives as. */
import { env } from 'cloudflare:workers';
import { CallError, registerErrors } from '@lumenize/call';
import { expect } from 'vitest';

export class OutOfStock extends Error {
  override name = 'OutOfStock';
  constructor(readonly sku: string) {
    super(`${sku} is out of stock`);
  }
}

/** Registered without a name of its own: `name` is `Error`. */
export class Plainly extends Error {}

export class Several extends AggregateError {
  readonly isSeveral = true;
}

registerErrors(OutOfStock, Plainly, Several);

class Unregistered extends OutOfStock {}

class Wrong extends TypeError {}

class Named extends Error {
  override readonly name = 'Named';
}

class Money {
  constructor(readonly cents: number) {}
}

export interface Thrown {
  thrown(): unknown;
  /** What the error that arrives matches; where nothing is said, it is an `Error`, `Error.prototype` its prototype. */
  readonly matches?: object;
  readonly isExactly?: abstract new (...args: never) => Error;
  readonly lacks?: readonly string[];
  /** It is no `Error`, so it is the cause of one. */
  readonly isNoError?: true;
  also?(error: Error & { readonly [property: string]: unknown }): void;
}

const error = (more: object, message = 'thrown'): Error => Object.assign(new Error(message), more);

const defined = (key: string, descriptor: PropertyDescriptor): Error =>
  Object.defineProperty(new Error('thrown'), key, { configurable: true, ...descriptor });

const throwing = {
  enumerable: true,
  get: (): never => {
    throw new Error('a getter threw');
  },
};

const nonError = (cause: unknown): Omit<Thrown, 'thrown'> => ({
  matches: { code: 'remote-threw', cause, mayHaveRun: true },
  isExactly: CallError,
  isNoError: true,
});

function chain(depth: number): Error {
  return depth === 0
    ? new RangeError('deepest')
    : new Error(`${depth}`, { cause: chain(depth - 1) });
}

function cyclic(): Error {
  const first = new Error('first');
  first.cause = new TypeError('second', { cause: first });
  return first;
}

function endless(): Error {
  return defined('cause', { get: endless });
}

function otherRealm(): unknown {
  const foreign = new Error('from elsewhere');
  return Object.setPrototypeOf(foreign, { name: 'ForeignError', message: '' });
}

function rejected(): Promise<never> {
  return Promise.reject(new Error('the promise that was thrown'));
}

function hostile(): object {
  const refuse = (): never => {
    throw new Error('refused');
  };
  const traps = Reflect.ownKeys(Reflect).filter((key) => typeof key === 'string');
  return new Proxy({}, Object.fromEntries(traps.map((trap) => [trap, refuse])));
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

export const THROWN: Readonly<Record<string, Thrown>> = {
  Error: { thrown: () => new Error('thrown'), matches: { name: 'Error', message: 'thrown' } },
  TypeError: { thrown: () => new TypeError('thrown'), isExactly: TypeError },
  RangeError: { thrown: () => new RangeError('thrown'), isExactly: RangeError },
  SyntaxError: { thrown: () => new SyntaxError('thrown'), isExactly: SyntaxError },
  ReferenceError: { thrown: () => new ReferenceError('thrown'), isExactly: ReferenceError },
  EvalError: { thrown: () => new EvalError('thrown'), isExactly: EvalError },
  URIError: { thrown: () => new URIError('thrown'), isExactly: URIError },
  'an AggregateError': {
    thrown: () => new AggregateError([new TypeError('one'), 'two'], 'both'),
    isExactly: AggregateError,
    matches: { message: 'both', errors: [new TypeError('one'), 'two'] },
  },
  'AggregateErrors in each other': {
    thrown: () => new AggregateError([new AggregateError([new AggregateError([chain(0)])])]),
    isExactly: AggregateError,
    matches: { errors: [{ errors: [{ errors: [{ name: 'RangeError' }] }] }] },
  },
  'an AggregateError of a thousand': {
    thrown: () => new AggregateError(Array.from({ length: 1_000 }, () => new Error('one'))),
    isExactly: AggregateError,
    matches: { errors: { length: 99 } },
  },
  'a DOMException': {
    thrown: () => new DOMException('thrown', 'AbortError'),
    isExactly: DOMException,
    matches: { name: 'AbortError', message: 'thrown' },
  },
  'a DOMException of an own name': {
    thrown: () => new DOMException('thrown', 'Mine'),
    isExactly: DOMException,
    matches: { name: 'Mine' },
  },
  'a DOMException by the runtime': {
    thrown: () => thrownBy(() => structuredClone(() => {})),
    isExactly: DOMException,
    matches: { name: 'DataCloneError' },
  },
  'the reason of an aborted signal': {
    thrown: () => AbortSignal.abort().reason,
    isExactly: DOMException,
    matches: { name: 'AbortError' },
  },
  'a TypeError by the language': {
    thrown: () => thrownBy(() => (undefined as unknown as { x: 1 }).x),
    isExactly: TypeError,
  },
  'a registered class': {
    thrown: () => new OutOfStock('sku-1'),
    isExactly: OutOfStock,
    matches: { name: 'OutOfStock', message: 'sku-1 is out of stock', sku: 'sku-1' },
  },
  'a registered class that sets no name': {
    thrown: () => new Plainly('thrown'),
    isExactly: Plainly,
  },
  'a registered class of several errors': {
    thrown: () => new Several([new TypeError('one')], 'thrown'),
    isExactly: Several,
    matches: { isSeveral: true, errors: [new TypeError('one')] },
  },
  'a registered class as a cause': {
    thrown: () => new Error('thrown', { cause: new OutOfStock('sku-2') }),
    matches: { cause: { name: 'OutOfStock', sku: 'sku-2' } },
  },
  'a class that extends a registered one, with its name': {
    thrown: () => new Unregistered('sku-3'),
    isExactly: OutOfStock,
  },
  'a class that extends TypeError, with its name': {
    thrown: () => new Wrong('x'),
    isExactly: TypeError,
  },
  'a class with a name of its own': {
    thrown: () => new Named('thrown'),
    matches: { name: 'Named' },
  },
  'a class without a name': { thrown: () => new (class extends Error {})('thrown') },
  'a TypeError under another name': {
    thrown: () => Object.assign(new TypeError('thrown'), { name: 'Custom' }),
    isExactly: TypeError,
    matches: { name: 'Custom' },
  },
  'the name __proto__': {
    thrown: () => error({ name: '__proto__' }),
    matches: { name: '__proto__' },
  },
  'the name Function': { thrown: () => error({ name: 'Function' }), matches: { name: 'Function' } },
  'the name constructor': {
    thrown: () => error({ name: 'constructor' }),
    matches: { name: 'constructor' },
  },
  'the name of a class that is not registered': {
    thrown: () => error({ name: 'LumenizeBase' }),
    matches: { name: 'LumenizeBase' },
  },
  'a name that is a number': { thrown: () => error({ name: 5 }), matches: { name: '5' } },
  'a name that throws': { thrown: () => defined('name', throwing), matches: { name: 'Error' } },
  'a message that throws': { thrown: () => defined('message', throwing) },
  'a message that is an object': {
    thrown: () => error({ message: { toString: () => 'said by an object' } }),
    matches: { message: 'said by an object' },
  },
  'no message': { thrown: () => new Error(), matches: { message: '' } },
  'half a character in the message': {
    thrown: () => new Error('\ud83d'),
    matches: { message: '\ud83d' },
  },
  'a stack that throws': {
    thrown: () => defined('stack', throwing),
    matches: { message: 'thrown' },
  },
  'a stack that is none': { thrown: () => error({ stack: 5 }), matches: { message: 'thrown' } },
  'a property that throws': {
    thrown: () => Object.assign(defined('bad', throwing), { good: 1 }),
    matches: { good: 1 },
    lacks: ['bad'],
  },
  'a property that is a function': {
    thrown: () => error({ bad: () => 1, good: 1 }),
    matches: { good: 1 },
    lacks: ['bad'],
  },
  'a property that is a WeakMap, deep inside': {
    thrown: () => error({ bad: { deep: [new WeakMap()] }, good: 1 }),
    matches: { good: 1 },
    lacks: ['bad'],
  },
  'a property that is a symbol': { thrown: () => error({ bad: Symbol('x') }), lacks: ['bad'] },
  'a property of an own class': {
    thrown: () => error({ price: new Money(3) }),
    matches: { price: { cents: 3 } },
  },
  'properties of all sorts': {
    thrown: () =>
      error({ map: new Map([[1, new Set([2n])]]), date: new Date(0), bytes: new Uint8Array([1]) }),
    matches: { map: new Map([[1, new Set([2n])]]), date: new Date(0), bytes: new Uint8Array([1]) },
  },
  'a property that leads back to itself': {
    thrown: () => {
      const around: { self?: unknown } = {};
      around.self = around;
      return error({ around });
    },
    matches: { around: { self: { self: {} } } },
  },
  'an own property __proto__': {
    thrown: () => defined('__proto__', { enumerable: true, value: { polluted: true } }),
  },
  'own properties of all names that objects have': {
    thrown: () => error({ constructor: 1, toString: 2, valueOf: 3, errors: [4] }),
    matches: { toString: 2, valueOf: 3, errors: [4] },
  },
  'a megabyte in one property': {
    thrown: () => error({ large: 'x'.repeat(1_000_000) }),
    also: ({ large }) => expect(large).toHaveLength(1_000_000),
  },
  'ten thousand properties': {
    thrown: () => error(Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`p${n}`, n]))),
    matches: { p0: 0, p9999: 9_999 },
  },
  'flags of the platform, forged': {
    thrown: () =>
      error({ overloaded: true, retryable: true, durableObjectReset: true, remote: true }),
    matches: { overloaded: true, retryable: true, durableObjectReset: true },
  },
  'a frozen error': { thrown: () => Object.freeze(error({ good: 1 })), matches: { good: 1 } },
  'an error without a prototype': {
    thrown: () => Object.setPrototypeOf(new Error('thrown'), null),
    matches: { message: 'thrown' },
  },
  'an error of another realm': {
    thrown: otherRealm,
    matches: { name: 'ForeignError', message: 'from elsewhere' },
  },
  'twenty causes': {
    thrown: () => chain(20),
    matches: { message: '20', cause: { cause: { cause: { cause: { message: '16' } } } } },
  },
  'causes in a circle': {
    thrown: cyclic,
    matches: { message: 'first', cause: { message: 'second', cause: { message: 'first' } } },
  },
  'causes without end': { thrown: endless, matches: { cause: { cause: { message: 'thrown' } } } },
  'the cause undefined': { thrown: () => new Error('thrown', { cause: undefined }) },
  'the cause null': {
    thrown: () => new Error('thrown', { cause: null }),
    matches: { cause: null },
  },
  'a cause that is a function': {
    thrown: () => new Error('thrown', { cause: () => 'called' }),
    matches: { cause: expect.stringContaining('=>') },
  },
  'a cause that throws': { thrown: () => defined('cause', throwing), lacks: ['cause'] },
  'a CallError of its own': {
    thrown: () => new CallError('timeout', 'too late', { operation: 'their own' }),
    isExactly: CallError,
    matches: { code: 'timeout', message: 'too late', operation: 'their own', mayHaveRun: true },
  },
  'a CallError with a code that there is not': {
    thrown: () => error({ name: 'CallError', code: 'invented' }),
    matches: { name: 'CallError', code: 'invented' },
  },
  'an error of the runtime, passed on': {
    thrown: () => env.CALC.getByName('thrown').unsendable(),
    isExactly: DOMException,
    matches: { name: 'DataCloneError' },
  },
  undefined: { thrown: () => undefined, ...nonError(undefined) },
  null: { thrown: () => null, ...nonError(null) },
  'a string': { thrown: () => 'thrown', ...nonError('thrown') },
  'a number': { thrown: () => Number.NaN, ...nonError(Number.NaN) },
  'a bigint': { thrown: () => 5n, ...nonError(5n) },
  'a symbol': { thrown: () => Symbol('thrown'), ...nonError('Symbol(thrown)') },
  'a function': { thrown: () => () => 5, ...nonError(expect.stringContaining('=> 5')) },
  'an object': { thrown: () => ({ code: 5 }), ...nonError({ code: 5 }) },
  'an array that looks like a failure': {
    thrown: () => ['__lmzFailure', {}],
    ...nonError(['__lmzFailure', {}]),
  },
  'an instance of a class': { thrown: () => new Money(5), ...nonError({ cents: 5 }) },
  'an object that has no text': {
    thrown: () => ({ toString: null, valueOf: null, secret: () => 1 }),
    ...nonError('[object Object]'),
  },
  'a promise that never settles': {
    thrown: () => ({ promise: new Promise(() => {}) }),
    ...nonError('[object Object]'),
  },
  'a proxy of an error': {
    thrown: () => new Proxy(new TypeError('thrown'), {}),
    isExactly: TypeError,
  },
};

/** What an async function would await, and so not throw as it is. */
export const PROMISES: Readonly<Record<string, Thrown>> = {
  'a proxy that refuses everything': {
    thrown: hostile,
    ...nonError('a value that cannot be read'),
  },
  'a proxy that was revoked': { thrown: revoked, ...nonError('a value that cannot be read') },
  'a promise that was rejected': { thrown: rejected, ...nonError('[object Promise]') },
  'a promise that was resolved': {
    thrown: () => Promise.resolve(1),
    ...nonError('[object Promise]'),
  },
};

function thrownBy(run: () => unknown): unknown {
  try {
    return run();
  } catch (thrown) {
    return thrown;
  }
}
