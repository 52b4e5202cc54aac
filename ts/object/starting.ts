/** How a framework starts an object before calls reach it. */

import { sendRefusal } from '../wire/outcome.js';
import { contextOf } from './create.js';

/**
 * How a framework (partyserver, agents) starts an object before its own entries: `onStart` and what
 * comes with it. It offers this to entries that it does not know, such as ours.
 */
export const START = '__unsafe_ensureInitialized';

interface Starting {
  [START](): Promise<unknown>;
}

async function startFramework(self: Starting): Promise<void> {
  await self[START]();
}

/** Starts of frameworks that have begun, by the contexts of their objects. */
const started = new WeakMap<object, Promise<unknown>>();

/**
 * Starts an object by its framework. All that needs it awaits one promise, so that messages keep their order.
 * A failed start is tried again.
 */
export function startByFramework(self: object): Promise<unknown> {
  const key = contextOf(self) ?? self;
  let start = started.get(key);
  if (!start) {
    start = startFramework(self as Starting);
    started.set(key, start);
    start.catch(() => started.delete(key));
  }
  return start;
}

/** Answers a message once the framework has started the object. */
export function afterStart(self: object, answer: () => unknown): Promise<unknown> {
  return startByFramework(self).then(answer, sendRefusal);
}
