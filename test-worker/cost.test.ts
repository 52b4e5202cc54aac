/**
 * What a message costs grows as its bytes do, on both sides. Sizes are compared, since machines differ: four
 * times as much may take eight times as long, and what takes the square of it takes sixteen times.
 */
import { createExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { type CallError, createCaller, newContinuation } from '@lumenize/call';
import { describe, expect, test, vi } from 'vitest';
import { inCaller } from './in-object.js';
import type { CallerObject } from './index.js';
import type { LIES } from './thrower.js';

/** As callers that are not held to the types would record it. */
// biome-ignore lint/suspicious/noExplicitAny: any chain
const on = newContinuation<any>();

/** What a call comes to: its value, or the error. */
function outcomeOf(binding: string, instance: string, remote: unknown): Promise<unknown> {
  return inCaller('costs', (caller) =>
    caller.svc
      .callRaw(binding as never, instance as never, remote as never)
      .catch((error: unknown) => error),
  );
}

const ROUNDS = 5;
// Times are compared, so a busy machine may take as long as it wants.
vi.setConfig({ testTimeout: 60_000 });
/** Shorter times drown in whatever else the machine does. */
const LEAST_MS = 10;

async function msOf(run: () => Promise<unknown>): Promise<number> {
  const start = Date.now();
  await run();
  return Date.now() - start;
}

/** How many times as long `much` takes as `little`: the least of several rounds each, interleaved. */
async function timesAsLong(
  much: () => Promise<unknown>,
  little: () => Promise<unknown>,
): Promise<number> {
  await little();
  const least = { much: Number.POSITIVE_INFINITY, little: Number.POSITIVE_INFINITY };
  for (let round = 0; round < ROUNDS; round++) {
    least.much = Math.min(least.much, await msOf(much));
    least.little = Math.min(least.little, await msOf(little));
  }
  return Math.max(least.much, LEAST_MS) / Math.max(least.little, LEAST_MS);
}

/** How many times as long something takes for four times as much. */
function growth(size: number, run: (size: number) => Promise<unknown>): Promise<number> {
  return timesAsLong(
    () => run(4 * size),
    () => run(size),
  );
}

describe('rule 25: an error costs what its text is long', () => {
  const frame = '\n    at @lumenize/call x';
  const messages: Record<string, (length: number) => string> = {
    'lines like those of this package': (length) =>
      `${frame.repeat(length / frame.length)}\r\u2028\n`,
    'one line of dots': (length) => `${frame}\n    at ${'a.'.repeat(length / 2)}`,
    'one line of entries': (length) => `${frame}\n    at ${'.__lmzCall'.repeat(length / 10)}`,
    'empty lines': (length) => `${frame}${'\n'.repeat(length)}`,
    blanks: (length) => `${frame}\n${' '.repeat(length)}x${' '.repeat(length)}`,
  };
  const cases = Object.keys(messages).flatMap((kind) => [
    [kind, 'as it was', []] as const,
    [kind, 'changed since', ['m']] as const,
  ]);
  test.for(cases)('a message of %s, %s', async ([kind, , more]) => {
    const run = async (length: number): Promise<void> => {
      const fail = on.fail(messages[kind]?.(length), ...more);
      expect(await outcomeOf('THROWER', 'main', fail)).toBeInstanceOf(RangeError);
    };
    expect(await growth(25_000, run)).toBeLessThan(8);
  });

  test('an instance whose name is blanks', async () => {
    const run = async (length: number): Promise<void> => {
      const error = await outcomeOf('THROWER', `${' '.repeat(length)}x`, on.fail('m'));
      expect((error as Error).stack).toMatch(/\n {4}at remote call fail\("m"\) on THROWER\//);
    };
    expect(await growth(10_000, run)).toBeLessThan(8);
  });

  test('a text with which a target rejects many calls is not copied for each', async () => {
    const rejected = (calls: number, length: number) => async (): Promise<void> => {
      const caller = createCaller(env, createExecutionContext());
      const call = (): Promise<unknown> =>
        caller.callRaw('FORGER' as never, 'main' as never, on.echo(length) as never).then(
          () => expect.unreachable(),
          (error: CallError) => error.message.length,
        );
      for (const shown of await Promise.all(Array.from({ length: calls }, call))) {
        expect(shown).toBeGreaterThan(length);
      }
    };
    expect(await timesAsLong(rejected(1_000, 1_000_000), rejected(1_000, 10))).toBeLessThan(8);
  });
});

describe('rule 25: what many failures of one message share costs what it costs once', () => {
  const sizes: Record<keyof typeof LIES, number> = {
    'a list': 50_000,
    properties: 50_000,
    'properties of errors': 10_000,
    'a message, without a stack': 1_000_000,
    bytes: 500_000,
    'an error that was thrown as a value': 1_000_000,
    'keys that nobody asked for': 20_000,
    'errors inside of one': 10_000,
    'a pattern that was thrown': 1_000_000,
    'an exception': 1_000_000,
    'a number': 800_000,
  };
  test.for(Object.entries(sizes))('%s', async ([kind, size]) => {
    const failed = (calls: number) => async (): Promise<void> => {
      const caller = createCaller(env, createExecutionContext());
      const call = (): Promise<unknown> =>
        caller.callRaw('FORGER' as never, 'main' as never, on.echo([kind, size]) as never).then(
          () => expect.unreachable(),
          (error: CallError) => expect(error).toBeInstanceOf(Error),
        );
      await Promise.all(Array.from({ length: calls }, call));
    };
    expect(await timesAsLong(failed(300), failed(2))).toBeLessThan(20);
  });
});

describe('rule 25: what is no part of a failure costs what it costs as a value', () => {
  const big: Record<string, (size: number) => unknown> = {
    bytes: (size) => new Uint8Array(8 * size),
    'a boxed text': (size) => new String('x'.repeat(size)),
    'a list': (size) => new Array(size / 5).fill(1),
  };
  const places: Record<string, (value: unknown) => unknown> = {
    'the failure': (value) => value,
    properties: (properties) => ({ name: 'Error', message: 'm', properties }),
    'a property': (value) => ({ name: 'Error', message: 'm', properties: { value } }),
    nested: (nested) => ({ name: 'Error', message: 'm', properties: {}, nested }),
    'a nested error': (value) => ({ name: 'E', message: 'm', properties: {}, nested: { value } }),
    cause: (cause) => ({ name: 'Error', message: 'm', properties: {}, cause }),
    errors: (errors) => ({ name: 'Error', message: 'm', properties: {}, errors }),
    'one of errors': (value) => ({ name: 'Error', message: 'm', properties: {}, errors: [value] }),
    thrown: (thrown) => ({ thrown }),
  };
  const cases = Object.keys(big).flatMap((kind) =>
    Object.keys(places).map((place) => [kind, place] as const),
  );
  test.for(cases)('%s as %s', async ([kind, place]) => {
    const value = big[kind]?.(500_000);
    const forged = async (): Promise<void> => {
      const lie = on.echo(places[place]?.(value));
      expect(await outcomeOf('FORGER', 'main', lie)).toBeInstanceOf(Error);
    };
    const echoed = (): Promise<unknown> => outcomeOf('REACHABLE', 'main', on.echo(value));
    expect(await timesAsLong(forged, echoed)).toBeLessThan(3);
  });
});

describe('rule 25: what stands in several arguments is looked through once', () => {
  const kinds: Record<string, (list: object) => object> = {
    Map: (list) => new Map([['list', list]]),
    Set: (list) => new Set([list]),
    Error: (list) => Object.assign(new Error('m'), { list }),
  };
  test.for(Object.entries(kinds))('in a %s', async ([, holding]) => {
    const sent = async (size: number): Promise<void> => {
      const list = Array.from({ length: size }, () => ({}));
      const args = on.echo(Array.from({ length: size }, () => holding(list)));
      await outcomeOf('CALC', 'main', args);
    };
    expect(await growth(1_000, sent)).toBeLessThan(8);
  });

  test('in a Map in a Map in a Map', async () => {
    const sent = async (size: number): Promise<void> => {
      let map = new Map();
      for (let level = 0; level < size; level++) map = new Map([['map', map]]);
      await outcomeOf('CALC', 'main', on.echo(map));
    };
    expect(await growth(400, sent)).toBeLessThan(8);
  });
});

describe('rule 25: a stack is folded where this package is in it, and nowhere else', () => {
  const forged = 'no\n    at @lumenize/call (x:1:1)\n    at Users.__lmzCall (x:1:1)\nmore';
  /** What stands before the line of the call. */
  const remotePart = async (message: string): Promise<string> => {
    const { stack = '' } = (await outcomeOf('THROWER', 'main', on.fail(message))) as Error;
    return stack.slice(0, stack.indexOf('\n    at remote call '));
  };

  test('a message that looks like its frames stays, and the frames go', async () => {
    const [plain, stack] = [await remotePart('m'), await remotePart(forged)];
    expect(plain).toMatch(/^RangeError: m\n {4}at Thrower\.fail \(/);
    expect(plain).not.toMatch(/@lumenize|__lmzCall/);
    expect(stack).toBe(plain.replace('m', forged));
  });

  test('the line of a call is as long as a person reads', async () => {
    const { stack = '' } = (await outcomeOf('THROWER', 'n'.repeat(100_000), on.fail('m'))) as Error;
    const call = stack.split('\n').find((line) => line.includes('remote call')) ?? '';
    expect(call.length).toBeLessThan(1_000);
    expect(call).toMatch(/^ {4}at remote call fail\("m"\) on THROWER\/n+… \(remote:1:1\)$/);
  });
});

describe('rule 25: what a chain passes through is looked at once', () => {
  test('however often it passes through it', async () => {
    const through = (times: number) => () =>
      outcomeOf(
        'REACHABLE',
        'main',
        on.run(Array.from({ length: times }, () => on.sameObjects(20_000).length)),
      );
    expect(await through(2)()).toEqual([20_000, 20_000]);
    expect(await timesAsLong(through(300), through(1))).toBeLessThan(8);
  });

  test('and for no longer than it would take to send it', async () => {
    const through = (times: number) => () =>
      outcomeOf(
        'REACHABLE',
        'main',
        on.run(Array.from({ length: times }, (_, at) => on.listAt(at, 100_000).length)),
      );
    expect(await through(2)()).toEqual([100_000, 100_000]);
    expect(await timesAsLong(through(80), through(20))).toBeLessThan(2);
  });
});

describe('rule 25: what is only looked through costs no more than to send it', () => {
  const size = 1_000_000;
  const sent = (): Promise<unknown> =>
    outcomeOf('REACHABLE', 'main', on.echo(new Array(size).fill(7)));

  test('a list that a method returned, in each call of a message', async () => {
    const lengths = (): Promise<unknown> =>
      inCaller('costs', async (caller) => {
        const call = (): Promise<unknown> =>
          caller.svc.callRaw('REACHABLE', 'main', on.sameList(size).length);
        expect(await Promise.all(Array.from({ length: 60 }, call))).toEqual(Array(60).fill(size));
      });
    expect(await timesAsLong(lengths, sent)).toBeLessThan(2);
  });

  test('an object with many keys, in each call of a message', async () => {
    const table = on.sameTable(size / 5);
    const keys = (): Promise<unknown> =>
      inCaller('costs', async (caller) => {
        const call = (): Promise<unknown> => caller.svc.callRaw('REACHABLE', 'main', table.key1);
        expect(await Promise.all(Array.from({ length: 60 }, call))).toEqual(Array(60).fill(1));
      });
    const whole = (): Promise<unknown> => outcomeOf('REACHABLE', 'main', table);
    expect(await timesAsLong(keys, whole)).toBeLessThan(2);
  });

  test('a list that a chain passes through to its result', async () => {
    const run = (): Promise<unknown> =>
      outcomeOf('REACHABLE', 'main', on.run(on.holder(size).list));
    expect(await run()).toHaveLength(size);
    expect(await timesAsLong(run, sent)).toBeLessThan(3);
  });

  test('a list in a recorded handler', async () => {
    const list = new Array(size).fill(7);
    const handled = (): Promise<unknown> =>
      inCaller('costs', (caller) => {
        const echo = on.echo(1);
        caller.svc.call(
          'REACHABLE',
          'main',
          echo,
          newContinuation<CallerObject>().onOutcome(echo, list),
        );
        return caller.arrived(1);
      });
    expect(await timesAsLong(handled, sent)).toBeLessThan(2);
  });

  test('a boxed text as an argument', async () => {
    const text = 'x'.repeat(2 * size);
    const boxed = (): Promise<unknown> => outcomeOf('REACHABLE', 'main', on.echo(new String(text)));
    const bare = (): Promise<unknown> => outcomeOf('REACHABLE', 'main', on.echo(text));
    expect(await timesAsLong(boxed, bare)).toBeLessThan(3);
  });
});

describe('rule 25: a method of the language’s own counts for what its arguments make it do', () => {
  const long = 'x'.repeat(100_000);
  const same = on.echo(`${long}x`);
  const texts = on.echo(Array.from({ length: 50 }, () => `${long}y`));
  const high = 1n << 800_000n;
  const numbers = on.echo(Array.from({ length: 50 }, (_, at) => high + BigInt(at)));
  const number = on.echo(high - 1n);
  const digits = on.echo('1'.repeat(100_000));
  const short = on.echo('text');
  const map = on.echo(new Map([[`${long}x`, 1]]));
  const set = on.echo(new Set([`${long}x`]));
  const headers = on.echo(new Headers({ a: long }));
  const request = on.echo(new Request(`https://a.b/${long}`));
  const exception = on.echo(new DOMException(long));
  const steps: Record<string, () => unknown> = {
    'a long text, sought in a list of texts: includes': () => texts.includes(same),
    'a long text, sought in a list of texts: indexOf': () => texts.indexOf(same),
    'a long text, sought in a list of texts: lastIndexOf': () => texts.lastIndexOf(same),
    'a large number, sought in a list of such': () => numbers.includes(number),
    'how a text begins': () => same.startsWith(same),
    'how a text ends': () => same.endsWith(same),
    'an index that is a long text': () => short.at(digits),
    'a key that is a long text': () => map.get(same),
    'an item of a set that is a long text': () => set.has(same),
    'a long name of a header': () => headers.has(same),
    'a long value of a header': () => headers.get('a').length,
    'a long address': () => request.url.length,
    'a long message of an exception': () => exception.message.length,
  };
  test.for(Object.entries(steps))('%s', async ([, step]) => {
    const many = (times: number): unknown => on.run(Array.from({ length: times }, step));
    expect(await outcomeOf('REACHABLE', 'main', many(2))).toHaveLength(2);
    const refused = (await outcomeOf('REACHABLE', 'main', many(300))) as CallError;
    expect(refused).toMatchObject({
      code: 'limit-exceeded',
      message: expect.stringContaining('the chain goes through more than'),
    });
  });
});
