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

/** All messages await one promise and so keep their order. A failed start is tried again. */
export function afterStart(self: object, answer: () => unknown): Promise<unknown> {
  const key = contextOf(self) ?? self;
  let start = started.get(key);
  if (!start) {
    start = startFramework(self as Starting);
    started.set(key, start);
  }
  return start.then(answer, (failed) => {
    started.delete(key);
    return sendRefusal(failed);
  });
}
