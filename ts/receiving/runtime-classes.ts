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
  const maker = valueAt(prototype, 'constructor');
  const name = typeof maker === 'function' ? valueAt(maker, 'name') : undefined;
  const member = typeof name === 'string' ? UNEXPORTED.get(name) : undefined;
  return member !== undefined && Object.hasOwn(prototype, member);
}

function valueAt(object: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(object, key)?.value;
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
    try {
      pending.push(...reachedFrom(each, found));
    } catch {
      // A proxy of the user's in the environment may refuse to be looked at.
    }
  }
  return found;
}

/** What stands in an object, and its prototype, of which the prototypes are added to `found`. */
function reachedFrom(object: object, found: Set<object>): unknown[] {
  const above: unknown = Object.getPrototypeOf(object);
  if (isObject(above)) found.add(above);
  const reached = [above];
  for (const key of Reflect.ownKeys(object)) {
    const value: unknown = Object.getOwnPropertyDescriptor(object, key)?.value;
    if (key === 'prototype' && isObject(value)) found.add(value);
    reached.push(value);
  }
  return reached;
}

/** Not `process`, which holds a user's listeners; nor `console`, which fails where a tool replaces the global. */
function modules(): unknown[] {
  const { builtinModules = [] } = builtin<{ builtinModules?: string[] }>('node:module') ?? {};
  return builtinModules
    .filter((name) => name !== 'process' && name !== 'console')
    .map((name) => builtin(name));
}

/**
 * Classes that no module exports, each with a member by which it is told from a user's of the same name. Those
 * of bindings, from `src/cloudflare/internal` of github.com/cloudflare/workerd, are also here because the
 * environment need not be importable; the rest are Node's, from `src/node` there.
 */
const UNEXPORTED: ReadonlyMap<string, string> = new Map([
  ['Ai', 'gateway'],
  ['AiGateway', 'patchLog'],
  ['AiSearchAccountService', 'create'],
  ['AiSearchInstanceService', 'delete'],
  ['AsyncHook', 'enable'],
  ['AutoRAG', 'aiSearch'],
  ['BrowserRendering', 'fetch'],
  ['Console', 'dirxml'],
  ['D1Database', 'prepare'],
  ['D1DatabaseSession', 'getBookmark'],
  ['D1DatabaseSessionAlwaysPrimary', 'getBookmark'],
  ['D1PreparedStatement', 'bind'],
  ['HostedImagesBindingImpl', 'upload'],
  ['ImageTransformerImpl', 'transform'],
  ['ImagesBindingImpl', 'input'],
  ['InstanceImpl', 'sendEvent'],
  ['Timeout', 'hasRef'],
  ['ToMarkdownService', 'supported'],
  ['TracingChannel', 'traceSync'],
  ['TransformationResultImpl', 'contentType'],
  ['VectorizeIndexImpl', 'upsert'],
  ['WorkflowImpl', 'createBatch'],
]);
