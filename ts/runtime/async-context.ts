/** The async context of code, where the runtime has any (`nodejs_compat` is on). */
import { builtin } from './builtin.js';

/** As much of `AsyncLocalStorage` as is needed here. */
interface Storage<T> {
  run<A extends unknown[], R>(store: T, run: (...args: A) => R, ...args: A): R;
  getStore(): T | undefined;
}

const { AsyncLocalStorage } =
  builtin<{ AsyncLocalStorage: new () => Storage<unknown> }>('node:async_hooks') ?? {};

/** A value that code has, and all that it begins; nothing where the runtime has no async contexts. */
export function asyncContext<T>(): Storage<T> | undefined {
  return AsyncLocalStorage && (new AsyncLocalStorage() as Storage<T>);
}
