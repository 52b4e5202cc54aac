/** What a person sees of errors and continuations: in the console, in logs, in stacks, in tests. */
import { createExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { inspect, stripVTControlCharacters } from 'node:util';
import { CallError, createCaller, explain, newContinuation } from '@lumenize/call';
import { describe, expect, test, vi } from 'vitest';
import { calc, inCaller, thrownBy } from './in-object.js';
import type { Calc, CallerObject, Users } from './index.js';
import type { Reachable } from './reach.js';
import type { Thrower } from './thrower.js';

const users = newContinuation<Users>;
const on = newContinuation<CallerObject>;

/** How vitest makes what it prints of a failure. Its types need those of Node. */
const PRINTS = 'vitest/internal/browser';
const { processError } = (await import(/* @vite-ignore */ PRINTS)) as {
  processError(failure: unknown): { readonly message?: string; readonly diff?: string };
};

/** What vitest prints where two values should be equal and are not: the message, and the difference. */
function printedOf(actual: unknown, expected: unknown): { message: string; diff: string } {
  try {
    expect(actual).toEqual(expected);
  } catch (failure) {
    const { message = '', diff = '' } = processError(failure);
    return { message, diff: stripVTControlCharacters(diff) };
  }
  return expect.unreachable('they are equal');
}

function differenceOf(actual: unknown, expected: unknown): string {
  return printedOf(actual, expected).diff;
}

/** The error that a call ends in, awaited where a stack can show it. */
function errorOf(remote: unknown, options?: { timeout: number }): Promise<CallError> {
  return inCaller('seen', (caller) =>
    caller.awaitUser(remote as never, options).then(
      () => expect.unreachable('it did not fail'),
      (error: CallError) => error,
    ),
  );
}

describe('a CallError', () => {
  const LATE = 'never() on USERS/main did not answer within 10 ms';

  test('is named in the console, with its fields', async () => {
    const error = await errorOf(users().never(), { timeout: 10 });
    expect(error.constructor.name).toBe('CallError');
    expect(String(error)).toBe(`CallError: ${LATE}`);
    const shown = inspect(error);
    expect(shown.startsWith(`CallError: ${LATE}\n    at remote call never()`)).toBe(true);
    expect(shown.slice(shown.lastIndexOf(') {'))).toBe(`) {
  code: 'timeout',
  binding: 'USERS',
  instance: 'main',
  operation: 'never()',
  callId: ${error.callId},
  mayHaveRun: true
}`);
  });

  test('is JSON with what it says of its call', async () => {
    const error = await errorOf(users().never(), { timeout: 10 });
    const expected = {
      name: 'CallError',
      code: 'timeout',
      message: LATE,
      target: { binding: 'USERS', instance: 'main' },
      operation: 'never()',
      callId: error.callId,
      mayHaveRun: true,
    };
    expect(JSON.parse(JSON.stringify({ error }))).toEqual({ error: expected });
    expect(Object.hasOwn(error, 'toJSON')).toBe(false);
  });

  test.for<[name: string, cause: unknown, json: unknown]>([
    ['text', 'because', 'because'],
    ['nothing', null, null],
    ['an object', { status: 503, body: new Map() }, '{status: 503, body: Map}'],
    ['a bigint', 5n, '5n'],
    ['a symbol', Symbol('s'), expect.any(String)],
    ['a continuation', users().getUser('u1'), 'getUser("u1")'],
    ['an error', new RangeError('r'), { name: 'RangeError', message: 'r' }],
    [
      'a CallError',
      new CallError('timeout', 'late', { binding: 'B', instance: 'i' }),
      {
        name: 'CallError',
        code: 'timeout',
        message: 'late',
        target: { binding: 'B', instance: 'i' },
        mayHaveRun: false,
      },
    ],
    [
      'an error with a code and a cause',
      Object.assign(new Error('m', { cause: new Error('n') }), { code: 'E', big: 1n }),
      { name: 'Error', code: 'E', message: 'm', cause: { name: 'Error', message: 'n' } },
    ],
  ])('whose cause is %s is JSON', ([, cause, json]) => {
    const error = new CallError('cancelled', 'm', { cause });
    expect(JSON.parse(JSON.stringify(error)).cause).toEqual(json);
  });

  test('is JSON whatever its cause does', () => {
    const circle: Error = new Error('circle');
    circle.cause = circle;
    const { proxy: revoked, revoke } = Proxy.revocable({}, {});
    revoke();
    const refuse = (): never => {
      throw new Error('never');
    };
    const refusing = Object.defineProperties(new Error('x'), {
      message: { get: refuse },
      cause: { get: refuse },
    });
    const odd = Object.assign(new Error('odd'), { code: 1n, name: refusing });
    for (const cause of [circle, revoked, refusing, odd, { get: refuse, toJSON: refuse }]) {
      const json = JSON.stringify(new CallError('cancelled', 'm', { cause }));
      expect(json.length).toBeLessThan(1_000);
    }
    const text = JSON.stringify(new CallError('cancelled', 'm', { cause: circle }));
    expect(text.match(/circle/g)).toHaveLength(5);
  });

  test('that another target has forged is JSON by this side’s method', () =>
    inCaller('forged json', async (caller) => {
      const properties = { code: 'timeout', toJSON: 'mine', binding: 5n };
      const lie = { name: 'CallError', message: 'm', properties };
      const forged = caller.svc.callRaw('FORGER' as 'CALC', 'main', calc().echo(lie));
      const error = (await forged.catch((thrown) => thrown)) as CallError;
      expect(Object.hasOwn(error, 'toJSON')).toBe(false);
      expect(JSON.parse(JSON.stringify(error))).toMatchObject({ target: { binding: '5n' } });
    }));

  test('is named in a snapshot and in the difference that a failed test prints', async () => {
    const error = await errorOf(users().never(), { timeout: 10 });
    expect(error).toMatchInlineSnapshot(`[CallError: ${LATE}]`);
    const other = new CallError('timeout', LATE, { binding: 'USERS' });
    expect(differenceOf(error, other)).toBe(`- Expected
+ Received

  CallError {
    "message": "${LATE}",
    "code": "timeout",
    "binding": "USERS",
-   "instance": undefined,
-   "operation": undefined,
-   "callId": undefined,
-   "mayHaveRun": false,
+   "instance": "main",
+   "operation": "never()",
+   "callId": ${error.callId},
+   "mayHaveRun": true,
  }`);
  });
});

describe('a stack', () => {
  test.for([
    ['what a method throws at once', users().throwTypeError(), 'Users.throwTypeError'],
    ['what a method throws later', users().rejectWith('RangeError'), undefined],
  ] as const)('of %s has the user’s lines and one for the call', async ([, remote, first]) => {
    const { stack = '' } = await errorOf(remote);
    const [, ...lines] = stack.split('\n');
    if (first) expect(lines[0]).toContain(`at ${first} (`);
    const call = lines.indexOf(`    at remote call ${explain(remote)} on USERS/main (remote:1:1)`);
    expect(call).toBeGreaterThanOrEqual(0);
    expect(lines[call + 1]).toContain('at async CallerObject.awaitUser (');
    expect(lines.filter((line) => /workerd\.js|__lmz|@lumenize/.test(line))).toEqual([]);
  });

  test.for<[how: string, fail: (caller: CallerObject) => Promise<unknown>, first: string]>([
    [
      'awaited',
      (caller) => caller.ctn('USERS', 'main').throwTypeError(),
      '    at remote call throwTypeError() on USERS/main (remote:1:1)',
    ],
    [
      'passed to callRaw',
      (caller) => caller.svc.callRaw(caller.ctn('USERS', 'main').throwTypeError()),
      '    at remote call throwTypeError() on USERS/main (remote:1:1)',
    ],
    [
      'awaited, of a caller that was created',
      () => createCaller(env, createExecutionContext()).ctn('USERS', 'main').throwTypeError(),
      '    at remote call throwTypeError() on USERS/main (remote:1:1)',
    ],
    [
      'awaited, and refused',
      (caller) => caller.ctn('CALC', 'a').add(1, caller.ctn('CALC', 'b').next()),
      'CallError: await next() first: it runs on CALC/b, and the call goes to CALC/a',
    ],
  ])('of a call that is %s goes on with the line that awaits', ([, fail, before]) =>
    inCaller('awaited stacks', async (caller) => {
      async function awaitsIt(): Promise<unknown> {
        return await fail(caller);
      }
      const { stack = '' } = (await awaitsIt().catch((error) => error)) as Error;
      const lines = stack.split('\n');
      expect(lines[lines.indexOf(before) + 1]).toContain('at async awaitsIt (');
      expect(lines.filter((line) => /workerd\.js|__lmz|@lumenize|pkg/.test(line))).toEqual([]);
    }),
  );

  const thrower = newContinuation<Thrower>;
  test.for([
    ['a getter', thrower().faulty, 'get faulty'],
    [
      'a step after one that took time',
      thrower().throwIt(thrower().later('Error')),
      'Error .*\n {4}at \\S*throwIt',
    ],
    ['a step that took time', thrower().throwIt(thrower().later('')), '\\S*later'],
  ] as const)('of %s in a chain has them, too', async ([, remote, first]) => {
    const { stack } = (await inCaller('chains', (caller) =>
      caller.svc.callRaw('THROWER', 'main', remote).catch((error) => error),
    )) as Error;
    const call = `${explain(remote)} on THROWER/main `.replace(/[.()]/g, '\\$&');
    expect(stack).toMatch(
      new RegExp(`^\\w+: [\\w ]+\\n {4}at (?:async )?${first} .*\\n {4}at remote call ${call}`),
    );
  });

  test('of a timeout is the line of the call and who awaited it', async () => {
    const { stack = '' } = await errorOf(users().never(), { timeout: 10 });
    const [, call, awaited] = stack.split('\n');
    expect(call).toBe('    at remote call never() on USERS/main (remote:1:1)');
    expect(awaited).toContain('at async CallerObject.awaitUser (');
  });

  test('of a refusal by the target is the line of the call and who awaited it', async () => {
    const { stack = '' } = await errorOf((users() as unknown as { x(): unknown }).x());
    const [, call, awaited] = stack.split('\n');
    expect(call).toBe('    at remote call x() on USERS/main (remote:1:1)');
    expect(awaited).toContain('at async CallerObject.awaitUser (');
  });

  test('of what is refused at once begins with the line that called', () =>
    inCaller('refused', async (caller) => {
      const thrown = thrownBy(function callsWrongly() {
        caller.svc.call('NONE' as 'CALC', 'x', calc().next());
      });
      expect(thrown.stack?.split('\n')[1]).toContain('at callsWrongly (');
      for (const by of [createCaller(env, createExecutionContext()), caller.svc, caller]) {
        for (const binding of ['NONE' as 'CALC', 'USERS'] as const) {
          const begun = thrownBy(function beginsWrongly() {
            by.ctn(binding, undefined as unknown as string);
          });
          expect(begun.stack?.split('\n')[1]).toContain('at beginsWrongly (');
        }
      }
      const awaited = await caller.awaitUser(5 as never).catch((error: Error) => error);
      expect((awaited as Error).stack?.split('\n')[1]).toContain('at CallerObject.awaitUser (');
    }));

  test('of what a handler throws has the user’s lines alone', () =>
    inCaller('handler throws', async (caller) => {
      caller.svc.call('CALC', 'x', calc().next(), on().onThrowing());
      await caller.arrived(1);
      const [, first, ...rest] = (caller.errors[0] as Error).stack?.split('\n') ?? [];
      expect(first).toContain('at CallerObject.onThrowing (');
      expect(rest.filter((line) => /workerd\.js/.test(line))).toEqual([]);
    }));
});

describe('a continuation', () => {
  const shown = 'Continuation getUser("u1")';

  test('is explained in the console', () => {
    expect(inspect(users().getUser('u1'))).toBe(shown);
    expect(inspect({ remote: [users().getUser('u1')] })).toBe(`{ remote: [ ${shown} ] }`);
    expect(inspect(users())).toBe('Continuation ctn()');
  });

  test.for<[text: string, remote: unknown]>([
    ['getUser("u1")', users().getUser('u1')],
    ['getUser("u1").name', users().getUser('u1').name],
    ['ctn()', users()],
  ])('is explained in what a failed test prints: %s', ([text, remote]) => {
    // Vitest asks a function for its name, which any class may have as a member: so it can be recorded.
    expect(printedOf(remote, 5).message).toBe(`expected [Continuation ${text}] to deeply equal 5`);
    expect(printedOf({ remote }, { remote: 5 }).diff).toBe(`- Expected
+ Received

  {
-   "remote": 5,
+   "remote": [Function ${text}],
  }`);
  });

  test('is recorded on as before, whatever a tool has read of it', () => {
    const user = users().getUser('u1');
    expect(user).not.toEqual(users().getUser('u1'));
    expect(Object.prototype.toString.call(user)).toBe('[object Continuation]');
    const { name } = user;
    expect(explain(name)).toBe('getUser("u1").name');
    expect(explain(name.toUpperCase())).toBe('getUser("u1").name.toUpperCase()');
    expect(`${user.name}`).toBe('getUser("u1").name');
  });

  test('is text where text is wanted, and nothing in JSON', () => {
    const remote = users().getUser('u1');
    expect(`${remote}`).toBe('getUser("u1")');
    expect(String(remote)).toBe('getUser("u1")');
    expect(JSON.stringify({ remote })).toBe('{}');
  });
});

type Stub = DurableObjectStub<Calc>;

/** What code without types may pass. */
interface Untyped {
  call(...args: unknown[]): unknown;
  callRaw(...args: unknown[]): Promise<unknown>;
}

function untyped({ svc }: CallerObject): Untyped {
  return svc as unknown as Untyped;
}

describe('a sentence says', () => {
  function refusalOf(binding: string, name: string): Promise<string> {
    const remote = newContinuation<Record<string, () => void>>()[name]?.();
    return inCaller('sentences', (caller) =>
      caller.svc
        .callRaw(binding as 'CALC', 'sentences', remote as never)
        .then(String, (error: Error) => error.message),
    );
  }

  test.for([
    ['CALC', 'ad', "Calc has no method 'ad' that callers may use: did you mean 'add'?"],
    ['CALC', 'qqqqqqqq', "Calc has no method 'qqqqqqqq' that callers may use"],
    // What callers may not reach is not named.
    ['CHOSEN', 'closd', "Chosen has no method 'closd' that callers may use"],
    ['CHOSEN', 'opn', "Chosen has no method 'opn' that callers may use: did you mean 'open'?"],
    ['THROWER', 'dat', "Thrower has no method 'dat' that callers may use"],
    [
      'THROWER',
      'data',
      "Thrower has no method 'data' that callers may use: it is an own property: declare get data()",
    ],
  ] as const)('which method of %s was meant by %s', async ([binding, name, sentence]) => {
    expect(await refusalOf(binding, name)).toBe(sentence);
  });

  test('nothing of what was meant by a long name, which would take long', async () => {
    expect(await refusalOf('CALC', `add${'d'.repeat(1_000)}`)).not.toContain('did you mean');
  });

  const bindings = (...names: string[]) =>
    createCaller(
      Object.fromEntries(names.map((name) => [name, env.CALC])),
      createExecutionContext(),
    ) as unknown as { ctn(binding: string, instance: string): unknown };

  test.for<[name: string, known: string, sentence: string]>([
    ['USRES', 'USERS UNITS UPLOADS', "did you mean 'USERS'?"],
    // The same first letter is no likeness.
    ['CARTS', 'CALC CHAT CLOCK CACHE', 'there is CALC, CHAT, CLOCK, CACHE'],
    ['CAST', 'CART CASE CAT COAST FAST CALC', "did you mean 'CART', 'CASE' or 'CAT'?"],
    ['USER', 'USERS_OF_TENANTS USES ORDERS', "did you mean 'USES' or 'USERS_OF_TENANTS'?"],
    ['ORDERS_QUEUE', 'ORDERS', "did you mean 'ORDERS'?"],
    ['X', 'Y Z', 'there is Y, Z'],
    ['Q', 'A B C D E F G H I J K L', 'there is A, B, C, D, E, F, G, H, I, J and 2 more'],
  ])('which binding was meant by %s where there is %s', ([name, known, sentence]) => {
    const thrown = thrownBy(() => bindings(...known.split(' ')).ctn(name, 'main'));
    const unknown = `unknown binding '${name}'`;
    expect(thrown.message).toBe(`${unknown}: ${sentence}`);
  });

  const BOUND = "record one, as in this.ctn('USERS', 'main').getUser(id)";
  const UNBOUND = 'record one, as in this.ctn<Users>().getUser(id)';
  const THIRD = "pass it third, as in ('USERS', 'main', this.ctn<Users>().getUser(id))";
  test.for<[what: string, args: (stub: Stub) => unknown[], is: string, remedy: string]>([
    ['a promise', () => [Promise.resolve(1), () => {}], 'Promise', BOUND],
    [
      'a call by Workers RPC',
      (stub) => [stub.next(), () => {}, { timeout: 5 }],
      'a call by Workers RPC, which has been made',
      BOUND,
    ],
    [
      'a call by Workers RPC after its target',
      (stub) => ['CALC', 'main', stub.next()],
      'a call by Workers RPC, which has been made',
      UNBOUND,
    ],
    [
      'a method of a stub',
      (stub) => [stub.next, () => {}],
      'a member of a Workers RPC stub',
      BOUND,
    ],
    ['a function that records', () => [() => calc().next(), () => {}], 'a function', BOUND],
    ['an awaited value', () => [{ id: 5 }, () => {}, {}], '{id: 5}', BOUND],
    ['the name of a target alone', () => ['CALC', () => {}], 'undefined', THIRD],
    ['a stub alone', (stub) => [stub, () => {}], 'undefined', THIRD],
  ])('what was passed for the remote: %s', ([, args, is, remedy]) =>
    inCaller('no remote', async (caller) => {
      const stub = env.CALC.getByName('no remote');
      const sentence = `the remote is ${is}, not a continuation: ${remedy}`;
      expect(thrownBy(() => untyped(caller).call(...args(stub))).message).toBe(sentence);
      const error = await untyped(caller)
        .callRaw(...args(stub))
        .catch((error) => error);
      expect(error).toMatchObject({ message: sentence });
    }),
  );

  test('that what knows its target is passed without one', () =>
    inCaller('two targets', async (caller) => {
      const svc = untyped(caller);
      const next = caller.ctn('CALC', 'here').next();
      const error = await svc.callRaw('CALC', 'there', next).catch((error) => error);
      expect(error).toMatchObject({
        code: 'invalid-continuation',
        message:
          'pass next() without a target: it knows its own, CALC/here, and the call names CALC/there',
      });
      // The same target, named twice, is no mistake.
      expect(await svc.callRaw('CALC', 'here', next)).toBe(2);
    }));

  test('what to do about a target without this package, before what the platform says', async () => {
    expect(await refusalOf('PLAIN', 'greet')).toMatch(
      /^greet\(\) on PLAIN\/sentences: the target has to extend LumenizeBase, LumenizeWorker or withCall\(…\) \(The RPC receiver/,
    );
  });

  test('that a function is an own property', async () => {
    const remedy = 'make it a method, since callers do not reach own properties';
    expect(await refusalOf('THROWER', 'arrow')).toBe(
      `Thrower has no method 'arrow' that callers may use: ${remedy}`,
    );
    const arrow = newContinuation<Reachable>().handle('arrow').arrow();
    const error = await inCaller('arrows', (caller) =>
      caller.svc.callRaw('REACHABLE', 'main', arrow).catch((error) => error),
    );
    expect(String(error)).toContain(
      `'arrow' of what was returned is not open to callers: ${remedy}`,
    );
  });

  test('that what was returned lacks a member, and which was meant', async () => {
    const on = newContinuation<Record<string, (...args: unknown[]) => never>>();
    // As callers that are not held to the types would record it.
    // biome-ignore lint/suspicious/noExplicitAny: any chain
    const given = (value: unknown): any => on['echo']?.(value);
    const messageOf = (remote: unknown): Promise<string> =>
      inCaller('lacks', (caller) =>
        caller.svc
          .callRaw('REACHABLE', 'main', remote as never)
          .then(String, (error: Error) => error.message),
      );
    expect(await messageOf(given({ id: 'u1' }).tags)).toBe("what was returned has no 'tags'");
    expect(await messageOf(given({ name: 'Ada' }).nmae)).toBe(
      "what was returned has no 'nmae': did you mean 'name'?",
    );
    expect(await messageOf(given('text').lenght)).toBe(
      "what was returned has no 'lenght': did you mean 'length'?",
    );
    expect(await messageOf(given([1])[5])).toBe('undefined');
    expect(await messageOf(given('text').split(''))).toContain('is not open to callers');
  });

  test('that a target is not there', () =>
    inCaller('not there', (caller) => {
      for (const missing of [undefined, null]) {
        expect(thrownBy(() => caller.ctn(missing as never, 'x' as never))).toMatchObject({
          code: 'unknown-binding',
          message: `the target is ${missing}: is the binding there in this environment?`,
        });
      }
    }));

  test('that the constructor of a target may have thrown', async () => {
    expect(await refusalOf('UNBORN', 'greet')).toBe(
      'greet() on UNBORN/sentences: not today (fix the target: its constructor or ' +
        'blockConcurrencyWhile threw this, or it called ctx.abort)',
    );
  });

  test('that a handler failed, which, and after which call', () =>
    inCaller('a failing handler', async (caller) => {
      const log = vi.spyOn(console, 'error').mockImplementation(() => {});
      try {
        Object.assign(caller, { onCallError: undefined });
        caller.svc.call('CALC', 'main', calc().add(1, 10), on().onThrowing());
        await vi.waitFor(() => expect(log).toHaveBeenCalledTimes(1));
        expect(log.mock.calls[0]).toEqual([
          '@lumenize/call: the handler onThrowing() failed, given the outcome of add(1, 10) on CALC/main:',
          new Error('the handler threw'),
        ]);
      } finally {
        log.mockRestore();
      }
    }));
});
