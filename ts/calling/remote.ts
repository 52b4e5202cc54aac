/** What a call should run: checked when the call is made. */
import { recorded } from '../record/record.js';
import { type Node, nodeOf } from '../wire/node.js';
import { mayBeTarget } from './targets.js';

/** What to call, where the first argument is no continuation: the third, after a target and its instance. */
export function remoteOf(first: unknown, third: unknown): Node {
  const node = nodeOf(third);
  if (node) return node;
  if (!mayBeTarget(first)) {
    return recorded(first, "record one, as in this.ctn('USERS', 'main').getUser(id)");
  }
  return third === undefined
    ? recorded(third, "pass it third, as in ('USERS', 'main', this.ctn<Users>().getUser(id))")
    : recorded(third);
}
