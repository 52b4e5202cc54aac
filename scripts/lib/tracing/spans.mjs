// Spans as a worker that tails received them, as trees of invocations and of the spans in them.
import { setTimeout } from 'node:timers/promises';

/** Spans of the platform about which nothing more is to be said: what is inside of them is shown in their place. */
const HIDDEN =
  /^(durable_object_subrequest|jsRpcSession|jsRpcCall|fetch|durable_object_storage_.*)$/;
/** Milliseconds: how long spans may take to arrive, and between looking whether they have. */
const PATIENCE = 5_000;
const PAUSE = 20;

/**
 * Asks a server that is traced for the spans of what it was asked last.
 *
 * @param names - Spans that do not end, such as those of a method that hangs.
 */
export async function spansOf({ ask }, names = []) {
  const events = [];
  const deadline = Date.now() + PATIENCE;
  do {
    events.push(...(await ask('spans')));
    if (areComplete(treesOf(events), names)) break;
    await setTimeout(PAUSE);
  } while (Date.now() < deadline);
  return treesOf(events);
}

/** Whether everything that was begun has ended. */
function areComplete(trees, names) {
  const hasEnded = ({ name, ms, children }) =>
    (ms !== undefined || names.includes(name)) && children.every(hasEnded);
  return trees.length > 0 && trees.every(hasEnded);
}

/**
 * @returns The roots. Each node has a name, attributes, `status` and `exceptions` where there are any, milliseconds where it
 *   has ended, and children; an invocation has what its outermost span says of itself.
 */
function treesOf(events) {
  const begun = events.filter(({ type }) => type === 'onset' || type === 'spanOpen');
  const nodes = new Map(begun.map((event) => [`${event.trace} ${event.spanId}`, nodeOf(event)]));
  for (const event of events) describe(nodes.get(`${event.trace} ${event.span}`), event);
  const roots = [];
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

function nodeOf({ type, trace, span, at, name, entrypoint, info }) {
  const isInvocation = type === 'onset';
  return {
    name: isInvocation ? (entrypoint ?? `${info.method} ${new URL(info.url).pathname}`) : name,
    isInvocation,
    isHidden: !isInvocation && HIDDEN.test(name),
    parent: `${trace} ${span}`,
    at,
    attributes: {},
    exceptions: [],
    children: [],
  };
}

function describe(node, { type, at, info, name, message, outcome }) {
  if (!node) return;
  if (type === 'attributes') for (const each of info) node.attributes[each.name] = each.value;
  if (type === 'exception') node.exceptions.push(`${name}: ${message}`);
  if (type === 'spanUpdate' && info.type === 'status') node.status = info.status;
  if (type === 'spanClose' || type === 'outcome') node.ms = at - node.at;
  if (type === 'outcome') node.outcome = outcome;
}

/** Trees as lines of text. Those that look alike and stand side by side stand there once. */
export function linesOf(trees, describe, indent = '') {
  const kinds = new Map();
  for (const tree of trees) {
    const lines = [describe(tree), ...linesOf(tree.children, describe, '  ')];
    const text = lines.join('\n');
    kinds.set(text, { lines, times: (kinds.get(text)?.times ?? 0) + 1 });
  }
  return [...kinds.values()].flatMap(({ lines: [first, ...more], times }) => {
    const counted = times === 1 ? first : `${times.toLocaleString('en')} × ${first}`;
    return [counted, ...more].map((line) => indent + line);
  });
}
