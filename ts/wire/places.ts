/** Where continuations stand in values, found without running any code of the user's. */
import { dataOf, isDataObject, isObject, itemsOf } from '../runtime/kinds.js';
import { isPassedByReference } from '../runtime/references.js';
import { explain } from './explain.js';
import { nodeOf } from './node.js';

/**
 * Whether a continuation stands in a value, at any depth: nothing is copied, and no code of the user's
 * runs. What is passed by reference is not looked into.
 *
 * @param seen - What has been looked into, and holds none; what is met is added.
 */
export function holdsContinuation(value: object, seen = new Set<object>()): boolean {
  const pending: unknown[] = [value];
  while (pending.length > 0) {
    const each = pending.pop();
    if (nodeOf(each)) return true;
    if (!isDataObject(each) || seen.has(each) || (each !== value && isPassedByReference(each)))
      continue;
    seen.add(each);
    const items = itemsOf(each);
    // By index: the items may be a list of the user's, which has an iterator of its own.
    for (let at = 0; at < items.length; at++) {
      if (isObject(items[at])) pending.push(items[at]);
    }
  }
  return false;
}

/** Where a value, or the first continuation, stands in a copy: `.users.get("u1")[0]`. */
export function pathTo(from: object, end?: object): string {
  if (from === end) return '';
  return (
    findPath(from, (item) => (end ? item === end : nodeOf(item) !== undefined), new Set()) ?? ''
  );
}

function findPath(
  from: object,
  isEnd: (item: unknown) => boolean,
  seen: Set<object>,
): string | undefined {
  seen.add(from);
  for (const [step, item] of stepsInto(from)) {
    if (isEnd(item)) return step;
    if (!isDataObject(item) || seen.has(item)) continue;
    const rest = findPath(item, isEnd, seen);
    if (rest !== undefined) return step + rest;
  }
  return undefined;
}

function* stepsInto(container: object): Iterable<[step: string, item: unknown]> {
  if (container instanceof Map) {
    for (const [key, value] of container) {
      yield ['.keys()', key];
      yield [`.get(${explain(key)})`, value];
    }
  } else if (container instanceof Set) {
    for (const item of container) yield ['.values()', item];
  } else if (!ArrayBuffer.isView(container)) {
    const isArray = Array.isArray(container);
    for (const [key, item] of dataOf(container)) yield [isArray ? `[${key}]` : `.${key}`, item];
  }
}

/** Whether one of the containers that hold a continuation is reached again from itself. */
export function isCyclic(from: object, holds: (container: object) => boolean): boolean {
  const above = new Set<object>();
  const done = new Set<object>();
  const reaches = (container: object): boolean => {
    if (above.has(container)) return [...above].some(holds);
    if (done.has(container)) return false;
    above.add(container);
    for (const [, item] of stepsInto(container))
      if (isDataObject(item) && reaches(item)) return true;
    above.delete(container);
    done.add(container);
    return false;
  };
  return reaches(from);
}
