/** The options of a call, checked. */

import { isDataObject } from '../runtime/kinds.js';
import { type CallOptions, DefaultOption } from '../wasm/lumenize_call.js';
import { type ContextData, checkData } from '../wire/context.js';
import { checkTimeout } from '../wire/core.js';
import { invalidOption } from '../wire/errors.js';
import { explain } from '../wire/explain.js';
import { unknownName } from '../wire/near.js';
import { copyOfOptions } from '../wire/reading.js';
import type { StubOptions } from './target.js';

/** The options that there are. */
const OPTIONS: Record<keyof CallOptions, true> = {
  timeout: true,
  signal: true,
  batch: true,
  context: true,
  locationHint: true,
  routingMode: true,
  retry: true,
};

/** The checked options of one call. */
export interface CheckedOptions {
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  readonly batch: boolean;
  /** Data for the call and those inside of it; `null` where it is in no other one. */
  readonly context: ContextData | null | undefined;
  /** Options for a stub of the call's own, if any. */
  readonly stub: StubOptions | undefined;
}

export const DEFAULT_OPTIONS: CheckedOptions = {
  timeout: DefaultOption.TimeoutMs,
  signal: undefined,
  batch: true,
  context: undefined,
  stub: undefined,
};

/** Throws `CallError` with code `invalid-option`. */
export function checkOptions(options: unknown): CheckedOptions {
  if (options === undefined) return DEFAULT_OPTIONS;
  if (!isDataObject(options)) {
    throw invalidOption(
      `the options are ${explain(options)}: pass an object, as in { timeout: 5_000 }`,
    );
  }
  const {
    timeout = DEFAULT_OPTIONS.timeout,
    signal,
    batch = DEFAULT_OPTIONS.batch,
    context,
    ...stub
  } = copyOfOptions('the options', options);
  for (const name of Object.keys(stub)) {
    if (Object.hasOwn(OPTIONS, name)) continue;
    throw invalidOption(unknownName('option', name, Object.keys(OPTIONS)));
  }
  if (typeof timeout !== 'number') {
    throw invalidOption(`timeout is ${explain(timeout)}: it has to be a number of milliseconds`);
  }
  checkTimeout(timeout);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalidOption(`signal is ${explain(signal)}: pass the signal of an AbortController`);
  }
  if (typeof batch !== 'boolean') {
    throw invalidOption(`batch is ${explain(batch)}: it has to be true or false`);
  }
  const data = context === undefined || context === null ? context : checkData(context);
  return { timeout, signal, batch, context: data, stub: stubOptionsOf(stub) };
}

/** The options of a Durable Object namespace's `get`, read once; whether it has such values it says itself. */
function stubOptionsOf(options: Readonly<Record<string, unknown>>): StubOptions | undefined {
  const { locationHint, routingMode, retry } = options;
  for (const [name, value] of Object.entries({ locationHint, routingMode })) {
    if (value === undefined || typeof value === 'string') continue;
    throw invalidOption(`${name} is ${explain(value)}: it has to be a string`);
  }
  const retries = retry === undefined ? undefined : retryOf(retry);
  const given = defined({ locationHint, routingMode, retry: retries });
  return Object.keys(given).length > 0 ? given : undefined;
}

const RETRY = ['maxRetries', 'timeoutMs'];

function retryOf(retry: unknown): Readonly<Record<string, unknown>> {
  if (!isDataObject(retry)) {
    throw invalidOption(`retry is ${explain(retry)}: pass an object, as in { maxRetries: 2 }`);
  }
  const { maxRetries, timeoutMs, ...others } = copyOfOptions('retry', retry);
  for (const name of Object.keys(others)) {
    throw invalidOption(unknownName('option of retry', name, RETRY));
  }
  for (const [name, value] of Object.entries({ maxRetries, timeoutMs })) {
    if (value === undefined || (Number.isFinite(value) && (value as number) >= 0)) continue;
    throw invalidOption(`retry.${name} is ${explain(value)}: it has to be a number, 0 or above`);
  }
  return defined({ maxRetries, timeoutMs });
}

function defined(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
