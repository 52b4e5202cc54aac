/**
 * Classes that the runtime has in JavaScript, like a user's: those of Node's modules, and those of
 * bindings. Nothing but where they are found tells them from a user's.
 */
import { runtime } from '#workers';
import { builtin } from '../runtime/builtin.js';
import { isObject } from '../runtime/kinds.js';

/** Whether a prototype belongs to such a class. */
export function isOfRuntime(prototype: object): boolean {
  prototypes ??= prototypesIn([Reflect.get(runtime, 'env'), ...modules()]);
  if (prototypes.has(prototype)) return true;
  const maker: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return typeof maker === 'function' && BY_NAME.has(maker.name);
}

/** Collected when it is first asked for: that loads all of Node's modules. */
let prototypes: ReadonlySet<object> | undefined;

/** All prototypes that are reached from values, without running a getter. */
function prototypesIn(values: readonly unknown[]): ReadonlySet<object> {
  const found = new Set<object>();
  const seen = new Set<unknown>();
  const pending = [...values];
  while (pending.length > 0) {
    const each = pending.pop();
    if (!isObject(each) || seen.has(each)) continue;
    seen.add(each);
    const above: unknown = Object.getPrototypeOf(each);
    if (isObject(above)) found.add(above);
    pending.push(above);
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(each))) {
      if (key === 'prototype' && isObject(value)) found.add(value);
      pending.push(value);
    }
  }
  return found;
}

/** Not `process`, which holds a user's listeners; nor `console`, which fails where a tool replaces the global. */
function modules(): unknown[] {
  const { builtinModules = [] } = builtin<{ builtinModules?: string[] }>('node:module') ?? {};
  return builtinModules
    .filter((name) => name !== 'process' && name !== 'console')
    .map((name) => builtin(name));
}

/**
 * Classes that are found nowhere before there is an instance: only methods of bindings make them. The names
 * are those in `src/cloudflare/internal` of github.com/cloudflare/workerd.
 */
const BY_NAME: ReadonlySet<string> = new Set([
  'Console',
  'D1PreparedStatement',
  'D1DatabaseSession',
  'D1DatabaseSessionAlwaysPrimary',
  'InstanceImpl',
  'ImageTransformerImpl',
  'TransformationResultImpl',
  'DrawTransformer',
  'HostedImagesBindingImpl',
  'AiGateway',
  'AutoRAG',
  'ToMarkdownService',
]);
