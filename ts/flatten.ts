/**
 * Flattening: the graph of nodes that a continuation is becomes the flat form of a program.
 *
 * Order is the order in which JavaScript would evaluate the same expression: what a step is called
 * on first, then its arguments from left to right, then the step. A node, or a container that
 * holds one, which is reached twice is one step: it runs once and both places get its value.
 */
import { Containers, invalid } from './containers.js';
import { encodeFrame, type Frame, type Program } from './core.js';
import { CallError } from './errors.js';
import { explainNode, type Node, nodeOf, result, start } from './record.js';
import { ArgumentKind, MostLimit, StepKind } from './wasm/lumenize_call.js';

/** What a call sends: a program as bytes, and its native values beside it. */
export interface Message {
  readonly frame: string;
  readonly slots: readonly unknown[];
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

/** The program that the target of a call runs. */
export function messageOf(node: Node): Message {
  const slots: unknown[] = [];
  forgetFormsOfAFlood();
  visit += 1;
  nodesLeft = MOST_IN_FORM.nodes;
  const walk = visit;
  // A getter in an argument may make a call that starts the tables anew.
  const forms = frames;
  const found = formOf(node, 0, slots);
  // A getter in an argument may have made a call of its own: then this walk went wrong.
  const form = visit === walk ? found : NO_FORM;
  const known = forms.values[form];
  if (known !== undefined) return { frame: known, slots };
  const flattening = new Flattening(undefined);
  flattening.finish(node);
  const frame = encodeFrame(flattening);
  if (form !== NO_FORM && areSame(slots, flattening.slots)) forms.values[form] = frame;
  return { frame, slots: flattening.slots };
}

/** Whether two looks at the arguments, whose getters may change them, have found the same. */
function areSame(first: readonly unknown[], second: readonly unknown[]): boolean {
  return first.length === second.length && first.every((value, at) => Object.is(value, second[at]));
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
function formOf(node: Node, from: number, slots: unknown[]): number {
  if (node === start) return from;
  nodesLeft -= 1;
  if (!node.of || node.visit === visit || nodesLeft < 0) return NO_FORM;
  node.visit = visit;
  const before = formOf(node.of, from, slots);
  if (before === NO_FORM) return NO_FORM;
  const { args, name = '' } = node;
  if (args) return formOfArguments(args, before, slots);
  return name.length > MOST_IN_FORM.nameLength ? NO_FORM : frames.with(before, tokenOf(name));
}

function formOfArguments(args: readonly unknown[], from: number, slots: unknown[]): number {
  if (args.length > MOST_IN_FORM.arguments) return NO_FORM;
  let form = frames.with(from, args.length);
  for (let at = 0; at < args.length; at++) {
    const argument = args[at];
    const node = nodeOf(argument);
    if (!node) {
      if (!isNative(argument)) return NO_FORM;
      slots.push(argument);
      continue;
    }
    // `ctn()` alone is no argument.
    if (node === start) return NO_FORM;
    const nested = formOf(node, frames.with(form, Token.Nested + at), slots);
    if (nested === NO_FORM) return NO_FORM;
    form = frames.with(nested, Token.NestedEnd);
  }
  return form;
}

/** Whether no continuation stands in an argument that is none. Throws as `Containers.holds` does. */
function isNative(argument: unknown): boolean {
  return typeof argument !== 'object' || argument === null || !new Containers().holds(argument);
}

/**
 * The program that the caller's own object runs with the outcome. The outcome goes where `remote` or
 * `$result` stands; where neither does, it is the last argument of the last call.
 */
export function handlerOf(handler: Node, remote: Node): Bound {
  const { args } = handler;
  const name = args && handler.of?.of === start ? handler.of.name : undefined;
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
    if (!areSame(native, flattened.slots)) return bound(flattened);
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
    if (isOutcome ? place >= 0 : node || !isNative(argument)) return undefined;
    if (isOutcome) place = at;
  }
  return place;
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
  const flattening = new Flattening(remote);
  flattening.finish(handler);
  if (!flattening.placesOutcome) flattening.appendOutcome(handler);
  return flattening;
}

/** Where the words of a program say how many slots it has, and how many steps. */
const SLOT_COUNT = 0;
const STEP_COUNT = 1;

class Flattening implements Frame {
  readonly words: number[] = [0, 0];
  readonly names: string[] = [];
  readonly slots: unknown[] = [];
  /** Whether the outcome has its place. */
  placesOutcome = false;

  /** Steps already made, by the node or container that they compute. */
  readonly #values = new Map<object, number>();
  readonly #containers = new Containers();
  readonly #indexes = new Map<string, number>();
  readonly #remote: Node | undefined;
  #steps = 0;
  /** Where the last step says how many arguments it has. */
  #lastCount = 0;

  /** `remote`: whose outcome this program handles; `undefined` for a program that is sent. */
  constructor(remote: Node | undefined) {
    this.#remote = remote;
  }

  finish(node: Node): void {
    if (node === start) throw invalid('ctn() alone does nothing: call a method of it');
    if (this.#isOutcome(node)) throw invalid('an outcome cannot be its own handler');
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
    while (at !== start) {
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
    if (typeof argument === 'object' && argument !== null && this.#containers.holds(argument)) {
      return ArgumentKind.Value | (this.#container(argument, depth + 1) << ArgumentKind.Bits);
    }
    return ArgumentKind.Slot | ((this.slots.push(argument) - 1) << ArgumentKind.Bits);
  }

  #nested(node: Node, depth: number): number {
    if (this.#isOutcome(node)) {
      this.placesOutcome = true;
      return ArgumentKind.Outcome;
    }
    if (node === start) throw invalid('ctn() alone is not an argument: call a method of it');
    return ArgumentKind.Value | (this.#step(node, depth + 1) << ArgumentKind.Bits);
  }

  /** Makes the step for an array or plain object that holds a continuation. */
  #container(container: object, depth: number): number {
    const known = this.#values.get(container);
    if (known !== undefined) return known;
    checkDepth(depth);
    const words: number[] = [];
    const size = Array.isArray(container) ? container.length : Object.keys(container).length;
    checkCount(size, 'items beside a continuation');
    if (Array.isArray(container)) {
      for (const item of container) words.push(this.#argument(item, depth));
      this.words.push(StepKind.Array, words.length, ...words);
    } else {
      for (const [key, item] of Object.entries(container)) {
        words.push(this.#name(key), this.#argument(item, depth));
      }
      this.words.push(StepKind.Object, words.length / 2, ...words);
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
