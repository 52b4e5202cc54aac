/** Code as it was written for the first version of the package does what it did. */
import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test, vi } from 'vitest';
import type { OriginDO } from '../src/index.js';

let origins = 0;

/** The results of one object, as soon as there are so many. */
function results(count: number, act: (origin: OriginDO) => unknown) {
  return runInDurableObject(env.ORIGIN_DO.getByName(`origin-${origins++}`), async (origin) => {
    await act(origin);
    await vi.waitUntil(() => origin.getResults().length >= count);
    return origin.getResults();
  });
}

const ada = (userId: string) => ({ type: 'success', value: { userId, name: 'Ada' }, userId });

test.for(['twoLines', 'inline', 'marker'] as const)(
  '%s: the handler has the answer',
  async (how) => {
    expect(await results(1, (origin) => origin[how]('u1'))).toEqual([ada('u1')]);
  },
);

test('calls after one another: each has its own answer', async () => {
  const three = await results(3, async (origin) => {
    await origin.initialize();
    for (const id of ['u1', 'u2', 'u3']) await origin.twoLines(id);
  });
  expect(three).toEqual([ada('u1'), ada('u2'), ada('u3')]);
});

test('the binding and the instance may be named beforehand, and need not', async () => {
  const one = await results(1, async (origin) => {
    await origin.initialize('whatever');
    origin.nested();
  });
  expect(one).toEqual([{ type: 'success', value: 1111 }]);
});

test('what is thrown arrives as an Error', async () => {
  const error = { type: 'error', value: 'on purpose', userId: 'error-user' };
  expect(await results(1, (origin) => origin.error('on purpose'))).toEqual([error]);
});

test('the timeout is in milliseconds', async () => {
  const [late] = await results(1, (origin) => origin.timeout(5_000, 20));
  expect(late).toMatchObject({ type: 'error', userId: 'timeout-user' });
  const [early] = await results(1, (origin) => origin.timeout(1, 5_000));
  expect(early).toMatchObject({ type: 'success', value: 'slow: a' });
});

test('an id of 64 hexadecimal digits names an instance', async () => {
  const id = env.REMOTE_DO.newUniqueId().toString();
  expect(id).toMatch(/^[0-9a-f]{64}$/);
  expect(await results(1, (origin) => origin.byId(id))).toEqual([{ type: 'success', value: 5 }]);
});

test('paths through ctx, on the target and as the handler', () =>
  runInDurableObject(env.ORIGIN_DO.getByName('storing'), async (origin) => {
    origin.storage('stored');
    await vi.waitUntil(() => origin.getFetched() !== undefined);
    expect(origin.getFetched()).toBe(true);
  }));
