/** What a class opens fails closed, whatever is put around its members. */
import { createExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { type CallError, callable, newContinuation } from '@lumenize/call';
import { describe, expect, test } from 'vitest';
import { type Guarded, GuardedWorker } from './entries.js';
import { inCaller, thrownBy } from './in-object.js';

/** What calling a method comes to: its result, or the code and the sentence of a `CallError`. */
function outcomeOf(binding: string, method: string): Promise<unknown> {
  return inCaller('entries', (caller) => {
    const remote = (newContinuation<Record<string, () => never>>() as never)[
      method
    ] as () => unknown;
    const call = caller.svc.callRaw.bind(caller.svc) as unknown as (
      ...args: unknown[]
    ) => Promise<unknown>;
    const instance = binding === 'REACHED' ? undefined : 'main';
    return call(binding, instance, remote()).catch((error: CallError) => error.code);
  });
}

describe('rule 27: a mark that something was put around is not lost', () => {
  const classes = {
    MARKED_STANDARD: 'a standard decorator around another',
    MARKED_LEGACY: 'a legacy decorator around another',
    MARKED_ELSEWHERE: 'the mark of a second copy of the package',
    SPIED: 'a spy, put on the prototype before the first object',
  };
  test.for(Object.entries(classes))('%s: %s', async ([binding]) => {
    expect(await outcomeOf(binding, 'open')).toBe('open');
    expect(await outcomeOf(binding, 'wipe')).toBe('not-callable');
  });

  test('one whose member is gone closes the class, and says so', async () => {
    expect(await outcomeOf('MARK_LOST', 'wipe')).toBe('invalid-option');
  });

  test.for([
    ['a static method', (mark: Mark) => mark(class {}, 'open', { value: () => {} })],
    ['a static method, standard', (mark: Mark) => mark(() => {}, standard({ static: true }))],
    [
      'a private method',
      (mark: Mark) => mark(() => {}, standard({ private: true, name: '#open' })),
    ],
    ['a field', (mark: Mark) => mark(undefined, standard({ kind: 'field' }))],
    ['an accessor', (mark: Mark) => mark({}, standard({ kind: 'accessor' }))],
  ] as const)('%s cannot be marked', ([, apply]) => {
    const error = thrownBy(() => apply(callable() as unknown as Mark));
    expect(error).toMatchObject({ code: 'invalid-option' });
    expect(error.message).toContain('marks public methods and getters of instances');
  });
});

test.for([
  ['standard', [() => {}, standard({})]],
  ['legacy', [{}, 'open', { value: () => {} }]],
] as const)('rule 27: @callable without its parentheses is refused: %s', ([, args]) => {
  const error = thrownBy(() => Reflect.apply(callable, undefined, args));
  expect(error).toMatchObject({
    code: 'invalid-option',
    message: 'write @callable(), with parentheses',
  });
});

type Mark = (target: unknown, context: unknown, descriptor?: PropertyDescriptor) => void;

function standard(context: object): object {
  const addInitializer = (): void => {};
  return {
    kind: 'method',
    name: 'open',
    static: false,
    private: false,
    addInitializer,
    ...context,
  };
}

describe('rule 27: what withCall wraps is closed unless it is named', () => {
  test('members of a base that names nothing are closed, what the class adds is open', async () => {
    expect(await outcomeOf('OVER_A_BASE', 'mine')).toBe('mine');
    expect(await outcomeOf('OVER_A_BASE', 'destroy')).toBe('not-callable');
    // What the class overrides is still the base's own affair.
    expect(await outcomeOf('OVER_A_BASE', 'onStart')).toBe('not-callable');
  });

  test('the class names one of them', async () => {
    expect(await outcomeOf('NAMING', 'destroy')).toBe('destroyed');
    expect(await outcomeOf('NAMING', 'mine')).toBe('not-callable');
  });

  test('the sentence says what to write', () =>
    inCaller('sentence', async (caller) => {
      const destroy = newContinuation<{ destroy(): string }>().destroy();
      const call = caller.svc.callRaw('OVER_A_BASE' as 'CALC', 'main', destroy as never);
      await expect(call).rejects.toThrow(/static callable = \['destroy'\].*withCall\(\) wraps/s);
    }));
});

/** What Workers RPC says of a call. It is awaited here: each fork of its promise would reject by itself. */
async function refusalOf(call: () => unknown): Promise<string> {
  try {
    await call();
    return 'it ran';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('rule 27: what a class chose is not lost with its constructor or its prototype', () => {
  test.for(['REPLACED', 'MIXED'])('%s', async (binding) => {
    expect(await outcomeOf(binding, 'open')).toBe('open');
    expect(await outcomeOf(binding, 'wipe')).toBe('not-callable');
  });
});

describe('rule 27: a list holds for Workers RPC, too, where a class says so', () => {
  const stub = (): Guarded => env.GUARDED.getByName('main') as unknown as Guarded;

  test('what is closed is refused by Workers RPC, and works inside', async () => {
    expect(await stub().open()).toBe('open, and inside wiped by super wiped');
    expect(await refusalOf(() => stub().wipe())).toMatch(/does not implement/);
    expect(await refusalOf(() => stub().secret)).toMatch(/does not implement/);
    expect(await outcomeOf('GUARDED', 'open')).toBe('open, and inside wiped by super wiped');
    expect(await outcomeOf('GUARDED', 'wipe')).toBe('not-callable');
  });

  test.for(['onCallError', '__lmzOwn', '__lmzInit', 'ctn', 'svc'])(
    '%s is no exception',
    async (name) => {
      const member = stub() as unknown as Record<string, () => unknown>;
      expect(await refusalOf(() => member[name]?.())).toMatch(/does not implement/);
    },
  );

  test('nor is what the runtime calls on a Worker entrypoint', () => {
    // Asked of the object itself: the test tool stands between Workers RPC and an entrypoint.
    const worker = new GuardedWorker(createExecutionContext(), env);
    const closed = Object.entries(Object.getOwnPropertyDescriptors(worker)).flatMap(
      ([name, { enumerable }]) => (enumerable ? [] : [name]),
    );
    expect(closed).toEqual(expect.arrayContaining(['wipe', 'email', 'queue', 'ctn', 'svc']));
    expect(closed).not.toContain('open');
  });

  test('a class that lists nothing closes what is closed to callers, and says how to open the rest', async () => {
    const sentence = await inCaller('lists nothing', (caller) =>
      caller.svc
        .callRaw(
          'GUARDED_BY_NOTHING' as 'CALC',
          'main',
          newContinuation<{ open(): never }>().open() as never,
        )
        .catch((error: CallError) => `${error.code}: ${error.message}`),
    );
    expect(sentence).toMatch(/^invalid-option: .*closedToRpc.*static callable/);
  });

  test('by marks, too', async () => {
    const marked = env.GUARDED_BY_MARKS.getByName('main') as unknown as Guarded;
    expect(await marked.open()).toBe('open');
    expect(await refusalOf(() => marked.wipe())).toMatch(/does not implement/);
  });
});

test('rule 26: what the runtime calls on a Worker entrypoint is no entry', async () => {
  expect(await outcomeOf('REACHED', 'hello')).toBe('hello');
  for (const name of ['scheduled', 'queue', 'tail', 'trace', 'email', 'tailStream', 'test']) {
    expect(await outcomeOf('REACHED', name), name).toBe('not-callable');
  }
  // On a Durable Object these are names like others.
  expect(await outcomeOf('OVER_A_BASE', 'queue')).toBe('queued');
});

test('`svc` and `ctn` are there whatever `this` a framework hands out', () =>
  inCaller('frameworks', async (caller) => {
    const remote = newContinuation<{ seen(): string[] }>().seen();
    const call = caller.svc.callRaw('FRAMED' as 'CALC', 'main', remote as never);
    expect(await call).toEqual([
      'undefined on the prototype',
      'function in the constructor of the base',
      'function through a proxy',
      'one caller',
      '3 by a call through the proxy',
    ]);
  }));
