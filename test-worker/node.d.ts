/** As much of Node's modules as the tests use. */
declare module 'node:events' {
  export class EventEmitter {}
}

declare module 'node:stream' {
  export const Readable: { from(items: Iterable<unknown>): object };
}

declare module 'node:crypto' {
  export function createSecretKey(key: Uint8Array): object;
}
