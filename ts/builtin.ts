/** Modules of the runtime's own that may be missing: an import of one that is not there would fail. */

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
