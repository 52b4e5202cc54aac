/** As much of the vitest plugin as is used here. */
declare module 'cloudflare:test' {
  export function runInDurableObject<R>(
    stub: DurableObjectStub,
    run: (instance: unknown, state: DurableObjectState) => R | Promise<R>,
  ): Promise<R>;
}
