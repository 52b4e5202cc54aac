/**
 * Spans of the platform's tracing: of calls, of the methods that they run, of handlers. Where the runtime has no
 * tracing or the request is not traced, there are none.
 */
import { runtime } from '#workers';
import { soon } from '../runtime/turn.js';
import { fold } from './stack.js';
import { cut, MOST_SHOWN, textOf, tryToRead } from './text.js';

/** What has no value is left out. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** As much of the platform's spans as is needed here. */
export interface Span {
  readonly isTraced: boolean;
  setAttributes(attributes: Attributes): unknown;
  setStatus(status: { readonly code: 'error'; readonly message: string }): unknown;
  recordException(exception: string | Readonly<Record<string, string>>): void;
  end(): void;
}

interface Tracing {
  getActiveSpan(): Span | undefined;
  startSpan(name: string): Span;
  withActiveSpan<R>(span: Span, run: () => R): R;
}

const { tracing } = runtime as { readonly tracing?: Tracing };

/** Older runtimes have none of it, or a part. */
const platform = tracing && 'withActiveSpan' in tracing ? tracing : undefined;

let isKnown = false;
let isTracedNow = false;

/**
 * Whether the request is traced for which this code runs. The runtime is asked once in a turn, since its answer takes a
 * quarter of the time of a batched call; where requests go on in one turn of which only some are traced, the first decides.
 */
export function isTraced(): boolean {
  if (isKnown || !platform) return isTracedNow;
  isKnown = true;
  isTracedNow = platform.getActiveSpan()?.isTraced === true;
  soon(forget);
  return isTracedNow;
}

function forget(): void {
  isKnown = false;
  isTracedNow = false;
}

/** Starts a span inside of the active one. Its caller ends it, and has asked whether the request is traced. */
export function startSpan(name: string): Span {
  return (platform as Tracing).startSpan(name);
}

/** Runs code whose spans, and those of the calls that it makes, are inside of this one. */
export function activate<R>(span: Span, run: () => R): R {
  return (platform as Tracing).withActiveSpan(span, run);
}

/** Runs code in a span of its own, which has what it throws, and ends when it has ended. */
export function inSpan<R>(name: string, attributes: Attributes | undefined, run: () => R): R {
  const span = startSpan(name);
  if (attributes) span.setAttributes(attributes);
  const fail = (thrown: unknown): void => {
    span.recordException(exceptionOf(thrown));
    setFailed(span, thrown);
    span.end();
  };
  try {
    const returned = activate(span, run);
    if (returned instanceof Promise) returned.then(() => span.end(), fail);
    else span.end();
    return returned;
  } catch (thrown) {
    fail(thrown);
    throw thrown;
  }
}

/** Ends a span, with what takes time if anything does; it does not reject. */
export function endSpan(span: Span, ended: void | Promise<void>): void {
  if (ended !== undefined) void ended.then(() => span.end());
  else span.end();
}

/** Says of a span that what it stands for has failed. */
export function setFailed(span: Span, error: unknown): void {
  span.setStatus({ code: 'error', message: cut(textOf(error), MOST_SHOWN) });
}

/** Says of the span of the whole invocation what it has run; the platform knows the method of a message only. */
export function describeInvocation(methods: readonly string[]): void {
  const text = cut([...new Set(methods)].join(', '), MOST_SHOWN);
  platform?.getActiveSpan()?.setAttributes({ 'lumenize.methods': text });
}

/** Attributes by OpenTelemetry's conventions for RPC. */
export function rpcAttributes(
  service: string,
  method: string | undefined,
  more: Attributes,
): Attributes {
  return {
    'rpc.system': 'cloudflare_workers',
    'rpc.service': service,
    'rpc.method': method,
    ...more,
  };
}

function isError(thrown: unknown): thrown is Error {
  try {
    return thrown instanceof Error;
  } catch {
    return false;
  }
}

/** What was thrown may be anything, and throw when it is read. */
function exceptionOf(thrown: unknown): string | Readonly<Record<string, string>> {
  if (!isError(thrown)) return cut(textOf(thrown), MOST_SHOWN);
  const read = (key: string): string => {
    const value = tryToRead(thrown, key)?.value;
    return typeof value === 'string' ? value : '';
  };
  const message = read('message');
  const stack = cut(fold(read('stack'), message), MOST_OF_STACK);
  return { name: read('name'), message: cut(message, MOST_SHOWN), stack };
}

/** UTF-16 code units of a stack. */
const MOST_OF_STACK = 10_000;
