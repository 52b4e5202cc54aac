/**
 * Flattening: the graph of nodes that a continuation is becomes the flat form of a program.
 *
 * Order is the order in which JavaScript would evaluate the same expression: what a step is called
 * on first, then its arguments from left to right, then the step. A node, or a container that
 * holds one, which is reached twice is one step: it runs once and both places get its value.
 */
import { Containers, invalid } from './containers.js';
import { encodeFrame, type Frame, type Program, remember, SEPARATOR } from './core.js';
import { CallError } from './errors.js';
import { explainNode, type Node, nodeOf, result, start } from './record.js';
import { ArgumentKind, MostLimit, StepKind } from './wasm/lumenize_call.js';

/** What a call sends: a program as bytes, and its native values beside it. */
export interface Message {
  readonly frame: string;
  readonly slots: readonly unknown[];
}

/** Frames of programs that are trees of steps and native values, by their form. */
const frames = new Map<string, string>();

/** The program that the target of a call runs. */
export function messageOf(node: Node): Message {
  const slots: unknown[] = [];
  visit += 1;
  nodesLeft = FORM_NODES;
  const walk = visit;
  const found = formOf(node, slots);
  // A getter in an argument may have made a call of its own: then this walk went wrong.
  const form = visit === walk ? found : undefined;
  const known = form === undefined ? undefined : frames.get(form);
  if (known !== undefined) return { frame: known, slots };
  const flattening = new Flattening(undefined);
  flattening.finish(node);
  const frame = encodeFrame(flattening);
  if (form !== undefined && areSame(slots, flattening.slots)) remember(frames, form, frame);
  return { frame, slots: flattening.slots };
}

/** Whether two looks at the arguments, whose getters may change them, have found the same. */
function areSame(first: readonly unknown[], second: readonly unknown[]): boolean {
  return first.length === second.length && first.every((value, at) => Object.is(value, second[at]));
}

/** How large a tree may be whose form is worked out. */
const FORM_NODES = 20;
/** The walk that goes on, by which nodes are marked, and how many nodes it may still meet. */
let visit = 0;
let nodesLeft = 0;

/**
 * What a program is beside its native values, which are added to `slots` in the order in which
 * flattening finds them; `undefined` where it is no small tree: a node that is met twice runs once.
 * Each token begins with the separator, which no name contains.
 */
function formOf(node: Node, slots: unknown[]): string | undefined {
  if (node === start) return '';
  nodesLeft -= 1;
  if (!node.of || node.visit === visit || nodesLeft < 0) return undefined;
  node.visit = visit;
  const before = formOf(node.of, slots);
  if (before === undefined) return undefined;
  if (node.args) {
    const args = formOfAll(node.args, slots);
    return args === undefined ? undefined : `${before}${SEPARATOR}(${args}${SEPARATOR})`;
  }
  const { name = '' } = node;
  return name.includes(SEPARATOR) ? undefined : `${before}${SEPARATOR}.${name}`;
}

function formOfAll(args: readonly unknown[], slots: unknown[]): string | undefined {
  let form = '';
  for (const argument of args) {
    const node = nodeOf(argument);
    const nested = node && formOf(node, slots);
    // `ctn()` alone is no argument.
    if (node ? !nested : !isNative(argument)) return undefined;
    if (!node) slots.push(argument);
    form += node ? `${SEPARATOR}[${nested}` : `${SEPARATOR}#`;
  }
  return form;
}

/** Whether no continuation stands in an argument. Throws as `Containers.holds` does. */
function isNative(argument: unknown): boolean {
  if (typeof argument === 'object' && argument !== null) return !new Containers().holds(argument);
  return nodeOf(argument) === undefined;
}

/** Programs of handlers that call one method with native values and the outcome. */
const handlers = new Map<string, Program>();

/**
 * The program that the caller's own object runs with the outcome. The outcome goes where `remote` or
 * `$result` stands; where neither does, it is the last argument of the last call.
 */
export function handlerOf(handler: Node, remote: Node): Frame {
  const { args } = handler;
  const name = args && handler.of?.of === start ? handler.of.name : undefined;
  // What uses the outcome in another way than as an argument is refused when it is flattened.
  const usesOutcome = handler === remote || handler.of === remote;
  const place =
    args && name !== undefined && !usesOutcome ? placeOfOutcome(args, remote) : undefined;
  if (!args || place === undefined) return flattenHandler(handler, remote);
  const key = `${place} ${args.length} ${name}`;
  let program = handlers.get(key);
  if (!program) {
    // Where the outcome has no place, it follows the arguments.
    const argumentCount = place < 0 ? args.length + 1 : args.length;
    const flattened = flattenHandler(handler, remote);
    const native = args.filter((_, at) => at !== place);
    if (!areSame(native, flattened.slots)) return flattened;
    program = withSlotsInPlace(flattened, argumentCount);
    remember(handlers, key, program);
  }
  return { words: program.words, names: program.names, slots: args };
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
  return { words: inPlace, names };
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
