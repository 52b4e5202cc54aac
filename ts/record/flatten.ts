/**
 * Flattening: the graph of nodes that a continuation is becomes the flat form of a program.
 *
 * Order is the order in which JavaScript would evaluate the same expression: what a step is called
 * on first, then its arguments from left to right, then the step. A node, or a container that
 * holds one, which is reached twice is one step: it runs once and both places get its value.
 */

import { isDataObject } from '../runtime/kinds.js';
import { ArgumentKind, StepKind } from '../wasm/lumenize_call.js';
import type { Copies } from '../wire/copy.js';
import { checkStep, type FlatProgram } from '../wire/core.js';
import { invalidContinuation, placeOf } from '../wire/errors.js';
import { explainNode } from '../wire/explain.js';
import { isStart, type Node, nodeOf } from '../wire/node.js';
import { holdsContinuation } from '../wire/places.js';
import { BoundStart, type Destination, isOwn, result, startOf } from './record.js';

/** The words that hold the counts of slots and steps. */
const SLOT_COUNT = 0;
const STEP_COUNT = 1;

/** One program in the making. */
export class Flattening implements FlatProgram {
  readonly words: number[] = [0, 0];
  readonly names: string[] = [];
  /** Whether a place for the outcome was found. */
  placesOutcome = false;

  /** Steps already made, by the node or container that they compute. */
  readonly #values = new Map<object, number>();
  readonly #indexes = new Map<string, number>();
  readonly #remote: Node | undefined;
  readonly #destination: Destination | undefined;
  #steps = 0;
  /** The word that holds the argument count of the last step. */
  #lastCount = 0;

  /** The start of the handler, if this is one. */
  #begun: Node | undefined;

  /**
   * @param remote - Whose outcome this program handles; `undefined` for a program that is sent.
   * @param copies - Of the arguments, in which it looks for continuations.
   * @param slots - Where its native values go.
   * @param destination - The target of a program that is sent.
   */
  constructor(
    remote: Node | undefined,
    readonly copies: Copies,
    readonly slots: unknown[],
    destination?: Destination,
  ) {
    this.#remote = remote;
    this.#destination = destination;
  }

  finish(node: Node): void {
    if (isStart(node)) throw invalidContinuation('ctn() alone does nothing: call a method of it');
    if (this.#isOutcome(node)) throw invalidContinuation('an outcome cannot be its own handler');
    if (this.#remote) {
      this.#begun = startOf(node);
      if (this.#begun instanceof BoundStart) {
        throw invalidContinuation(
          `begin the handler with this.ctn(): ${explainNode(node)} would run on ` +
            `${placeOf(this.#begun.route.target)}, and a handler runs on this object`,
        );
      }
    }
    this.#step(node, 0);
    this.words[SLOT_COUNT] = this.slots.length;
    this.words[STEP_COUNT] = this.#steps;
  }

  /** Makes the outcome the last argument of the last call, which ends the words. */
  appendOutcome(handler: Node): void {
    if (!handler.args) {
      const text = explainNode(handler);
      throw invalidContinuation(
        `the handler ${text} reads a property: call a method, as in ${text}()`,
      );
    }
    this.words[this.#lastCount] = handler.args.length + 1;
    this.words.push(ArgumentKind.Outcome);
  }

  /**
   * Makes the steps of a node and of all that it extends. Returns the number of its value. Nesting recurses, and
   * lists are spread: both are checked before, because they would fail with an unhelpful `RangeError`.
   */
  #step(node: Node, depth: number): number {
    checkStep(StepKind.Get, 0, depth);
    const chain: Node[] = [];
    let at = node;
    let value = 0;
    while (!isStart(at)) {
      const known = this.#values.get(at);
      if (known !== undefined) {
        value = known;
        break;
      }
      if (this.#isOutcome(at)) {
        throw invalidContinuation(
          `${explainNode(node)} uses the outcome before the handler has it: pass it on`,
        );
      }
      chain.push(at);
      at = at.of as Node;
    }
    if (value === 0 && this.#destination) checkDestination(at, node, this.#destination, depth);
    if (chain.at(-1)?.args && value === 0) {
      throw invalidContinuation('ctn() is no function: call a method of it');
    }
    for (let link = chain.pop(); link; link = chain.pop()) {
      value = link.args
        ? this.#apply(value, link.args, depth)
        : this.#get(value, link.name as string);
      this.#values.set(link, value);
    }
    return value;
  }

  #get(of: number, name: string): number {
    this.words.push(StepKind.Get, of, this.#name(name));
    return ++this.#steps;
  }

  #apply(callee: number, args: readonly unknown[], depth: number): number {
    checkStep(StepKind.Apply, args.length, depth);
    const words = args.map((argument) => this.#argument(argument, depth));
    this.words.push(StepKind.Apply, callee, words.length, ...words);
    this.#lastCount = this.words.length - words.length - 1;
    return ++this.#steps;
  }

  #argument(argument: unknown, depth: number): number {
    const node = nodeOf(argument);
    if (node) return this.#nested(node, depth);
    // A handler's arguments are not sent: only containers of continuations are copied.
    if (this.#remote && !mayHold(argument)) return this.#slot(argument);
    return this.#item(this.copies.copy(argument), depth);
  }

  /** An item of a copy: another copy, a continuation, or a value passed on unchanged. */
  #item(item: unknown, depth: number): number {
    const node = nodeOf(item);
    if (node) return this.#nested(node, depth);
    if (isHolding(item, this.copies)) {
      return ArgumentKind.Value | (this.#container(item, depth + 1) << ArgumentKind.Bits);
    }
    return this.#slot(item);
  }

  #slot(value: unknown): number {
    return ArgumentKind.Slot | ((this.slots.push(value) - 1) << ArgumentKind.Bits);
  }

  #nested(node: Node, depth: number): number {
    if (this.#isOutcome(node)) {
      this.placesOutcome = true;
      return ArgumentKind.Outcome;
    }
    if (isStart(node))
      throw invalidContinuation('ctn() alone is not an argument: call a method of it');
    this.#checkOwner(node);
    return ArgumentKind.Value | (this.#step(node, depth + 1) << ArgumentKind.Bits);
  }

  /** A handler runs on this object, so it cannot contain continuations recorded for another. */
  #checkOwner(node: Node): void {
    const begun = this.#begun;
    const other = startOf(node);
    if (!begun || other === begun || !isOwn(other)) return;
    // A handler begun by `newContinuation` fits any object, but not a continuation bound to a target.
    if (!isOwn(begun) && !(other instanceof BoundStart)) return;
    throw invalidContinuation(
      `the handler runs on this object, and ${explainNode(node)} was recorded by another ctn(), ` +
        'which may be for another object: to run it here, record both by one, as in ' +
        'const me = this.ctn(); to run it there, make it a call of its own',
    );
  }

  /** Makes the step for an array or plain object that holds a continuation. */
  #container(container: object, depth: number): number {
    const known = this.#values.get(container);
    if (known !== undefined) return known;
    const words: number[] = [];
    if (Array.isArray(container)) {
      checkStep(StepKind.Array, container.length, depth);
      for (let at = 0; at < container.length; at++) {
        words.push(at in container ? this.#item(container[at], depth) : ArgumentKind.Hole);
      }
      this.words.push(StepKind.Array, words.length, ...words);
    } else {
      const entries = Object.entries(container);
      checkStep(StepKind.Object, entries.length, depth);
      for (const [key, item] of entries) words.push(this.#name(key), this.#item(item, depth));
      this.words.push(StepKind.Object, entries.length, ...words);
    }
    this.#values.set(container, ++this.#steps);
    return this.#steps;
  }

  #isOutcome(node: Node): boolean {
    if (node === result && !this.#remote) {
      throw invalidContinuation('$result stands for the outcome, which only a handler has');
    }
    return node === result || node === this.#remote;
  }

  #name(name: string): number {
    const known = this.#indexes.get(name);
    if (known !== undefined) return known;
    this.#indexes.set(name, this.names.length);
    return this.names.push(name) - 1;
  }
}

/**
 * Throws `CallError` with code `invalid-continuation` if a program begins at another target.
 *
 * @param depth - 0 for what is called itself, which has a target of its own only where the call names another.
 */
function checkDestination(begun: Node, node: Node, destination: Destination, depth: number): void {
  if (!(begun instanceof BoundStart)) return;
  const { target } = begun.route;
  if (target.isSame(destination)) return;
  const [there, here] = [placeOf(target), placeOf(destination)];
  const text = explainNode(node);
  const isByAnother = there === here;
  throw invalidContinuation(
    target.targets !== destination.targets
      ? `${text} was recorded by another object: record it by this one's ctn(), or await it first`
      : depth === 0
        ? `pass ${text} without a target: it knows its own, ${there}` +
          (isByAnother ? ' by another stub or namespace' : `, and the call names ${here}`)
        : isByAnother
          ? `await ${text} first: it goes to ${there} by another stub or namespace`
          : `await ${text} first: it runs on ${there}, and the call goes to ${here}`,
  );
}

export function isHolding(copy: unknown, copies: Copies): copy is object {
  return isDataObject(copy) && copies.holds(copy);
}

/** Whether a continuation stands inside an argument. */
export function mayHold(argument: unknown): boolean {
  return isDataObject(argument) && holdsContinuation(argument);
}
