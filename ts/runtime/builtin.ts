/** Built-in modules of the runtime that may be missing. Importing a missing module would fail. */

interface Process {
  getBuiltinModule?(name: string): unknown;
}

/** Modules with classes whose instances a method may return. */
const WITH_CLASSES =
  'assert async_hooks buffer child_process crypto dgram diagnostics_channel dns events fs http http2 ' +
  'https net perf_hooks readline stream string_decoder timers tls tty url util vm worker_threads zlib';

/** Prototypes of the classes in them, most of which are JavaScript like a user's. */
export function builtinPrototypes(): ReadonlySet<object> {
  const found = new Set<object>();
  for (const name of WITH_CLASSES.split(' ')) {
    const module = builtin<object>(`node:${name}`) ?? {};
    for (const { value } of Object.values(Object.getOwnPropertyDescriptors(module))) {
      const prototype: unknown = typeof value === 'function' ? value.prototype : undefined;
      if (typeof prototype === 'object' && prototype !== null) found.add(prototype);
    }
  }
  return found;
}

/** A module such as `node:util`; `undefined` where the runtime has none (`nodejs_compat` is off). */
export function builtin<T>(name: string): T | undefined {
  try {
    const { process } = globalThis as { process?: Process };
    return process?.getBuiltinModule?.(name) as T | undefined;
  } catch {
    return undefined;
  }
}

const NATIVE_SOURCE = /\{\s*\[native code\]\s*\}\s*$/;

/** Whether a function belongs to the runtime: no source of a user's ends like that. */
export function isNative(maker: object): boolean {
  return NATIVE_SOURCE.test(Function.prototype.toString.call(maker));
}
