/** The options of a call, checked. */

import { type CallOptions, DefaultOption } from '../wasm/lumenize_call.js';
import { checkTimeout } from '../wire/core.js';
import { CallError } from '../wire/errors.js';
import { explain } from '../wire/explain.js';
import { unknownName } from '../wire/near.js';
import type { StubOptions } from './target.js';

/** The options that there are. */
const OPTIONS: Record<keyof CallOptions, true> = {
  timeout: true,
  signal: true,
  batch: true,
  locationHint: true,
  routingMode: true,
  retry: true,
};

/** What a call is made with. */
export interface CheckedOptions {
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  readonly batch: boolean;
  /** With what a stub of its own is made, if with anything. */
  readonly stub: StubOptions | undefined;
}

const DEFAULT: CheckedOptions = {
  timeout: DefaultOption.TimeoutMs,
  signal: undefined,
  batch: true,
  stub: undefined,
};

/** Calls mostly have the timeout of the call before them. */
let lastChecked = DEFAULT.timeout;

/** Throws `CallError` with code `invalid-option`. */
export function checkOptions(options: unknown): CheckedOptions {
  if (options === undefined) return DEFAULT;
  if (typeof options !== 'object' || options === null) {
    throw invalidContinuation(
      `the options are ${explain(options)}: pass an object, as in { timeout: 5_000 }`,
    );
  }
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(OPTIONS, name)) continue;
    throw invalidContinuation(unknownName('option', name, Object.keys(OPTIONS)));
  }
  const {
    timeout = DEFAULT.timeout,
    signal,
    batch = DEFAULT.batch,
    ...stub
  }: Readonly<Record<string, unknown>> = options as Record<string, unknown>;
  if (typeof timeout !== 'number') {
    throw invalidContinuation(
      `timeout is ${explain(timeout)}: it has to be a number of milliseconds`,
    );
  }
  if (timeout !== lastChecked) {
    checkTimeout(timeout);
    lastChecked = timeout;
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalidContinuation(
      `signal is ${explain(signal)}: pass the signal of an AbortController`,
    );
  }
  if (typeof batch !== 'boolean') {
    throw invalidContinuation(`batch is ${explain(batch)}: it has to be true or false`);
  }
  return { timeout, signal, batch, stub: isEmpty(stub) ? undefined : stub };
}

function isEmpty(options: StubOptions): boolean {
  return Object.values(options).every((value) => value === undefined);
}

function invalidContinuation(message: string): CallError {
  return new CallError('invalid-option', message);
}
