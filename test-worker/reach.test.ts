/** What callers reach of a value that a method returned: an allow-list by its kind. */
import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { type CallError, newContinuation, type Recorded } from '@lumenize/call';
import { describe, expect, test, vi } from 'vitest';
import { asSent, frameOf } from './handmade.js';
import { inCaller } from './in-object.js';
import { Handle, type Lasting, type Reachable, VALUES } from './reach.js';
import { OPEN } from './reach-open.js';

/** As callers that are not held to the types would record it. */
// biome-ignore lint/suspicious/noExplicitAny: any chain
const on = newContinuation<Reachable>() as any;

/** What a chain comes to: its value, or the code of a `CallError`. */
function outcomeOf(remote: unknown, name = 'main'): Promise<unknown> {
  return inCaller('reaches', (caller) =>
    caller.svc
      .callRaw('REACHABLE', name, remote as never)
      .catch((error: CallError) => error.code ?? error),
  );
}

/** All names that a value, its prototypes and their neighbours have. */
function namesOf(value: unknown): string[] {
  const names = new Set<string>();
  for (let at = Object(value); at; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  }
  return [...names];
}

/** What `__lmzCall` answers to a program that reads one name of what `give` returns. */
async function isReached(kind: string, name: string): Promise<boolean> {
  const stub = env.REACHABLE.getByName('all of it') as unknown as {
    __lmzCall(frame: unknown, ...slots: unknown[]): Promise<unknown>;
  };
  // The value is read and called without arguments: what is closed is refused before.
  const program = frameOf(['give', name], 1, [0, 0, 0], [1, 1, 0], [0, 2, 1], [1, 3]);
  const answer = await stub.__lmzCall(asSent(program), kind).catch(String);
  const code = (answer as [string, { properties?: { code?: string } }])?.[1]?.properties?.code;
  const isRefused = Array.isArray(answer) && answer[0] !== '__lmzValue' && code === 'not-callable';
  (answer as Partial<Disposable> | undefined)?.[Symbol.dispose]?.();
  return !isRefused;
}

test('rule 26: of every property of every built-in of the runtime, this is open', async () => {
  const reached: Record<string, string[]> = {};
  let tried = 0;
  for (const kind of Object.keys(VALUES)) {
    const value = await runInDurableObject(env.REACHABLE.getByName('all of it'), (self) =>
      VALUES[kind]?.(self),
    );
    const open: string[] = [];
    for (const name of namesOf(value)) {
      tried += 1;
      if (name.includes('\0') || name.length > 500) continue;
      if (await isReached(kind, name)) open.push(name);
    }
    if (open.length > 0) reached[kind] = open.sort();
  }
  expect(tried).toBeGreaterThan(1_000);
  const expected = Object.entries(OPEN).map(([kind, { open }]) => [kind, open.split(' ')]);
  expect(reached).toEqual(Object.fromEntries(expected));
}, 60_000);

test("rule 26: no method of any class of Node's modules is open", async () => {
  const methods = await runInDurableObject(env.REACHABLE.getByName('all of it'), (self) =>
    self.classesOfNode().map((prototype) => {
      const members = Object.entries(Object.getOwnPropertyDescriptors(prototype));
      const isMethod = ([name, { value }]: (typeof members)[number]): boolean =>
        name !== 'constructor' && typeof value === 'function';
      return members.filter(isMethod).map(([name]) => name);
    }),
  );
  const calls = methods.flatMap((names, at) => names.map((name) => [at, name] as const));
  expect(calls.length).toBeGreaterThan(500);
  const outcomes = await Promise.all(
    calls.map(([at, name]) => outcomeOf(on.ofNode(at)[name], 'all of it')),
  );
  expect(calls.filter((_, at) => outcomes[at] !== 'not-callable')).toEqual([]);
}, 60_000);

describe('rule 26: a chain reaches what neither changes a value nor yields more than it is', () => {
  const refused: Record<string, unknown> = {
    'concat of an array': on.give('array').concat(1),
    'join with a long separator': on.give('array').join('x'.repeat(1_000)),
    'flat of shared arrays': on.give('array').flat(5),
    toReversed: on.give('array').toReversed(),
    toSorted: on.give('array').toSorted(),
    'concat of a string': on.give('string').concat('b'),
    'a text of a number': on.give('number').toString(2),
    'an iterator of an array': on.give('array').values().next(),
    'includes of a generator': on.give('generator').includes(5),
    'a step of a generator': on.give('generator').next(),
    'a regular expression that came as an argument': on.echo(/^(a+)+$/).test('aaa'),
    'the body of a Response': on.give('Response').arrayBuffer(),
    'the buffer of bytes': on.give('Uint8Array').buffer.transfer(1),
    'what writes bytes': on.give('Uint8Array').setFromHex('00'),
    'what writes through a view': on.give('DataView').setInt8(0, 1),
    'what writes into a Buffer': on.give('Buffer').fill(0),
    'what sets a Date': on.give('Date').setTime(1),
    'what appends a header': on.give('Headers').append('a', 'b'),
    'what appends a parameter': on.give('URLSearchParams').append('a', 'b'),
    'what appends to a form': on.give('FormData').append('a', 'b'),
    'what inserts into a Map': on.give('Map').getOrInsert('b', 1),
    'what compiles a pattern': on.give('RegExp').compile('b'),
    'a namespace': on.give('namespace').getByName('x').next(),
    'the context by an object made of the object': on.give('object made of the object').ctx.id,
    'a method by an object made of the object': on.give('object made of the object').wipe(),
    'a method by a proxy of the object': on.give('Proxy of the object').wipe(),
    'closing a socket': on.give('WebSocket').close(4_000),
    'the state of a socket': on.give('WebSocket').state,
    'an own property of an RpcTarget': on.handle('h').own,
    'a value of an argument, looked up in an array': on.give('array').includes({ valueOf: 1 }),
    'an object as an argument of slice': on.give('array').slice({ valueOf: 1 }),
  };
  test.for(Object.entries(refused))('%s is refused', async ([, remote]) => {
    expect(await outcomeOf(remote)).toBe('not-callable');
  });

  test('441 bytes that doubled an array 25 times and copied it 16 times are refused', async () => {
    let list = on.give('array');
    for (let times = 0; times < 25; times++) list = list.concat(list);
    for (let times = 0; times < 16; times++) list = list.toReversed();
    expect(await outcomeOf(list)).toBe('not-callable');
  });

  test.for([
    ['a string', on.give('string').slice(1).toUpperCase().at(0), 'E'],
    ['an array', on.give('array').at(-1), 2],
    ['an index', on.give('array')[0], 1],
    ['a Map', on.give('Map').get('a'), 1],
    ['a Date', on.give('Date').toISOString(), '1970-01-01T00:00:00.000Z'],
    ['an error', on.give('Error').message, 'm'],
    ['a DOMException', on.give('DOMException').name, 'AbortError'],
    ['bytes', on.give('Uint8Array').length, 4],
    ['headers', on.give('Response').headers.get('content-type'), 'text/plain;charset=UTF-8'],
    ['an instance of a class', on.give('instance of a class').total(), 5],
    ['its data', on.give('instance of a class').items.at(0), 1],
    ['a subclass of Array', on.give('subclass of Array').top(), 2],
    ['a property of a function', on.give('function').property, 2],
    ['a method named toJSON', on.cart().toJSON(), 'a cart'],
  ] as const)('%s is read', async ([, remote, expected]) => {
    expect(await outcomeOf(remote)).toEqual(expected);
  });
});

test('rule 17: only the end of a chain is read, walked and sent', async () => {
  expect(await outcomeOf(on.lazy().ok)).toBe('ok');
  expect(await outcomeOf(on.lazy().reads)).toBe(0);
  expect(await outcomeOf(on.nested(20_000).ok)).toBe('ok');
});

describe('rule 25: no program makes much out of little, however often it asks', () => {
  const many = (step: (value: unknown) => unknown, from: unknown): unknown =>
    on.run(Array.from({ length: 300 }, () => step(from)));
  // biome-ignore lint/suspicious/noExplicitAny: any chain
  const refused: Record<string, (step: any) => unknown> = {
    'a case that is changed': (text) => text.toUpperCase(),
    'a text that is sliced': (text) => text.slice(1),
    'a text that is searched': (text) => text.includes('y'),
  };
  test.for(Object.entries(refused))('%s, 300 times', async ([, step]) => {
    expect(await outcomeOf(many(step as never, on.text(1_000_000)))).toBe('limit-exceeded');
    expect(await outcomeOf(on.run([step(on.text(10)), step(on.text(20))]))).toBeInstanceOf(Array);
  });

  test('a long text that is searched for in one that is nearly the same', async () => {
    const searched = on.text(500_000).includes(`${'x'.repeat(250_000)}y`);
    expect(await outcomeOf(searched)).toBe('limit-exceeded');
    expect(await outcomeOf(on.text(500_000).includes('xxxx'))).toBe(true);
  });

  test('a list that is copied and copied', async () => {
    let list = on.list(100_000);
    for (let times = 0; times < 300; times++) list = list.slice();
    expect(await outcomeOf(list.length)).toBe('limit-exceeded');
    expect(await outcomeOf(on.list(100_000).slice(5).length)).toBe(99_995);
  });

  test('looking at one item costs nothing, however long the list is', async () => {
    const list = on.list(100_000);
    const items = Array.from({ length: 400 }, (_, at) => list.at(at));
    expect(await outcomeOf(on.run(items))).toHaveLength(400);
  });

  test.for(['at', 'includes', 'indexOf', 'slice'])(
    '%s of a list that says it is long costs what it holds',
    async (name) => {
      const sparse: unknown[] = [1];
      sparse.length = 2 ** 32 - 1;
      const start = Date.now();
      const outcome = await outcomeOf(on.echo(sparse)[name](0));
      expect(Date.now() - start).toBeLessThan(1_000);
      expect(outcome).toBe(name === 'at' ? 1 : 'limit-exceeded');
    },
  );
});

test.for([
  ['add', 2, 3],
  ['set', 2, 'set 2'],
  ['delete', 2, 'deleted 2'],
  ['search', 'x', 'searched x'],
  ['sort', undefined, 'sorted'],
] as const)(
  'rule 26: %s of a stub of another object is that of its object',
  async ([name, argument, expected]) => {
    expect(await outcomeOf(on.stub('session')[name](argument))).toBe(expected);
    expect(await outcomeOf(on.stub('object').shelf()[name](argument))).toBe(expected);
  },
);

test('rule 26: names that lead to code are data where they are data', async () => {
  expect(await outcomeOf(on.tool().function.arguments)).toBe('{"q": 1}');
  expect(await outcomeOf(on.tool().caller)).toBe('c');
  const keys = { arguments: on.args(), caller: 1, constructor: 2, prototype: 3 };
  expect(await outcomeOf(on.run(keys))).toMatchObject({ ...keys, arguments: ['a'] });
  // biome-ignore lint/suspicious/noThenProperty: it is data
  expect(await outcomeOf(on.run({ then: on.args() }))).toHaveProperty('then', ['a']);
  for (const name of ['constructor', 'prototype', 'caller', 'arguments']) {
    expect(await outcomeOf(Reflect.get(on.give('function'), name)?.call?.())).not.toBe('function');
  }
});

test('rule 25: reads of a stub, each called with many arguments, cost what they hold', async () => {
  // 480 reads of a stub and as many calls with 500 arguments: 505 KB, which took 20 s.
  const steps: unknown[] = [
    [0, 0, 0],
    [1, 1, 0],
  ];
  for (let read = 0; read < 480; read++) {
    const value = steps.length + 1;
    steps.push([0, 2, 1], [1, value, ...new Array(500).fill(0)]);
  }
  const frame = asSent(frameOf(['stub', 'shelf'], 1, ...steps));
  const stub = env.REACHABLE.getByName('quadratic') as unknown as {
    __lmzCall(frame: unknown, slot: unknown): Promise<unknown>;
  };
  const start = Date.now();
  const answer = await stub.__lmzCall(frame, 'object');
  expect(Date.now() - start).toBeLessThan(3_000);
  (answer as Partial<Disposable>)?.[Symbol.dispose]?.();
});

describe('rule 16: what a chain passes through is released when it has ended', () => {
  const cases: readonly [name: string, remote: unknown, released: readonly string[]][] = [
    ['an RpcTarget', on.handle('a').hello(), ['a']],
    ['one inside of data, later', on.handleLater('b').inside[0].hello(), ['b']],
    ['a function', on.disposable('c')(), ['c']],
    ['one that the result holds', on.handle('d').wrap(), []],
    ['one that is an argument', on.echo(on.handle('e')), []],
  ];
  test.for(cases)('%s', async ([, remote, released]) => {
    Handle.disposed = [];
    await inCaller('passes', async (caller) => {
      const result = await caller.svc.callRaw('REACHABLE', 'passed', remote as never);
      expect(Handle.disposed).toEqual(released);
      (result as Partial<Disposable>)?.[Symbol.dispose]?.();
    });
  });

  test('not while the result needs it', async () => {
    Handle.disposed = [];
    await inCaller('needs', async (caller) => {
      const remote: Recorded<Lasting> = on.handle('g').lasting();
      const lasting = await caller.svc.callRaw('REACHABLE', 'needs', remote);
      await vi.waitFor(async () => expect(await lasting.function()).toBe('alive'));
      expect(await lasting.target.say()).toBe('alive');
      expect(await new Response(lasting.stream).text()).toBe('alive');
      (lasting as unknown as Disposable)[Symbol.dispose]();
    });
  });

  test('not what was reached on the way to an error', async () => {
    Handle.disposed = [];
    expect(await outcomeOf(on.handle('f').own)).toBe('not-callable');
    await vi.waitFor(() => expect(Handle.disposed).toEqual(['f']));
  });
});
