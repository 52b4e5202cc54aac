/**
 * The only seam to the wasm core. No other file calls the core, so this one turns
 * its refusals into `CallError`s and knows whether it is loaded and alive.
 *
 * A trap (a panic, no memory, no stack) leaves an unusable instance, and all objects
 * of an isolate share one. The next use, by any object, therefore starts a new instance. The old
 * instance's tables of pending calls are lost, and their owners rebuild them.
 */

import type * as Wasm from '../wasm/lumenize_call.js';
import {
  type CallErrorCode,
  type CallLimits,
  MessageLimit,
  MostLimit,
  type StepKind,
} from '../wasm/lumenize_call.js';
import { CallError, invalidContinuation } from './errors.js';
import { copyOfOptions } from './reading.js';
import { textOf } from './text.js';

type Core = Pick<
  typeof Wasm,
  | 'checkTimeout'
  | 'checkStep'
  | 'encodeFrame'
  | 'decodeFrame'
  | 'checkLimits'
  | 'isEntry'
  | 'lists'
  | 'checkMessage'
  | 'programMeaning'
  | 'PendingCalls'
  | 'recover'
>;

/** The table of pending calls that one object owns. It lives in wasm memory. */
export type PendingCalls = Wasm.PendingCalls;

/**
 * A program in flat form: `words` refer to `names` by index and to slots by number. src/program.rs
 * describes the words.
 */
export interface FlatProgram {
  readonly words: ArrayLike<number>;
  readonly names: readonly string[];
}

/** A program that can be run. */
export interface Program extends FlatProgram {
  /** If it calls one method with its slots as they come, as most do, and as most handlers do. */
  readonly method: Method | undefined;
  /** For each value, by its number: 1 where later steps only read from it or call it. */
  readonly followed: Uint8Array;
}

export interface Method {
  readonly name: string;
  readonly argumentCount: number;
  /** Which argument the outcome is; -1 for none. */
  readonly outcomeAt: number;
}

/** Stands between names where they are joined; no name that can be sent contains it. */
const SEPARATOR = '\0';

let loaded: Core | undefined;
/** Whether the instance has trapped and none has followed it yet. */
let isDead = false;
let instance = 0;

/** Hands the initialised core to the seam; an entry module does it once for each isolate. */
export function load(core: Core): void {
  loaded = core;
  const [all, ofCode, notOfAStub] = core
    .lists()
    .split('\n')
    .map((words) => words.split(' ')) as Lists;
  codes.push(...all);
  namesOfCode = new Set(ofCode);
  namesNotOfAStub = new Set(notOfAStub);
}

type Lists = [codes: CallErrorCode[], ofCode: string[], notOfAStub: string[]];

const codes: CallErrorCode[] = [];

/** Names by which a function or a prototype leads to code. As keys of data they are data. */
export let namesOfCode: ReadonlySet<string>;

/** Names that lead from a stub to the runtime's own code instead of the stub's object. */
export let namesNotOfAStub: ReadonlySet<string>;

/** Every code that a `CallError` may carry, in the order of docs/errors.md. */
export const callErrorCodes: readonly CallErrorCode[] = codes;

function core(): Core {
  if (!loaded) notLoaded();
  if (isDead) {
    // Not at the trap: code that has run out of stack cannot recover anything.
    loaded.recover();
    // The next call of any function brings the new instance, but writes its strings and arrays into
    // the memory of the old one first (wasm-bindgen 0.2.130): this one has none.
    loaded.checkTimeout(1);
    isDead = false;
    instance += 1;
  }
  return loaded;
}

/** The number of the instance in use. What was made by one of another number is void. */
export function coreInstance(): number {
  core();
  return instance;
}

function notLoaded(): never {
  throw new CallError(
    'internal',
    "the wasm core is not loaded: import '@lumenize/call', not one of its files",
  );
}

/**
 * Encodes a frame: bytes, each as one UTF-16 code unit of a string. The runtime copies a string faster
 * than it makes a buffer, and the receiver finds what it knows by it. Throws `CallError` where every
 * receiver would refuse it.
 */
export function encodeFrame({ words, names }: FlatProgram, slotCount: number): string {
  const joined = names.join(SEPARATOR);
  for (const name of names) {
    if (!name.isWellFormed()) {
      throw invalidContinuation(`the name ${JSON.stringify(name)} is not Unicode`);
    }
  }
  const flat = Uint32Array.from(words);
  const bytes = ask(() => core().encodeFrame(flat, joined, names.length, slotCount));
  return textOfBytes(bytes);
}

/** Throws `CallError` with code `limit-exceeded` for a step that every receiver would refuse as too large. */
export function checkStep(kind: StepKind, count: number, depth: number): void {
  if (count <= MostLimit.arguments && depth <= MostLimit.depth) return;
  ask(() => core().checkStep(kind, count, depth));
}

/** A number of arguments that every function call accepts. */
const SPREAD = 10_000;

function textOfBytes(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += SPREAD) {
    text += String.fromCharCode(...bytes.subarray(at, at + SPREAD));
  }
  return text;
}

function bytesOfText(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < bytes.length; at++) {
    const byte = text.charCodeAt(at);
    if (byte > LAST_BYTE) throw new CallError('protocol', 'a frame holds what is no byte');
    bytes[at] = byte;
  }
  return bytes;
}

const LAST_BYTE = 0xff;

/** How many forms of frames are remembered, and how long what they are found by may be. */
const REMEMBERED = { frames: 200, length: 800 };

/** Forgets everything when full: a class has few forms of calls, and a flood of forms is hostile. */
function remember<V>(known: Map<string, V>, key: string, value: V): void {
  if (key.length > REMEMBERED.length) return;
  if (known.size >= REMEMBERED.frames) known.clear();
  known.set(key, value);
}

/** A program that came in, checked. */
export interface ReceivedProgram extends Program {
  /** The names that are read from the target itself: its class decides about them. */
  readonly entries: readonly string[];
  readonly slotCount: number;
}

/** The limits of one class, checked, and the frames that were checked by them. */
export interface Limits {
  /** Opaque to TypeScript, but for the first, the most bytes of a frame, and the last (`counts.ts`). */
  readonly words: Uint32Array;
  readonly accepted: Map<string, ReceivedProgram>;
}

/** Checks the limits that a class sets. Throws `CallError` with code `invalid-option`. */
export function checkLimits(limits: CallLimits): Limits {
  // First: a throwing getter of the user's must not count as a failure of the core.
  const own = copyOfOptions('callLimits', limits);
  const names = Object.keys(own).join(SEPARATOR);
  const values = Float64Array.from(Object.values(own), asNumber);
  return { words: ask(() => core().checkLimits(names, values)), accepted: new Map() };
}

/** Not by conversion, which would run the user's code and take a text for a number. */
function asNumber(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN;
}

/**
 * Decodes and checks bytes that anyone may have sent. Throws `CallError`; nothing has run. Bytes
 * that were accepted before, with as many slots, are not checked again.
 *
 * wasm memory never shrinks, so a frame that is too large for the class does not enter it.
 */
export function decodeFrame(
  frame: unknown,
  slotCount: number,
  { words: limits, accepted }: Limits,
): ReceivedProgram {
  if (typeof frame !== 'string') throw new CallError('protocol', 'a frame is a string of bytes');
  const known = accepted.get(frame);
  // Further arguments do not belong to the program.
  if (known && known.slotCount <= slotCount) return known;
  const [frameBytes = 0] = limits;
  const bytes = bytesOfText(frame.length > frameBytes ? '' : frame);
  const [words, joined, indexes, ...meaning] = guard(() =>
    core().decodeFrame(bytes, frame.length, slotCount, limits),
  );
  const names = joined.split(SEPARATOR);
  const program = {
    ...programOf({ words, names }, meaning),
    entries: Array.from(indexes, (index) => names[index] as string),
    slotCount: words[0] as number,
  };
  remember(accepted, frame, program);
  return program;
}

/** Makes a flattened program runnable. */
export function runnable(program: FlatProgram): Program {
  const words = Uint32Array.from(program.words);
  return programOf(
    program,
    ask(() => core().programMeaning(words)),
  );
}

/** @param meaning - As the core says it. */
function programOf(
  { words, names }: FlatProgram,
  [method, followed]: ReturnType<Core['programMeaning']>,
): Program {
  const [name, argumentCount = 0] = method;
  const called =
    name === undefined ? undefined : { name: names[name] as string, argumentCount, outcomeAt: -1 };
  return { words, names, method: called, followed };
}

/**
 * Checks how the parts of a message of several calls fit together. Throws `CallError`.
 *
 * @param which - For each call the number of its frame.
 * @param slotCounts - How many slots each frame takes.
 */
export function checkMessage(
  frames: readonly unknown[],
  slotCounts: Uint16Array,
  which: Uint16Array,
  slotCount: number,
): void {
  const most = MessageLimit.Calls + 1;
  // wasm memory never shrinks: only as much crosses as the core needs to see that it is too long.
  const shown = (numbers: Uint16Array): Uint16Array => numbers.subarray(0, most);
  const lengths = Uint32Array.from(frames.slice(0, most), (frame) =>
    // A value that is not a frame is refused when it is decoded.
    typeof frame === 'string' ? frame.length : 0,
  );
  guard(() => core().checkMessage(shown(which), shown(slotCounts), lengths, slotCount));
}

/** Whether callers may read a name from a target itself, if its class has it. */
export function isEntry(name: string, isWorker: boolean): boolean {
  return ask(() => core().isEntry(name, isWorker));
}

/** Whether a value off the wire is one of the codes. */
export function isCallErrorCode(value: unknown): value is CallErrorCode {
  return (callErrorCodes as readonly unknown[]).includes(value);
}

/** Checks a timeout. Throws `CallError` with code `invalid-option` where it makes no sense. */
export function checkTimeout(timeout: number): void {
  ask(() => core().checkTimeout(timeout), `timeout is ${timeout}`);
}

/** A table without calls. */
export function createPendingCalls(): PendingCalls {
  return new (core().PendingCalls)();
}

/** Gives back the memory of a table that was made by the instance in use. */
export function freePendingCalls(table: PendingCalls): void {
  try {
    table.free();
  } catch {
    isDead = true;
  }
}

/**
 * Asks the core something that does not depend on what anybody may have sent, so that asking is safe: if
 * the core dies under the question, it is asked once more.
 *
 * @param place - What the core is asked about; it stands before the core's own sentence.
 */
export function ask<T>(question: () => T, place?: string): T {
  try {
    return question();
  } catch (thrown) {
    if (Array.isArray(thrown) || thrown instanceof CallError) throw refusal(thrown, place);
    isDead = true;
    return guard(question, place);
  }
}

/** Runs a function of the core; what the core refuses becomes a `CallError`, and so does its death. */
function guard<T>(run: () => T, place?: string): T {
  try {
    return run();
  } catch (thrown) {
    throw refusal(thrown, place);
  }
}

function refusal(thrown: unknown, place: string | undefined): CallError {
  if (thrown instanceof CallError) return thrown;
  if (!Array.isArray(thrown)) {
    isDead = true;
    const message = `the wasm core failed and is started anew (${textOf(thrown)}): please report this`;
    return new CallError('internal', message, { cause: thrown });
  }
  const [code, message] = thrown as [CallErrorCode, string];
  return new CallError(code, place === undefined ? message : `${place}: ${message}`);
}
