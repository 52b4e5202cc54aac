/** `static closedToRpc`: members that a class closes to plain Workers RPC, too. */

import { invalidOption } from '../wire/errors.js';
import { entriesOf, prototypesOf } from './entries.js';
import type { ReceiverClass } from './expose.js';

/** Members that Workers RPC never calls, and the entries of this package, which it must call. */
const NOT_OF_RPC: ReadonlySet<string> = new Set([
  'constructor',
  'fetch',
  'connect',
  'alarm',
  'webSocketMessage',
  'webSocketClose',
  'webSocketError',
  'dup',
  '__lmzCall',
  '__lmzCalls',
]);

/** Own properties that hide an object's members from Workers RPC. */
const shadows = new WeakMap<object, Set<string>>();

/** Hides a class's closed members from Workers RPC, if the class asks for it. */
export function closeToRpc(self: object): void {
  const prototype: object = Object.getPrototypeOf(self);
  if ((prototype.constructor as ReceiverClass).closedToRpc !== true) return;
  const shadowed = new Set<string>();
  shadows.set(self, shadowed);
  const isClosed = closedIn(prototype);
  for (const at of prototypesOf(prototype)) {
    for (const [name, member] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (NOT_OF_RPC.has(name) || Object.hasOwn(self, name) || !isClosed(name)) continue;
      // Workers RPC refuses a non-enumerable own property, and `this` still finds it.
      Object.defineProperty(self, name, { ...member, enumerable: false, configurable: true });
      shadowed.add(name);
    }
  }
}

/** Throws if a class asks to be closed to Workers RPC and has neither a list nor marks. */
export function checkClosedToRpc(
  receiver: ReceiverClass & { readonly name: string },
  isChosen: boolean,
): void {
  if (receiver.closedToRpc !== true || isChosen) return;
  throw invalidOption(
    `${receiver.name} has static closedToRpc = true and names nothing that is open: name it in ` +
      'static callable, or mark it by @callable()',
  );
}

/** Marks of standard decorators arrive later and reopen their members. */
function closedIn(prototype: object): (name: string) => boolean {
  try {
    const { entries, isChosen } = entriesOf(prototype);
    return isChosen ? (name) => !entries.has(name) : () => true;
  } catch {
    // Callers are told what is wrong with the class.
    return () => true;
  }
}

export function unshadow(self: object, name: string): void {
  if (shadows.get(self)?.delete(name)) Reflect.deleteProperty(self, name);
}
