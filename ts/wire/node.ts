/**
 * A continuation, as other code sees it: a function with a node behind it. A node is one
 * step and points at the node that it extends, so continuations share their beginnings.
 */

/** Shared by all copies of this package, so another copy's continuation is not mistaken for a function. */
export const NODE: unique symbol = Symbol.for('@lumenize/call:continuation');

/** One recorded step and the node that it extends. A node that extends nothing is a start. */
export class Node {
  /** The last walk over continuations that met this node. */
  visit = 0;

  constructor(
    readonly of: Node | undefined,
    /** The property that is read; `undefined` for a call. */
    readonly name: string | undefined,
    /** The arguments of a call; `undefined` for a property. */
    readonly args: readonly unknown[] | undefined,
  ) {}
}

/** A call that is shown by a text of its own: it carries another one. */
export class NamedNode extends Node {
  constructor(
    of: Node,
    args: readonly unknown[],
    readonly text: string,
  ) {
    super(of, undefined, args);
  }
}

/** A start: the target itself, to which a recorded program has not done anything yet. */
export function isStart(node: Node): boolean {
  return !node.of && node.name === undefined;
}

/** The member with which a chain begins, such as `getUser`. */
export function firstMember(node: Node): string | undefined {
  if (node instanceof NamedNode) return node.text.split('(', 1)[0];
  let first = node;
  while (first.of && !isStart(first.of)) first = first.of;
  return first.name;
}

/** The node behind a continuation; `undefined` for any other value. */
export function nodeOf(value: unknown): Node | undefined {
  const node = behind(value);
  return node instanceof Node ? node : undefined;
}

/** Whether a function is a continuation that another copy of this package has recorded. */
export function isForeign(value: unknown): boolean {
  const node = behind(value);
  return node !== undefined && !(node instanceof Node);
}

function behind(value: unknown): unknown {
  return typeof value === 'function' ? (value as { [NODE]?: unknown })[NODE] : undefined;
}
