/**
 * Sections: what runs inside `blockConcurrencyWhile` or `storage.transaction`. Until one has ended, the
 * runtime holds back every event that began outside of it, timers included. So a call that is made
 * inside needs a timer that is made inside, and code outside must not learn of it before.
 *
 * The runtime does not say in which section code runs. So the two methods are shadowed on the one object
 * that has them, and do what they did.
 */

/** One section. What belongs to it is kept by this. */
export class Section {}

/** The section of an object in which its code runs now, if it is in one. */
class Sections {
  current: Section | undefined;

  /** The same callback, whose calls belong to a section of their own. */
  around<F>(callback: F): F {
    if (typeof callback !== 'function') return callback;
    const run = async (...args: unknown[]): Promise<unknown> => {
      const outer = this.current;
      this.current = new Section();
      try {
        return await callback(...args);
      } finally {
        this.current = outer;
      }
    };
    return run as F;
  }
}

const known = new WeakMap<object, Sections>();

/** The section in which the code of an object runs now; `undefined` outside of all. */
export function sectionOf(ctx: object | undefined): Section | undefined {
  return ctx && known.get(ctx)?.current;
}

type Method = (callback: unknown, ...rest: unknown[]) => unknown;

/** Watches the sections of a Durable Object from now on. What has none is left alone. */
export function watchSections(ctx: unknown): void {
  if (typeof ctx !== 'object' || ctx === null || known.has(ctx)) return;
  const sections = new Sections();
  known.set(ctx, sections);
  shadow(ctx, 'blockConcurrencyWhile', sections);
  const { storage } = ctx as { storage?: unknown };
  if (typeof storage === 'object' && storage !== null) shadow(storage, 'transaction', sections);
}

function shadow(target: object, name: string, sections: Sections): void {
  const method = (target as Record<string, unknown>)[name];
  if (typeof method !== 'function') return;
  const value: Method = (callback, ...rest) =>
    Reflect.apply(method, target, [sections.around(callback), ...rest]);
  // Where that cannot be defined, calls inside have the timers of those outside.
  Reflect.defineProperty(target, name, { value, configurable: true, writable: true });
}
