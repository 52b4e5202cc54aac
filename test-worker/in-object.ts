/** How tests reach the objects under test: from inside, in the runtime that users have. */
import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { type CallError, newContinuation } from '@lumenize/call';
import { expect } from 'vitest';
import type { Calc, CallerObject } from './index.js';

/** Runs a test inside a caller. */
export function inCaller<R>(
  name: string,
  run: (caller: CallerObject) => R | Promise<R>,
): Promise<R> {
  return runInDurableObject(env.CALLER.getByName(name), run);
}

/** Runs something inside a `Calc`. */
export function inCalc<R>(name: string, read: (calc: Calc) => R | Promise<R>): Promise<R> {
  return runInDurableObject(env.CALC.getByName(name), read);
}

/** Starts a continuation on a `Calc`. */
export const calc = newContinuation<Calc>;

/** The `CallError` that a function throws at once. */
export function thrownBy(run: () => unknown): CallError {
  try {
    run();
  } catch (error) {
    return error as CallError;
  }
  return expect.unreachable('it threw nothing');
}
