/** The names that a class opens: the marks of decorators, and its list. */
import type { ReceiverClass } from './expose.js';

/**
 * The property of a prototype that holds its marks: names of members. Every copy of this package knows
 * it, so a mark counts whichever copy made it.
 */
const MARKS = Symbol.for('@lumenize/call:callable');

type Marked = { readonly [MARKS]?: Set<string> };

/** Marked members. A member keeps its mark when it is copied to another prototype. */
export const marked = new WeakSet<object>();

/** The members of a prototype that are marked. */
export function marksOf(prototype: object): readonly string[] {
  const own = Object.hasOwn(prototype, MARKS) ? ((prototype as Marked)[MARKS] ?? []) : [];
  const copied = Object.entries(Object.getOwnPropertyDescriptors(prototype)).flatMap(
    ([name, { value, get }]) => (marked.has(value ?? get ?? prototype) ? [name] : []),
  );
  return [...new Set([...own, ...copied])];
}

/** The list of a class, unless its constructor inherits it from the class above. */
export function listOf(prototype: object): unknown {
  const { callable: listed } = prototype.constructor as ReceiverClass;
  const above = Object.getPrototypeOf(prototype)?.constructor as ReceiverClass | undefined;
  return Object.hasOwn(prototype.constructor, 'callable') || listed !== above?.callable
    ? (listed ?? null)
    : undefined;
}

export function mark(prototype: object, name: string, member: unknown): void {
  if (typeof member === 'function') marked.add(member);
  const marks = Object.hasOwn(prototype, MARKS) ? (prototype as Marked)[MARKS] : undefined;
  if (marks) marks.add(name);
  else Object.defineProperty(prototype, MARKS, { value: new Set([name]) });
}
