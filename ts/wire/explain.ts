/** Values and continuations as text, for logs and error messages. */
import { isPlainObject } from '../runtime/kinds.js';
import { NamedNode, type Node, nodeOf } from './node.js';
import { cut, textOf } from './text.js';

/**
 * A continuation as text, for logs and error messages: `add(add(1, 10), add(100, 1000))`. Long
 * strings and deep values are shortened.
 *
 * @param recorded - A continuation; any other value is described as what it is.
 */
export function explain(recorded: unknown): string {
  const node = nodeOf(recorded);
  return node ? explainNode(node) : new Explanation().describe(recorded);
}

/**
 * Longest text of one string, items of one list and levels of nesting that are written out, and how long
 * all of it may become. In UTF-16 code units.
 */
const SHOWN = { string: 40, name: 200, items: 5, levels: 4, text: 2_000 };

/** A node as text. It costs no more than what it shows, and what it counts. */
export function explainNode(node: Node): string {
  return new Explanation().explain(node, 0);
}

/** One text, and how much may still be added to it. */
class Explanation {
  #left = SHOWN.text;

  explain(node: Node, level: number): string {
    if (node instanceof NamedNode) return this.#add(node.text);
    const steps: Node[] = [];
    let at: Node = node;
    for (; at.of; at = at.of) steps.push(at);
    let text = at.name === undefined ? '' : this.#add(at.name);
    for (let step = steps.pop(); step; step = steps.pop()) {
      if (this.#left <= 0) return `${text}…`;
      text += step.args
        ? `(${this.#describeAll(step.args, level)})`
        : this.#add(`${text === '' ? '' : '.'}${cut(step.name as string, SHOWN.name)}`);
    }
    return text || 'ctn()';
  }

  /** It never throws: what cannot be looked at, such as a revoked proxy, becomes `…`. */
  describe(value: unknown, level = 0): string {
    if (this.#left <= 0) return '…';
    try {
      return this.#describe(value, level);
    } catch {
      return '…';
    }
  }

  #add(text: string): string {
    this.#left -= text.length;
    return text;
  }

  #describe(value: unknown, level: number): string {
    const node = nodeOf(value);
    if (node) return level > SHOWN.levels ? '…' : this.explain(node, level + 1);
    switch (typeof value) {
      case 'string':
        return this.#add(JSON.stringify(cut(value, SHOWN.string)));
      case 'bigint':
        return this.#add(`${textOf(value)}n`);
      case 'function':
        return this.#add('a function');
      case 'object':
        return value === null ? this.#add('null') : this.#describeObject(value, level + 1);
      default:
        return this.#add(String(value));
    }
  }

  #describeObject(value: object, level: number): string {
    if (Array.isArray(value)) {
      return level > SHOWN.levels ? '[…]' : `[${this.#describeAll(value, level)}]`;
    }
    if (!isPlainObject(value)) return this.#add(Object.prototype.toString.call(value).slice(8, -1));
    if (level > SHOWN.levels) return '{…}';
    const keys = Object.keys(value);
    const shown = keys.slice(0, SHOWN.items).map((key) => {
      const { value: item, get } = Object.getOwnPropertyDescriptor(value, key) ?? {};
      // What a getter of the user's would do is none of this.
      const text = get ? '…' : this.describe(item, level);
      return `${this.#add(cut(key, SHOWN.string))}: ${text}`;
    });
    return `{${withRest(shown, keys.length)}}`;
  }

  #describeAll(values: readonly unknown[], level: number): string {
    const shown: string[] = [];
    for (const value of values.slice(0, SHOWN.items)) shown.push(this.describe(value, level));
    return withRest(shown, values.length);
  }
}

function withRest(shown: string[], total: number): string {
  if (total > shown.length) shown.push(`… ${total - shown.length} more`);
  return shown.join(', ');
}
