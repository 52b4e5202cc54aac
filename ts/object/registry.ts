/**
 * Supports objects whose `LumenizeBase` comes from another package, as in the first version. Such a base
 * finds its services, and this package the base's prototype, on `globalThis`. Either may load first.
 */

import type { Caller } from '../calling/caller.js';
import { addBoundary } from '../receiving/entries.js';
import { newContinuation } from '../record/record.js';
import { isDataObject } from '../runtime/kinds.js';
import { define } from '../wire/reading.js';
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

/** `ctn()` records for any object, as in the first version. With a target it works as usual. */
function ctn(this: object, ...target: unknown[]): unknown {
  if (target.length === 0) return newContinuation();
  try {
    return (callerFor(this).ctn as (...target: unknown[]) => unknown)(...target);
  } catch (error) {
    throw startAt(error, ctn);
  }
}

/** Adds the members that this package needs to a base class, and leaves existing ones alone. */
function install(prototype: unknown): void {
  if (!isDataObject(prototype) || !Object.isExtensible(prototype)) return;
  addBoundary(prototype);
  const { __lmzCall, __lmzCalls } = LumenizeBase.prototype;
  const members = { __lmzCall, __lmzCalls, ctn };
  for (const [name, value] of Object.entries(members)) {
    if (!(name in prototype)) define(prototype, name, value, false);
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
  // If this cannot be defined, another package's definition stands.
  Reflect.defineProperty(globals, '__LumenizeBasePrototype', {
    configurable: true,
    get: () => prototype,
    set: (appeared: object | undefined) => {
      prototype = appeared;
      install(appeared);
    },
  });
}
