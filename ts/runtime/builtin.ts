/** Built-in modules of the runtime that may be missing. Importing a missing module would fail. */

interface Process {
  getBuiltinModule?(name: string): unknown;
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
