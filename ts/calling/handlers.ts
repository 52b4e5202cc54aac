/** Handlers: checked when the call is made, run with the outcome, and named in reports. */
import { type CheckedHandler, type HandlerFunction, runEither } from '../receiving/handle.js';
import { handlerOf } from '../record/handler.js';
import { notRecorded } from '../record/record.js';
import { isPlainObject } from '../runtime/kinds.js';
import { release } from '../wire/dispose.js';
import { invalidContinuation } from '../wire/errors.js';
import { explainNode } from '../wire/explain.js';
import { unknownName } from '../wire/near.js';
import { firstMember, isForeign, type Node, nodeOf } from '../wire/node.js';

/**
 * Checks what a caller passed as the handler.
 *
 * @param self - The object on which it will run.
 * @throws `CallError` with code `invalid-continuation` for what cannot be one.
 */
export function handlerFor(
  handler: unknown,
  remote: Node,
  self: object,
): CheckedHandler | undefined {
  if (handler === undefined) return undefined;
  const node = nodeOf(handler);
  if (node) {
    const program = handlerOf(node, remote);
    checkHandler(node, self);
    return program;
  }
  if (typeof handler === 'function' && !isForeign(handler)) return handler as HandlerFunction;
  const remedy = isPlainObject(handler)
    ? 'options come after it, as in call(remote, undefined, options)'
    : 'pass a function, or record one, as in this.ctn().onUser()';
  throw notRecorded('handler', handler, remedy);
}

/** Runs a handler. What it throws, now or later, is reported and goes no further. */
export function handle(
  handler: CheckedHandler,
  self: object,
  outcome: unknown,
  isTraced: boolean,
  report: (error: unknown) => void,
): void | Promise<void> {
  try {
    const ended = runEither(handler, self, outcome, isTraced);
    if (ended !== undefined) return ended.catch(report).then(() => release(outcome));
  } catch (error) {
    report(error);
  }
  return release(outcome);
}

/** Throws `CallError` with code `invalid-continuation` if the handler's first member does not exist. */
function checkHandler(handler: Node, self: object): void {
  const name = firstMember(handler);
  if (name === undefined || name in self) return;
  const names = new Set<string>();
  for (let at: object = self; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const each of Object.getOwnPropertyNames(at)) names.add(each);
  }
  throw invalidContinuation(
    `the handler ${explainNode(handler)} cannot run: ${unknownName('method', name, [...names].filter(isHandlerName))}`,
  );
}

function isHandlerName(name: string): boolean {
  return name !== 'constructor' && !name.startsWith('__');
}

/** It never throws. */
export function textOfHandler(handler: unknown): string | undefined {
  if (handler === undefined) return undefined;
  const node = nodeOf(handler);
  if (node) return explainNode(node);
  const name = nameOfFunction(handler);
  return typeof name === 'string' && name ? `function ${name}` : '(outcome) => …';
}

/** A function may have a `name` of its own, which may be anything. */
function nameOfFunction(handler: unknown): unknown {
  try {
    return (handler as { readonly name: unknown }).name;
  } catch {
    return undefined;
  }
}
