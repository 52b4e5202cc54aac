// Spans as a tail worker received them (tail.js), as trees of invocations and of the spans in them.

/** Spans of the platform about which nothing more is to be said: what is inside of them is shown in their place. */
const HIDDEN = ['durable_object_subrequest', 'jsRpcSession', 'jsRpcCall', 'fetch'];

/**
 * @returns The roots. Each node has a name, attributes, `status` and `exceptions` where there are any, milliseconds, and
 *   children; an invocation has what its outermost span says of itself.
 */
export function treesOf(events) {
  const nodes = new Map();
  const roots = [];
  for (const { type, span, at, spanId, name, entrypoint, info } of events) {
    if (type !== 'onset' && type !== 'spanOpen') continue;
    const isInvocation = type === 'onset';
    nodes.set(spanId, {
      name: isInvocation ? (entrypoint ?? `${info.method} ${new URL(info.url).pathname}`) : name,
      isInvocation,
      isHidden: !isInvocation && HIDDEN.includes(name),
      parent: span,
      at,
      attributes: {},
      exceptions: [],
      children: [],
    });
  }
  for (const { type, span, at, info, name, message } of events) {
    const node = nodes.get(span);
    if (!node) continue;
    if (type === 'attributes') for (const each of info) node.attributes[each.name] = each.value;
    if (type === 'exception') node.exceptions.push(`${name}: ${message}`);
    if (type === 'spanUpdate' && info.type === 'status') node.status = info.status;
    if (type === 'spanClose' || type === 'outcome') node.ms = at - node.at;
  }
  for (const node of nodes.values()) {
    let parent = nodes.get(node.parent);
    if (node.isHidden) {
      if (parent?.isInvocation) parent.attributes = { ...node.attributes, ...parent.attributes };
      continue;
    }
    while (parent?.isHidden) parent = nodes.get(parent.parent);
    (parent?.children ?? roots).push(node);
  }
  return roots;
}

/** Whether everything that was begun has ended. */
export function areComplete(events) {
  const count = (...types) => events.filter(({ type }) => types.includes(type)).length;
  return events.length > 0 && count('onset', 'spanOpen') === count('outcome', 'spanClose');
}

/** Trees as lines of text. */
export function linesOf(trees, describe, indent = '') {
  return trees.flatMap((tree) => [
    `${indent}${describe(tree)}`,
    ...linesOf(tree.children, describe, `${indent}  `),
  ]);
}
