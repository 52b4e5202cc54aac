/** The object that makes calls. */
import type { CallErrorDetails } from '../wire/errors.js';

/** Details that `onCallError` receives with the error. */
export interface CallErrorInfo extends CallErrorDetails {
  /** The handler, as `explain` writes it; `undefined` where the call has none. */
  readonly handler: string | undefined;
  /** The id of a durable call, for `svc.durable.retry` and `drop`; `undefined` of any other. */
  readonly durableId?: string | undefined;
}

/** The object that makes calls: its handlers run on it. */
export interface Owner {
  readonly self: object;
  readonly env: object;
  /** The context of a Durable Object, whose sections keep other events out. */
  readonly ctx?: object | undefined;
  /** Receives errors that no other code would see. */
  report(error: unknown, info: CallErrorInfo): void;
  /** Keeps a Worker's request alive until a call and its handler have ended. */
  readonly waitUntil?: ((ended: Promise<unknown>) => void) | undefined;
}
