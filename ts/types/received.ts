/** The type of what arrives where a method has returned: Workers RPC makes stubs of what it passes by reference. */
import type { Shallower } from './continuations.js';

/** What crosses as it is. */
type Flat =
  | string
  | number
  | boolean
  | bigint
  | symbol
  | null
  | undefined
  | void
  | Date
  | RegExp
  | Error
  | ArrayBufferLike
  | ArrayBufferView
  | ReadableStream
  | WritableStream
  | Request
  | Response
  | Headers
  | Blob
  | AbortSignal
  | DurableObjectId
  // A stub of a Durable Object, or a service, is one there too.
  | Fetcher;

/**
 * What arrives where a `V` was returned: stubs for instances of RpcTarget and functions, all else as it is.
 * What holds stubs is yours to dispose: `using session = await …`.
 */
export type Received<V> = 0 extends 1 & V
  ? V
  : V extends Flat
    ? V
    : V extends Rpc.Stubable
      ? Rpc.Stub<V>
      : HasStub<V> extends true
        ? WithStubs<V> & Disposable
        : V;

/** Whether something passed by reference stands in it, as far as the compiler looks. */
type HasStub<V> = true extends StubIn<V, 6> ? true : false;

type StubIn<V, Depth extends keyof Shallower> = V extends Flat
  ? never
  : V extends Rpc.Stubable
    ? true
    : Depth extends 0
      ? never
      : V extends readonly (infer Item)[]
        ? StubIn<Item, Shallower[Depth]>
        : V extends ReadonlyMap<infer K, infer Item>
          ? StubIn<K | Item, Shallower[Depth]>
          : V extends ReadonlySet<infer Item>
            ? StubIn<Item, Shallower[Depth]>
            : { [K in keyof V]: StubIn<V[K], Shallower[Depth]> }[keyof V];

type WithStubs<V> = V extends Flat
  ? V
  : V extends Rpc.Stubable
    ? Rpc.Stub<V>
    : V extends Map<infer K, infer Item>
      ? Map<WithStubs<K>, WithStubs<Item>>
      : V extends Set<infer Item>
        ? Set<WithStubs<Item>>
        : HasStub<V> extends true
          ? { [K in keyof V]: WithStubs<V[K]> }
          : V;
