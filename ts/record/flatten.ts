/**
 * Flattening: the graph of nodes that a continuation is becomes the flat form of a program.
 *
 * Order is the order in which JavaScript would evaluate the same expression: what a step is called
 * on first, then its arguments from left to right, then the step. A node, or a container that
 * holds one, which is reached twice is one step: it runs once and both places get its value.
 */

import type { Target } from '../calling/target.js';
import { ArgumentKind, MostLimit, StepKind } from '../wasm/lumenize_call.js';
import { encodeFrame, type Frame, type Program } from '../wire/core.js';
import { CallError, placeOf } from '../wire/errors.js';
import { Copies, holdsContinuation, invalid, isSmall, ReadFailure, SMALL_BYTES } from './copy.js';
import {
  BoundStart,
  explainNode,
  isOwn,
  isStart,
  type Node,
  nodeOf,
  result,
  startOf,
} from './record.js';

/** What a call sends: a program as bytes, and its native values beside it, as they are now. */
export interface Message {
  readonly frame: string;
  readonly slots: readonly unknown[];
  /** Whether the slots are copies through and through: then they may wait. */
  readonly isWhole: boolean;
  /** What it takes, at the most. */
  readonly bytes: number;
  /** Why it cannot be sent, where the user's own code threw when a value was read. */
  readonly failure?: ReadFailure;
}

/** A handler: a program with its native values. */
export interface Bound {
  readonly program: Program;
  readonly slots: readonly unknown[];
}

/**
 * Forms of programs: what one is beside its native values, as a path of tokens, in the order of
 * flattening. Programs of one form are encoded once for each isolate, and finding a form makes nothing
 * that is thrown away.
 */
class Forms<V> {
  /** What is known of a form, by its number; 0 is the empty one. */
  readonly values: (V | undefined)[] = [undefined];
  /** The number of a form, by that of the form which it goes on from and a token. */
  readonly #next = new Map<number, number>();

  get isFull(): boolean {
    return this.values.length > MOST_FORMS;
  }

  with(form: number, token: number): number {
    const key = form * Token.Count + token;
    const known = this.#next.get(key);
    if (known !== undefined) return known;
    this.#next.set(key, this.values.length);
    return this.values.push(undefined) - 1;
  }
}

/** What a form is made of: counts of arguments come first, below all others. */
enum Token {
  /** A continuation stands as the first argument; the next number says as the second one, and so on. */
  Nested = 1_024,
  /** There it ends. */
  NestedEnd = 2_048,
  /** Names, as they come up. */
  FirstName = 2_049,
  /** More than all tokens. */
  Count = 1 << 16,
}

/** How large a tree may be whose form is worked out, and how long a name in it. */
const MOST_IN_FORM = { nodes: 20, nameLength: 200, arguments: 1_000 };

/** Forms are forgotten when there are so many: a class has few, and a flood of them is hostile. */
const MOST_FORMS = 4_000;

let names = new Map<string, number>();
let frames = new Forms<string>();
let handlers = new Forms<Program>();

function forgetFormsOfAFlood(): void {
  if (!frames.isFull && !handlers.isFull) return;
  names = new Map();
  frames = new Forms();
  handlers = new Forms();
}

/** A form has no more names than it has steps: they run out of numbers long after the forms. */
function tokenOf(name: string): number {
  let token = names.get(name);
  if (token === undefined) {
    token = Token.FirstName + names.size;
    names.set(name, token);
  }
  return token;
}

/** Where the program goes that is made now: what is bound to another target has no place in it. */
let destination: Target | undefined;

/**
 * The program that the target of a call runs. Each value in it is read once.
 *
 * @param target - Where it goes; `undefined` where it is only looked at.
 */
export function messageOf(node: Node, target: Target | undefined): Message {
  const slots: unknown[] = [];
  const copies = new Copies('arguments');
  // A getter in an argument may make a call of its own.
  const outer = destination;
  destination = target;
  try {
    const frame = frameOf(node, slots, copies);
    const { isWhole } = copies;
    return { frame, slots, isWhole, bytes: frame.length + copies.bytes };
  } catch (failure) {
    if (!(failure instanceof ReadFailure)) throw failure;
    copies.letGo();
    return { frame: '', slots: [], isWhole: true, bytes: 0, failure };
  } finally {
    destination = outer;
  }
}

/** Throws `CallError` with code `invalid-continuation` where a program begins at another target. */
function checkDestination(begun: Node, node: Node): void {
  if (!(begun instanceof BoundStart) || !destination) return;
  const { target } = begun.route;
  if (target.isSame(destination)) return;
  const [there, here] = [placeOf(target), placeOf(destination)];
  throw invalid(
    target.targets !== destination.targets
      ? `${explainNode(node)} was recorded by another object: record it by this one's ctn(), or await it first`
      : there === here
        ? `await ${explainNode(node)} first: it goes to ${there} by another stub or namespace`
        : `await ${explainNode(node)} first: it runs on ${there}, and the call goes to ${here}`,
  );
}

function frameOf(node: Node, slots: unknown[], copies: Copies): string {
  forgetFormsOfAFlood();
  visit += 1;
  nodesLeft = MOST_IN_FORM.nodes;
  const walk = visit;
  // A getter in an argument may make a call that starts the tables anew.
  const forms = frames;
  const found = formOf(node, 0, slots, copies);
  // A getter in an argument may have made a call of its own: then this walk went wrong.
  const form = visit === walk ? found : NO_FORM;
  const known = forms.values[form];
  if (known !== undefined) return known;
  slots.length = 0;
  const flattening = new Flattening(undefined, copies, slots);
  flattening.finish(node);
  const frame = encodeFrame(flattening);
  if (form !== NO_FORM) forms.values[form] = frame;
  return frame;
}

/** The walk that goes on, by which nodes are marked, and how many nodes it may still meet. */
let visit = 0;
let nodesLeft = 0;

/** Of a program that is no small tree: a node that is met twice runs once. */
const NO_FORM = -1;

/**
 * Goes on from a form through a program, whose native values are added to `slots` in the order in which
 * flattening finds them.
 */
function formOf(node: Node, from: number, slots: unknown[], copies: Copies): number {
  if (isStart(node)) {
    // What may be wrong is looked at where it is said.
    const isElsewhere =
      node instanceof BoundStart && destination?.isSame(node.route.target) === false;
    return isElsewhere ? NO_FORM : from;
  }
  nodesLeft -= 1;
  if (!node.of || node.visit === visit || nodesLeft < 0) return NO_FORM;
  node.visit = visit;
  const before = formOf(node.of, from, slots, copies);
  if (before === NO_FORM) return NO_FORM;
  const { args, name = '' } = node;
  if (args) return formOfArguments(args, before, slots, copies);
  return name.length > MOST_IN_FORM.nameLength ? NO_FORM : frames.with(before, tokenOf(name));
}

function formOfArguments(
  args: readonly unknown[],
  from: number,
  slots: unknown[],
  copies: Copies,
): number {
  if (args.length > MOST_IN_FORM.arguments) return NO_FORM;
  let form = frames.with(from, args.length);
  for (let at = 0; at < args.length; at++) {
    const argument = args[at];
    if (isSmall(argument)) {
      copies.bytes += SMALL_BYTES;
      slots.push(argument);
      continue;
    }
    const node = nodeOf(argument);
    if (!node) {
      const copy = copies.copy(argument);
      if (isHolding(copy, copies)) return NO_FORM;
      slots.push(copy);
      continue;
    }
    // `ctn()` alone is no argument.
    if (isStart(node)) return NO_FORM;
    const nested = formOf(node, frames.with(form, Token.Nested + at), slots, copies);
    if (nested === NO_FORM) return NO_FORM;
    form = frames.with(nested, Token.NestedEnd);
  }
  return form;
}

function isHolding(copy: unknown, copies: Copies): copy is object {
  return typeof copy === 'object' && copy !== null && copies.holds(copy);
}

/**
 * The program that the caller's own object runs with the outcome. The outcome goes where `remote` or
 * `$result` stands; where neither does, it is the last argument of the last call.
 */
export function handlerOf(handler: Node, remote: Node): Bound {
  try {
    return bind(handler, remote);
  } catch (failure) {
    throw failure instanceof ReadFailure ? failure.cause : failure;
  }
}

function bind(handler: Node, remote: Node): Bound {
  const { args } = handler;
  const begun = handler.of?.of;
  const isMethod = begun && isStart(begun) && !(begun instanceof BoundStart);
  const name = args && isMethod ? handler.of?.name : undefined;
  // What uses the outcome in another way than as an argument is refused when it is flattened.
  const usesOutcome = handler === remote || handler.of === remote;
  const place =
    args && name !== undefined && !usesOutcome ? placeOfOutcome(args, remote) : undefined;
  forgetFormsOfAFlood();
  if (!args || place === undefined || args.length > MOST_IN_FORM.arguments) {
    return bound(flattenHandler(handler, remote));
  }
  const forms = handlers;
  const method = forms.with(forms.with(0, tokenOf(name as string)), args.length);
  const form = forms.with(method, Token.Nested + place + 1);
  let program = forms.values[form];
  if (!program) {
    // Where the outcome has no place, it follows the arguments.
    const argumentCount = place < 0 ? args.length + 1 : args.length;
    const flattened = flattenHandler(handler, remote);
    const native = args.filter((_, at) => at !== place);
    const { slots } = flattened;
    const areThere = native.every((value, at) => Object.is(value, slots[at]));
    if (!areThere || native.length !== slots.length) return bound(flattened);
    program = withSlotsInPlace(flattened, argumentCount);
    forms.values[form] = program;
  }
  return { program, slots: args };
}

function bound({ words, names, slots }: Frame): Bound {
  return { program: { words, names, method: undefined }, slots };
}

/**
 * Which of the arguments is the outcome; -1 if none is, and `undefined` where there is more to it: two of
 * them, or other continuations.
 */
function placeOfOutcome(args: readonly unknown[], remote: Node): number | undefined {
  let place = -1;
  for (const [at, argument] of args.entries()) {
    const node = nodeOf(argument);
    const isOutcome = node === remote || node === result;
    if (isOutcome ? place >= 0 : node || mayHold(argument)) return undefined;
    if (isOutcome) place = at;
  }
  return place;
}

/** Whether a continuation stands in an argument that is none. */
function mayHold(argument: unknown): boolean {
  return typeof argument === 'object' && argument !== null && holdsContinuation(argument);
}

/** The same program, but that its slots are the arguments themselves, the outcome's place included. */
function withSlotsInPlace({ words, names }: Program, argumentCount: number): Program {
  const start = words.length - argumentCount;
  const inPlace = Array.from(words, (word, at) =>
    at >= start && word !== ArgumentKind.Outcome ? (at - start) << ArgumentKind.Bits : word,
  );
  return { words: inPlace, names, method: undefined };
}

function flattenHandler(handler: Node, remote: Node): Frame {
  const flattening = new Flattening(remote, new Copies('handler'), []);
  flattening.finish(handler);
  if (!flattening.placesOutcome) flattening.appendOutcome(handler);
  // A handler gets the values themselves: nothing of it is sent.
  const sources = flattening.copies.sources();
  const slots = flattening.slots.map((slot) => sources.get(slot as object) ?? slot);
  return { words: flattening.words, names: flattening.names, slots };
}

/** Where the words of a program say how many slots it has, and how many steps. */
const SLOT_COUNT = 0;
const STEP_COUNT = 1;

class Flattening implements Frame {
  readonly words: number[] = [0, 0];
  readonly names: string[] = [];
  /** Whether the outcome has its place. */
  placesOutcome = false;

  /** Steps already made, by the node or container that they compute. */
  readonly #values = new Map<object, number>();
  readonly #indexes = new Map<string, number>();
  readonly #remote: Node | undefined;
  #steps = 0;
  /** Where the last step says how many arguments it has. */
  #lastCount = 0;

  /** Where the handler was started, if this is one. */
  #begun: Node | undefined;

  /**
   * @param remote - Whose outcome this program handles; `undefined` for a program that is sent.
   * @param copies - Of the arguments, in which it looks for continuations.
   * @param slots - Where its native values go.
   */
  constructor(
    remote: Node | undefined,
    readonly copies: Copies,
    readonly slots: unknown[],
  ) {
    this.#remote = remote;
  }

  finish(node: Node): void {
    if (isStart(node)) throw invalid('ctn() alone does nothing: call a method of it');
    if (this.#isOutcome(node)) throw invalid('an outcome cannot be its own handler');
    if (this.#remote) {
      this.#begun = startOf(node);
      if (this.#begun instanceof BoundStart) {
        throw invalid(
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
      throw invalid(`the handler ${text} reads a property: call a method, as in ${text}()`);
    }
    this.words[this.#lastCount] = handler.args.length + 1;
    this.words.push(ArgumentKind.Outcome);
  }

  /** Makes the steps of a node and of all that it extends. Returns the number of its value. */
  #step(node: Node, depth: number): number {
    checkDepth(depth);
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
        throw invalid(
          `${explainNode(node)} uses the outcome before the handler has it: pass it on`,
        );
      }
      chain.push(at);
      at = at.of as Node;
    }
    if (value === 0 && !this.#remote) checkDestination(at, node);
    if (chain.at(-1)?.args && value === 0) {
      throw invalid('ctn() is no function: call a method of it');
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
    checkCount(args.length, 'arguments');
    const words = args.map((argument) => this.#argument(argument, depth));
    this.words.push(StepKind.Apply, callee, words.length, ...words);
    this.#lastCount = this.words.length - words.length - 1;
    return ++this.#steps;
  }

  #argument(argument: unknown, depth: number): number {
    const node = nodeOf(argument);
    if (node) return this.#nested(node, depth);
    // A handler's arguments are not sent: only what a continuation stands in is made anew.
    if (this.#remote && !mayHold(argument)) return this.#slot(argument);
    return this.#item(this.copies.copy(argument), depth);
  }

  /** What stands in a copy: another copy, a continuation, or what is passed on as it is. */
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
    if (isStart(node)) throw invalid('ctn() alone is not an argument: call a method of it');
    this.#checkOwner(node);
    return ArgumentKind.Value | (this.#step(node, depth + 1) << ArgumentKind.Bits);
  }

  /** A handler runs on this object: what was recorded for another one has no place in it. */
  #checkOwner(node: Node): void {
    const begun = this.#begun;
    const other = startOf(node);
    if (!begun || other === begun || !isOwn(other)) return;
    // What `newContinuation` begins is for any object, but for one that is named.
    if (!isOwn(begun) && !(other instanceof BoundStart)) return;
    throw invalid(
      `the handler runs on this object, and ${explainNode(node)} was recorded by another ctn(), ` +
        'which may be for another object: to run it here, record both by one, as in ' +
        'const me = this.ctn(); to run it there, make it a call of its own',
    );
  }

  /** Makes the step for an array or plain object that holds a continuation. */
  #container(container: object, depth: number): number {
    const known = this.#values.get(container);
    if (known !== undefined) return known;
    checkDepth(depth);
    const words: number[] = [];
    if (Array.isArray(container)) {
      checkCount(container.length, 'items beside a continuation');
      for (let at = 0; at < container.length; at++) {
        words.push(at in container ? this.#item(container[at], depth) : ArgumentKind.Hole);
      }
      this.words.push(StepKind.Array, words.length, ...words);
    } else {
      const entries = Object.entries(container);
      checkCount(entries.length, 'items beside a continuation');
      for (const [key, item] of entries) words.push(this.#name(key), this.#item(item, depth));
      this.words.push(StepKind.Object, entries.length, ...words);
    }
    this.#values.set(container, ++this.#steps);
    return this.#steps;
  }

  #isOutcome(node: Node): boolean {
    if (node === result && !this.#remote) {
      throw invalid('$result stands for the outcome, which only a handler has');
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

/** Nesting recurses, and lists are spread: both would end in a `RangeError` without a place. */
function checkDepth(depth: number): void {
  if (depth > MostLimit.depth) {
    throw tooLarge(`continuations are nested more than ${MostLimit.depth} deep as arguments`);
  }
}

function checkCount(count: number, what: string): void {
  if (count > MostLimit.arguments) {
    throw tooLarge(`${count} ${what}, the limit is ${MostLimit.arguments}`);
  }
}

function tooLarge(message: string): CallError {
  return new CallError('limit-exceeded', message);
}
