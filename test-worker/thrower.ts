/** A target that throws each built-in error of the runtime, and errors with properties of all kinds. */
import { DurableObject } from 'cloudflare:workers';
import { LumenizeBase } from '@lumenize/call';
import { z } from 'zod';

const cause = new RangeError('the cause');

/** One of each class of errors of the language and of the runtime. */
export const BUILT_IN: Record<string, () => Error> = {
  Error: () => new Error('m', { cause }),
  TypeError: () => new TypeError('m'),
  RangeError: () => new RangeError('m'),
  SyntaxError: () => new SyntaxError('m'),
  ReferenceError: () => new ReferenceError('m'),
  EvalError: () => new EvalError('m'),
  URIError: () => new URIError('m'),
  AggregateError: () => new AggregateError([new TypeError('a'), 'b'], 'm'),
  SuppressedError: () => new SuppressedError(new TypeError('a'), new RangeError('b'), 'm'),
  DOMException: () => new DOMException('m', 'AbortError'),
  CompileError: () => new WebAssembly.CompileError('m'),
  LinkError: () => new (Reflect.get(WebAssembly, 'LinkError'))('m'),
  SuspendError: () => new (Reflect.get(WebAssembly, 'SuspendError'))('m'),
  RuntimeError: () => new WebAssembly.RuntimeError('m'),
};

/** Two classes of one name, as when a module is evaluated again. */
export const Older = class Reloaded extends Error {};
export const Newer = { Reloaded: class Reloaded extends Error {} }.Reloaded;

const OTHERS: Record<string, () => Error> = {
  hidden: () => Object.defineProperty(new TypeError('m'), 'issues', { value: [{ code: 'x' }] }),
  nested: () => Object.assign(new Error('m'), { inner: new RangeError('in'), list: [1, { a: 2 }] }),
  accessor: () =>
    Object.defineProperty(new Error('m'), 'q', { enumerable: true, get: () => 9 }) as Error,
  caused: () => new Error('m', { cause }),
  headers: () => Object.assign(new Error('m'), { headers: new Headers({ a: 'b' }) }),
  'rows that all failed': () => {
    const input = Array.from({ length: 1_000 }, (_, row) => ({ row }));
    const failed = input.slice(0, 90).map(() => Object.assign(new RangeError('bad'), { input }));
    return new AggregateError(failed, 'm');
  },
  'a list of another prototype': () =>
    Object.assign(new Error('m'), { list: Object.setPrototypeOf([1, 2], Object.prototype) }),
  'a list with a function': () => Object.assign(new Error('m'), { list: [1, () => {}, 2] }),
  'a subclass of DOMException': () => new (class Mine extends DOMException {})('m', 'AbortError'),
  shared: () => {
    const both = { x: 1 };
    return Object.assign(new Error('m'), { s1: both, s2: [both] });
  },
  'no message': () => Object.assign(new Error('m'), { message: null }),
  'no name': () => Object.assign(new Error('m'), { name: undefined }),
  'large properties': () => {
    const bytes = new Uint8Array(2_000_000);
    const views = Array.from({ length: 20 }, (_, at) => [`view${at}`, bytes]);
    return Object.assign(new RangeError('m'), Object.fromEntries(views));
  },
  'a property that is too large': () =>
    Object.assign(new RangeError('m'), { small: 1, bytes: new Uint8Array(40_000_000), last: 2 }),
  'a message that is too long': () => new RangeError('x'.repeat(40_000_000)),
  'of the older class': () => new Older('old'),
  'of the newer class': () => new Newer('new'),
  zod: () => z.string().safeParse(1).error as unknown as Error,
};

export class Thrower extends LumenizeBase {
  /** An own property, which Workers RPC does not expose. */
  readonly arrow = (): number => 5;
  readonly data = 'data';

  get faulty(): string {
    throw new RangeError('faulty');
  }

  async later(name: string): Promise<string> {
    await scheduler.wait(1);
    if (name === '') throw new RangeError('no name');
    return name;
  }

  /** Throws an error whose text its caller has chosen: its stack has it, even if it says another later. */
  fail(text: string, message = text): never {
    throw Object.assign(new RangeError(text), { message });
  }

  async throwIt(name: string): Promise<never> {
    throw (BUILT_IN[name] ?? OTHERS[name])?.();
  }
}

/** Failures of many calls that hold the same, which grows with a size. */
export const LIES = {
  'a list': (size: number, calls: number) => apart(calls, plain({ list: new Array(size).fill(1) })),
  properties: (size: number, calls: number) => apart(calls, plain(propertiesOf(size))),
  'properties of errors': (size: number, calls: number) => {
    const properties = propertiesOf(size);
    const errors = Array.from({ length: 20 }, () => plain(properties));
    return apart(calls, { ...plain(properties), errors });
  },
  'a message, without a stack': (size: number, calls: number) =>
    Array<object>(calls).fill({ ...plain({}), message: 'x'.repeat(size) }),
  bytes: (size: number, calls: number) => apart(calls, { thrown: new Uint8Array(size) }),
  'an error that was thrown as a value': (size: number, calls: number) => {
    const thrown = Object.assign(new Error('a'), { message: 'x'.repeat(size) });
    return Array<object>(calls).fill({ thrown });
  },
  'keys that nobody asked for': (size: number, calls: number) =>
    Array<object>(calls).fill({ ...plain({}), ...propertiesOf(size) }),
  'errors inside of one': (size: number, calls: number) => {
    const properties = propertiesOf(size / 100);
    const errors = Array.from({ length: 90 }, () => ({ ...plain(properties) }));
    return Array<object>(calls).fill({ ...plain({}), errors });
  },
  'a pattern that was thrown': (size: number, calls: number) =>
    Array<object>(calls).fill({ thrown: new RegExp('a'.repeat(size)) }),
  'an exception': (size: number, calls: number) => {
    const text = 'x'.repeat(size);
    return Array<object>(calls).fill({
      ...plain({}),
      class: 'DOMException',
      name: text,
      message: text,
    });
  },
  'a number': (size: number, calls: number) => apart(calls, { thrown: Object(1n << BigInt(size)) }),
};

function apart(calls: number, failure: object): object[] {
  return Array.from({ length: calls }, () => ({ ...failure }));
}

function plain(properties: object): object {
  return { name: 'Error', message: 'm', properties };
}

function propertiesOf(size: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: size }, (_, at) => [`key${at}`, 1]));
}

/** Answers every call with a failure that its first argument describes. */
export class Forger extends DurableObject {
  __lmzCall(_frame: unknown, lie: unknown): unknown {
    return ['__lmzFailure', lie];
  }

  /** Rejects them all with a text as long as a number says; fails them as `LIES` has it. */
  __lmzCalls(_frames: unknown, _counts: unknown, which: Uint16Array, [lie]: unknown[]): unknown {
    if (typeof lie === 'number') throw new Error('x'.repeat(lie));
    if (Array.isArray(lie)) {
      const [kind, size] = lie as [keyof typeof LIES, number];
      const failures = LIES[kind](size, which.length);
      return [undefined, failures.map((failure) => ['__lmzFailure', failure])];
    }
    const properties = { bytes: new Uint8Array(1_000_000) };
    const large = { name: 'Error', message: 'm', properties };
    const failure = lie === 'refusal' ? ['__lmzRefusal', large] : ['__lmzFailure', lie];
    return [undefined, Array.from(which, () => failure)];
  }
}
