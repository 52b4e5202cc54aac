/**
 * For objects whose `LumenizeBase` comes from a package of its own, as in the first version: such a base
 * finds its services, and this package its prototype, on `globalThis`. Either may be loaded first.
 */

import type { Caller } from '../calling/caller.js';
import { addBoundary } from '../receiving/entries.js';
import { newContinuation } from '../record/record.js';
import { startAt } from '../wire/stack.js';
import { LumenizeBase } from './base.js';
import { callerOf, envOf } from './create.js';

/** Makes the service of one object. */
type Service = (self: object) => unknown;

interface Globals {
  __lumenizeServiceRegistry?: Record<string, Service>;
  __LumenizeBasePrototype?: object;
}

const callers = new WeakMap<object, Caller<unknown, object>>();

function callerFor(self: object): Caller<unknown, object> {
  let caller = callers.get(self);
  if (!caller) {
    caller = callerOf<unknown, object>(self, envOf(self));
    callers.set(self, caller);
  }
  return caller;
}

/** `ctn()` records for whoever runs it, as in the first version; with a target it is what it is elsewhere. */
function ctn(this: object, ...target: unknown[]): unknown {
  if (target.length === 0) return newContinuation();
  try {
    return (callerFor(this).ctn as (...target: unknown[]) => unknown)(...target);
  } catch (error) {
    throw startAt(error, ctn);
  }
}

/** Adds what this package needs of a base class, and leaves alone what it has. */
function install(prototype: unknown): void {
  if (typeof prototype !== 'object' || prototype === null || !Object.isExtensible(prototype))
    return;
  addBoundary(prototype);
  const { __lmzCall, __lmzCalls } = LumenizeBase.prototype;
  const members = { __lmzCall, __lmzCalls, ctn };
  for (const [name, value] of Object.entries(members)) {
    if (name in prototype) continue;
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  }
}

/** Registers `call` and `callRaw`, and installs the receiver now or when the base class appears. */
export function register(): void {
  const globals = globalThis as Globals;
  globals.__lumenizeServiceRegistry ??= {};
  const registry = globals.__lumenizeServiceRegistry;
  registry['call'] ??= (self) => callerFor(self).call;
  registry['callRaw'] ??= (self) => {
    const caller = callerFor(self);
    return caller.callRaw.bind(caller);
  };
  let prototype = globals.__LumenizeBasePrototype;
  install(prototype);
  // Where that cannot be defined, somebody else's definition stands.
  Reflect.defineProperty(globals, '__LumenizeBasePrototype', {
    configurable: true,
    get: () => prototype,
    set: (appeared: object | undefined) => {
      prototype = appeared;
      install(appeared);
    },
  });
}
