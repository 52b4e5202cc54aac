/**
 * Sections: code inside `blockConcurrencyWhile` or `storage.transaction`. Until a section ends, the
 * runtime holds back every event that began outside it, including timers. A call made
 * inside therefore needs a timer made inside, and code outside must not learn of it earlier.
 *
 * The runtime does not tell in which section code runs. The two methods are therefore shadowed on the object
 * that has them, with unchanged behaviour. The async context tells in which section code runs.
 */
import { asyncContext } from './async-context.js';
import { isDataObject } from './kinds.js';

/** One section. What belongs to it is kept by this. */
export class Section {
  /** @param outer - The section in which it was begun. */
  constructor(readonly outer: Section | undefined) {}

  /** Whether it is another section, or was begun inside of it. */
  isIn(other: Section): boolean {
    for (let at: Section | undefined = this; at; at = at.outer) if (at === other) return true;
    return false;
  }
}

/** In which section code runs. */
const entered = asyncContext<Section>();

/** The sections of an object that have not ended, in the order in which they began. */
class Sections {
  readonly #open = new Set<Section>();

  get current(): Section | undefined {
    if (this.#open.size === 0) return undefined;
    let section = entered?.getStore();
    while (section && !this.#open.has(section)) section = section.outer;
    // Code that was begun outside of a section, and goes on, runs inside, too: it holds back every other event.
    const isInside = (each: Section): boolean => !section || each.isIn(section);
    return [...this.#open].filter(isInside).at(-1);
  }

  /** The same callback, whose calls belong to a section of their own. */
  around<F>(callback: F): F {
    if (typeof callback !== 'function') return callback;
    const run = async (...args: unknown[]): Promise<unknown> => {
      const section = new Section(this.current);
      this.#open.add(section);
      try {
        return await (entered ? entered.run(section, () => callback(...args)) : callback(...args));
      } finally {
        this.#open.delete(section);
      }
    };
    return run as F;
  }
}

const known = new WeakMap<object, Sections>();

/** The section of an object in which this code runs; `undefined` outside of all. */
export function sectionOf(ctx: object | undefined): Section | undefined {
  return ctx && known.get(ctx)?.current;
}

type Method = (callback: unknown, ...rest: unknown[]) => unknown;

/** Watches the sections of a Durable Object from now on. What has none is left alone. */
export function watchSections(ctx: unknown): void {
  if (!isDataObject(ctx) || known.has(ctx)) return;
  const { storage } = ctx;
  if (!isDataObject(storage)) return;
  const sections = new Sections();
  known.set(ctx, sections);
  shadow(ctx, 'blockConcurrencyWhile', sections);
  shadow(storage, 'transaction', sections);
}

function shadow(target: object, name: string, sections: Sections): void {
  const method = (target as Record<string, unknown>)[name];
  if (typeof method !== 'function') return;
  const value: Method = (callback, ...rest) =>
    Reflect.apply(method, target, [sections.around(callback), ...rest]);
  // If this cannot be defined, calls inside share the timers of calls outside.
  Reflect.defineProperty(target, name, { value, configurable: true, writable: true });
}
