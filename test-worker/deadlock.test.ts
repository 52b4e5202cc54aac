/**
 * Objects that wait for each other. Nothing here can be had by blockConcurrencyWhile around a call:
 * experiments/deadlock shows what becomes of the same calls then.
 */
import { expect, test } from 'vitest';
import { calc, inCalc, inCaller } from './in-object.js';

test('rule 11: two objects call each other, eight deep', () =>
  inCaller('two', async (caller) => {
    expect(await caller.svc.callRaw('CALC', 'a', calc().countDown(8, 'b', 'a'))).toBe(8);
  }));

test('rule 11: an object calls itself, eight deep', () =>
  inCaller('itself', async (caller) => {
    expect(await caller.svc.callRaw('CALC', 'a', calc().countDown(8, 'a', 'a'))).toBe(8);
  }));

test('rule 11: two objects call each other 1,000 times at once, each answering the other meanwhile', async () => {
  const ask = async (from: string, to: string): Promise<number[]> =>
    inCalc(from, (object) =>
      Promise.all(
        Array.from({ length: 1_000 }, (_, n) =>
          // `to` asks `from` in its turn, before it answers.
          object.svc.callRaw('CALC', to, calc().sumBy(from, n, 1), { timeout: 20_000 }),
        ),
      ),
    );
  const expected = Array.from({ length: 1_000 }, (_, n) => n + 1);
  expect(await Promise.all([ask('left', 'right'), ask('right', 'left')])).toEqual([
    expected,
    expected,
  ]);
}, 30_000);

test('rule 11: a ring of 13 objects, each waiting for the next, and the last for the first', () =>
  inCaller('ring', async (caller) => {
    const names = Array.from({ length: 13 }, (_, n) => `ring ${n}`);
    const ring = [...names, 'ring 0'];
    expect(await caller.svc.callRaw('CALC', 'ring 0', calc().around(ring, 0))).toBe(14);
  }));
