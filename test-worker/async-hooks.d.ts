/** As much of it as the tests need; all types of Node would change those of the Workers runtime. */
declare module 'node:async_hooks' {
  export class AsyncLocalStorage<T> {
    run<R>(store: T, run: () => R): R;
    getStore(): T | undefined;
  }
}
