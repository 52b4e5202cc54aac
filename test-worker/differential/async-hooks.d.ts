/** What the plans use of Node's API that the runtime has: its types come with no package here. */
declare module 'node:async_hooks' {
  export class AsyncLocalStorage<T> {
    run<R>(store: T, run: () => R): R;
    getStore(): T | undefined;
    static snapshot(): <R>(run: () => R) => R;
  }
}
