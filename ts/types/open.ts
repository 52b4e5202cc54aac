/** The names that a chain may use of what a method returns: of built-in values, those that the receiver opens. */
import type { OPEN } from '../receiving/reach.js';
import type { Kind } from '../receiving/shapes.js';

/** Built-in values of which the receiver opens some names, or none. */
type Builtin =
  | Flat
  | string
  | readonly unknown[]
  | Date
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | Request
  | Response;

type Flat = number | bigint | boolean | symbol;

/** The names of what a method yields. */
export type DataNames<V> = [V] extends [Builtin]
  ? Exclude<keyof V & (string | number), Closed<V>>
  : keyof V & (string | number);

/** The names of a built-in value that are closed; its class may have added others. */
type Closed<V> = V extends Flat
  ? keyof V
  : V extends string
    ? ClosedOf<string, Kind.String>
    : V extends readonly unknown[]
      ? ClosedOf<unknown[], Kind.Array>
      : V extends Date
        ? ClosedOf<Date, Kind.Date>
        : V extends ReadonlyMap<unknown, unknown>
          ? ClosedOf<Map<unknown, unknown>, Kind.Map>
          : V extends ReadonlySet<unknown>
            ? ClosedOf<Set<unknown>, Kind.Set>
            : V extends Request
              ? ClosedOf<Request, Kind.Request>
              : ClosedOf<Response, Kind.Response>;

type ClosedOf<B, K extends keyof typeof OPEN> = Exclude<keyof B, (typeof OPEN)[K][number] | number>;
