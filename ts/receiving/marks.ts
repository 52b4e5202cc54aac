/** The names that a class marks: by decorators, and by lists. */
import type { ReceiverClass } from './expose.js';

/** What a member is marked as. */
export type Mark = 'callable' | 'retryable';

/**
 * The properties of a prototype that hold its marks: names of members. Every copy of this package knows
 * them, so a mark counts whichever copy made it.
 */
const MARKS: Readonly<Record<Mark, symbol>> = {
  callable: Symbol.for('@lumenize/call:callable'),
  retryable: Symbol.for('@lumenize/call:retryable'),
};

type Marked = { readonly [marks: symbol]: Set<string> | undefined };

/** Marked members. A member keeps its mark when it is copied to another prototype. */
const marked: Readonly<Record<Mark, WeakSet<object>>> = {
  callable: new WeakSet(),
  retryable: new WeakSet(),
};

/** The members of a prototype that are marked. */
export function marksOf(prototype: object, as: Mark): readonly string[] {
  const marks = MARKS[as];
  const own = Object.hasOwn(prototype, marks) ? ((prototype as Marked)[marks] ?? []) : [];
  const copied = Object.entries(Object.getOwnPropertyDescriptors(prototype)).flatMap(
    ([name, { value, get }]) => (marked[as].has(value ?? get ?? prototype) ? [name] : []),
  );
  return [...new Set([...own, ...copied])];
}

/** The list of a class, unless its constructor inherits it from the class above. */
export function listOf(prototype: object, as: Mark): unknown {
  const { [as]: listed } = prototype.constructor as ReceiverClass;
  const above = Object.getPrototypeOf(prototype)?.constructor as ReceiverClass | undefined;
  return Object.hasOwn(prototype.constructor, as) || listed !== above?.[as]
    ? (listed ?? null)
    : undefined;
}

export function mark(prototype: object, name: string, member: unknown, as: Mark): void {
  if (typeof member === 'function') marked[as].add(member);
  const marks = Object.hasOwn(prototype, MARKS[as]) ? (prototype as Marked)[MARKS[as]] : undefined;
  if (marks) marks.add(name);
  else Object.defineProperty(prototype, MARKS[as], { value: new Set([name]) });
}
