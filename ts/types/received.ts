/** The type of what arrives where a method has returned: Workers RPC makes stubs of what it passes by reference. */
import type { IsAny, Shallower } from './continuations.js';

type Primitive = string | number | boolean | bigint | symbol | null | undefined | void;

/** What is passed as a whole, whatever its members are. */
export type Indivisible =
  | Primitive
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
  | Fetcher
  // Nothing that holds one of these is passed at all.
  | PromiseLike<unknown>
  | AsyncIterable<unknown>;

/**
 * What arrives where a `V` was returned: stubs for instances of RpcTarget and functions, all else as it is.
 * What holds stubs is yours to dispose: `using session = await …`.
 */
export type Received<V> =
  IsAny<V> extends true
    ? V
    : V extends Primitive
      ? V
      : V extends Rpc.Stubable
        ? StubOf<V>
        : HasStub<V> extends true
          ? WithStubs<V> & Disposable
          : V;

/** What arrives where a call is awaited: Workers RPC gives every object a disposer, which is its caller's to use. */
export type Owned<V> = V extends object ? (V extends Disposable ? V : V & Disposable) : V;

/** A stub that is passed on is no stub of a stub. */
type StubOf<V extends Rpc.Stubable> = V extends Rpc.StubBase<Rpc.Stubable> ? V : Rpc.Stub<V>;

/** Whether something passed by reference stands in it, as far as the compiler looks. */
type HasStub<V> = true extends StubIn<V, 6> ? true : false;

/** Plain data comes first, since most is: to compare with everything indivisible takes longer. */
type StubIn<V, Depth extends keyof Shallower> =
  IsAny<V> extends true
    ? never
    : V extends Primitive
      ? never
      : V extends Rpc.Stubable
        ? true
        : Depth extends 0
          ? never
          : V extends readonly (infer Item)[]
            ? StubIn<Item, Shallower[Depth]>
            : V[keyof V] extends Primitive
              ? never
              : V extends Indivisible
                ? never
                : V extends ReadonlyMap<infer K, infer Item>
                  ? StubIn<K | Item, Shallower[Depth]>
                  : V extends ReadonlySet<infer Item>
                    ? StubIn<Item, Shallower[Depth]>
                    : { [K in keyof V]: StubIn<V[K], Shallower[Depth]> }[keyof V];

type WithStubs<V> =
  HasStub<V> extends true
    ? V extends Rpc.Stubable
      ? StubOf<V>
      : V extends Map<infer K, infer Item>
        ? Map<WithStubs<K>, WithStubs<Item>>
        : V extends Set<infer Item>
          ? Set<WithStubs<Item>>
          : V extends ReadonlyMap<infer K, infer Item>
            ? ReadonlyMap<WithStubs<K>, WithStubs<Item>>
            : V extends ReadonlySet<infer Item>
              ? ReadonlySet<WithStubs<Item>>
              : { [K in keyof V]: WithStubs<V[K]> }
    : V;
