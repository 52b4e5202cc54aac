/**
 * Exposure: which first steps a class lets callers take. It is what Workers RPC exposes, which is
 * the members of its prototypes, or less, where the class names the methods that may be called, or
 * where a base was not written to be called.
 */
import { DurableObject, WorkerEntrypoint } from '#workers';
import type { CallLimits } from '../wasm/lumenize_call.js';
import { checkLimits, isEntry, type Limits } from '../wire/core.js';
import { CallError } from '../wire/errors.js';
import { nearTo } from '../wire/near.js';
import { ours } from '../wire/stack.js';
import { isOwnFunction, MAKE_IT_A_METHOD, readOpen } from './reach.js';
import type { Read } from './run.js';

/** The static members by which a class says what callers may do. */
export interface ReceiverClass {
  /**
   * The only methods and getters that callers may use, beside those marked by `@callable()`. A list
   * in a subclass replaces the one above it. Default: what Workers RPC exposes of the class, without
   * the members of a base that `withCall` wraps. A list in such a base opens members of that base, and leaves
   * what your class adds as open as it was. A name that is no member is said to every caller, as
   * `invalid-option`; the compiler finds it where the list is written
   * `['getUser'] satisfies (keyof Users)[]`.
   *
   * What a method returns is open to callers: own data, and methods of class instances. Return what
   * callers may see.
   */
  readonly callable?: readonly string[];
  /**
   * Whether Workers RPC, too, reaches only what callers of this package reach: what is closed to them is
   * shadowed on each object, and `stub.wipe()` fails while `this.wipe()` works. Default: `false`.
   */
  readonly closedToRpc?: boolean;
  /** Opens `this.ctx` or `this.env` to callers. Default: neither. */
  readonly exposes?: readonly ('ctx' | 'env')[];
  /** Limits of what callers may send. Default: those of the package. */
  readonly callLimits?: CallLimits;
}

/** What one class allows. */
export interface ClassRules {
  readonly limits: Limits;
  /** Throws `CallError` with code `not-callable` where callers may not start with that name. */
  checkEntry(self: object, name: string): void;
  /** Reads for callers. */
  readonly read: Read;
}

/** What one class allows is worked out when it is first called: its decorators have run by then. */
const known = new WeakMap<object, ClassRules>();

/**
 * Where marks are kept, as a property of a prototype: names of members. Every copy of this package knows
 * it, so a mark is found whichever copy made it.
 */
const MARKS = Symbol.for('@lumenize/call:callable');

type Marked = { readonly [MARKS]?: Set<string> };

/** What was marked: it takes its mark along where it is copied to another prototype. */
const marked = new WeakSet<object>();

/** The members of a prototype that are marked. */
function marksOf(prototype: object): readonly string[] {
  const own = Object.hasOwn(prototype, MARKS) ? ((prototype as Marked)[MARKS] ?? []) : [];
  const copied = Object.entries(Object.getOwnPropertyDescriptors(prototype)).flatMap(
    ([name, { value, get }]) => (marked.has(value ?? get ?? prototype) ? [name] : []),
  );
  return [...new Set([...own, ...copied])];
}

/** The list of a class, wherever its constructor has it from but the class above. */
function listOf(prototype: object): unknown {
  const { callable: listed } = prototype.constructor as ReceiverClass;
  const above = Object.getPrototypeOf(prototype)?.constructor as ReceiverClass | undefined;
  return Object.hasOwn(prototype.constructor, 'callable') || listed !== above?.callable
    ? (listed ?? null)
    : undefined;
}

function mark(prototype: object, name: string, member: unknown): void {
  if (typeof member === 'function') marked.add(member);
  const marks = Object.hasOwn(prototype, MARKS) ? (prototype as Marked)[MARKS] : undefined;
  if (marks) marks.add(name);
  else Object.defineProperty(prototype, MARKS, { value: new Set([name]) });
}

/**
 * Marks a method or getter as callable by other objects. Once one is marked, or named in
 * `static callable`, callers reach no other. It works as a standard (TC39) and as a legacy
 * (`experimentalDecorators`) decorator. A mark is of the class and the name: other decorators around it
 * and spies do not lose it.
 *
 * @throws `CallError` with code `invalid-option` where it stands on anything else: a field, a static or
 *   a private member.
 * @example
 * ```ts
 * class Users extends LumenizeBase<Env> {
 *   @callable()
 *   getUser(id: string): User {
 *     return { id, name: 'Ada' };
 *   }
 * }
 * ```
 */
export function callable(): CallableDecorator {
  return (target: unknown, context: unknown, descriptor?: PropertyDescriptor): void => {
    if (isStandard(context)) {
      const { name, kind } = context;
      const isMember = kind === 'method' || kind === 'getter';
      if (!isMember || context.static || context.private) throw misplaced(name);
      // It runs for each object; the class is not there yet when its members are decorated.
      context.addInitializer(function (this: unknown) {
        mark(ownerOf(this as object, String(name), target), String(name), target);
        unshadow(this as object, String(name));
      });
    } else {
      const member: unknown = descriptor?.value ?? descriptor?.get;
      const isStatic = typeof target === 'function';
      if (typeof member !== 'function' || typeof context !== 'string' || isStatic) {
        throw misplaced(context);
      }
      mark(target as object, context, member);
    }
  };
}

/**
 * The prototype to which a member belongs: that which has it, or, where something has been put around it
 * meanwhile, the nearest that has its name.
 */
function ownerOf(self: object, name: string, member: unknown): object {
  const prototypes = prototypesOf(Object.getPrototypeOf(self)).filter((at) =>
    Object.hasOwn(at, name),
  );
  const itself = prototypes.find((at) => {
    const { value, get } = Object.getOwnPropertyDescriptor(at, name) ?? {};
    return (value ?? get) === member;
  });
  return itself ?? prototypes[0] ?? Object.getPrototypeOf(self);
}

type StandardContext = Pick<
  ClassMethodDecoratorContext,
  'name' | 'static' | 'private' | 'addInitializer'
> & { readonly kind: string };

function isStandard(context: unknown): context is StandardContext {
  return typeof context === 'object' && context !== null && 'addInitializer' in context;
}

function misplaced(name: unknown): CallError {
  const what = typeof name === 'object' ? 'this' : String(name);
  return new CallError(
    'invalid-option',
    `@callable() marks public methods and getters of instances, which ${what} is not`,
  );
}

/** A decorator in both dialects. */
export interface CallableDecorator {
  (
    member: (...args: never) => unknown,
    context: ClassMethodDecoratorContext | ClassGetterDecoratorContext,
  ): void;
  (prototype: object, name: string, descriptor: PropertyDescriptor): void;
}

/** Prototypes below which the members of a class are its own: those above were wrapped. */
const boundaries = new WeakSet<object>();

/** Says that what a prototype extends was not written to be called. */
export function addBoundary(prototype: object): void {
  boundaries.add(prototype);
}

/** What the class of an object allows. */
export function rulesOf(self: object): ClassRules {
  const prototype: object = Object.getPrototypeOf(self);
  const rules = known.get(prototype);
  if (rules) return rules;
  const made = makeRules(prototype);
  known.set(prototype, made);
  return made;
}

/** Where the members end that callers may reach. */
const ROOTS: readonly unknown[] = [
  DurableObject.prototype,
  WorkerEntrypoint.prototype,
  Object.prototype,
  null,
];

function prototypesOf(prototype: object): object[] {
  const prototypes: object[] = [];
  for (let at = prototype; !ROOTS.includes(at); at = Object.getPrototypeOf(at)) prototypes.push(at);
  return prototypes;
}

/** What the runtime itself calls on a Worker entrypoint; on a Durable Object these are names like others. */
const OF_ENTRYPOINTS: ReadonlySet<string> = new Set([
  'scheduled',
  'queue',
  'tail',
  'tailStream',
  'trace',
  'email',
  'test',
]);

/** The members of a class that may be entries at all, if the class does not close them. */
function candidatesOf(prototype: object, prototypes: readonly object[]): string[] {
  const isWorker = prototype instanceof WorkerEntrypoint;
  return prototypes
    .flatMap((at) => Object.getOwnPropertyNames(at))
    .filter((name) => isEntry(name) && !(isWorker && OF_ENTRYPOINTS.has(name)));
}

/** What callers may start with. */
interface Entries {
  readonly entries: ReadonlySet<string>;
  /** Members that are none. */
  readonly closed: readonly string[];
  /** Whether a list or a mark says which, anywhere in the class. */
  readonly isChosen: boolean;
}

function entriesOf(prototype: object): Entries {
  const prototypes = prototypesOf(prototype);
  const boundary = prototypes.findLastIndex((each) => boundaries.has(each));
  const own = boundary < 0 ? prototypes : prototypes.slice(0, boundary);
  const wrapped = boundary < 0 ? [] : prototypes.slice(boundary);
  const members = new Set(prototypes.flatMap((at) => Object.getOwnPropertyNames(at)));
  const chosen = chosenIn(own, members);
  const ofWrapped = chosen?.isList ? undefined : chosenIn(wrapped, members);
  const added = (): string[] =>
    candidatesOf(prototype, own).filter((name) => !wrapped.some((at) => Object.hasOwn(at, name)));
  const names = new Set([...(chosen?.names ?? added()), ...(ofWrapped?.names ?? [])]);
  const candidates = candidatesOf(prototype, prototypes);
  const entries = new Set(candidates.filter((name) => names.has(name)));
  return {
    entries,
    closed: candidates.filter((name) => !entries.has(name)),
    isChosen: chosen !== undefined || ofWrapped !== undefined,
  };
}

function makeRules(prototype: object): ClassRules {
  const receiver = prototype.constructor as ReceiverClass & { readonly name: string };
  const exposes = new Set<string>(exposedBy(receiver));
  const { entries, closed, isChosen } = entriesOf(prototype);
  checkClosedToRpc(receiver, isChosen);
  const checkEntry = (self: object, name: string): void => {
    if (Object.hasOwn(self, name) ? exposes.has(name) : entries.has(name)) return;
    const what = `${receiver.name} has no method '${name}' that callers may use`;
    throw new CallError('not-callable', `${what}${reasonFor(self, name, entries, closed)}`);
  };
  return {
    limits: checkLimits(receiver.callLimits ?? {}),
    checkEntry,
    read: Object.assign(readFor(checkEntry), { exposes }),
  };
}

/** Why a name is no entry, or what was meant. It names nothing that callers may not reach, but what they said. */
function reasonFor(
  self: object,
  name: string,
  entries: ReadonlySet<string>,
  closed: readonly string[],
): string {
  if (closed.includes(name)) {
    return (
      `: name it in static callable = ['${name}'], or mark it by @callable(); where that is done ` +
      'for any, or withCall() wraps the class that has it, the others are closed'
    );
  }
  if (isOwnFunction(self, name)) return `: ${MAKE_IT_A_METHOD}`;
  // What that takes grows with the length of the name, which is the caller's.
  const near = name.length > LONGEST_NAME ? '' : nearTo(name, [...entries]);
  return near && `: did you mean ${near}?`;
}

const LONGEST_NAME = 100;

/**
 * Reads a property for a caller: of the target itself what its class allows, of anything else what no
 * detour leads around that.
 */
function readFor(checkEntry: ClassRules['checkEntry']): Read {
  return ours((receiver, name, self) => {
    if (receiver !== self) return readOpen(receiver, name);
    checkEntry(self, name);
    return (receiver as Record<string, unknown>)[name];
  });
}

function exposedBy({ exposes = [] }: ReceiverClass): readonly string[] {
  for (const name of exposes) {
    if (name !== 'ctx' && name !== 'env') {
      throw new CallError(
        'invalid-option',
        `static exposes names '${name}': it opens ctx and env only`,
      );
    }
  }
  return exposes;
}

/** Names that a class has chosen to open, and whether by a list, which is all there is then. */
interface Choice {
  readonly names: readonly string[];
  readonly isList: boolean;
}

/**
 * What a class chose to open; `undefined` where it did not choose. A list in a subclass replaces what is
 * above it; marks add to the list, or to nothing. Throws `CallError` with code `invalid-option` for a name
 * that is no member: a class that chose wrongly opens nothing.
 */
function chosenIn(prototypes: readonly object[], members: Set<string>): Choice | undefined {
  const names: string[] = [];
  for (const prototype of prototypes) {
    const { name: owner } = prototype.constructor;
    const marks = marksOf(prototype);
    checkMembers(marks, members, `a mark of @callable() on ${owner}`);
    names.push(...marks);
    const listed = listOf(prototype);
    if (listed === undefined) continue;
    if (!Array.isArray(listed)) {
      throw new CallError('invalid-option', `static callable of ${owner} is no list of names`);
    }
    checkMembers(listed, members, `static callable of ${owner}`);
    return { names: [...names, ...listed], isList: true };
  }
  return names.length > 0 ? { names, isList: false } : undefined;
}

function checkMembers(names: readonly string[], members: Set<string>, what: string): void {
  const unknown = names.find((name) => !members.has(name));
  if (unknown === undefined) return;
  throw new CallError('invalid-option', `${what} names '${unknown}', which is no member of it`);
}

/** What Workers RPC never calls, and what it has to: the entries of this package. */
const NOT_OF_RPC: ReadonlySet<string> = new Set([
  'constructor',
  'fetch',
  'connect',
  'alarm',
  'webSocketMessage',
  'webSocketClose',
  'webSocketError',
  'dup',
  '__lmzCall',
  '__lmzCalls',
]);

/** Own properties of an object that close its members to Workers RPC. */
const shadows = new WeakMap<object, Set<string>>();

/** Closes the members that a class closes to callers to Workers RPC, too, if it says so. */
export function closeToRpc(self: object): void {
  const prototype: object = Object.getPrototypeOf(self);
  if ((prototype.constructor as ReceiverClass).closedToRpc !== true) return;
  const shadowed = new Set<string>();
  shadows.set(self, shadowed);
  const isClosed = closedIn(prototype);
  for (const at of prototypesOf(prototype)) {
    for (const [name, member] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (NOT_OF_RPC.has(name) || Object.hasOwn(self, name) || !isClosed(name)) continue;
      // An own property that is not enumerable: Workers RPC refuses it, and `this` finds it.
      Object.defineProperty(self, name, { ...member, enumerable: false, configurable: true });
      shadowed.add(name);
    }
  }
}

/** Says that a class closes Workers RPC to what its list does not name, and has neither a list nor marks. */
function checkClosedToRpc(
  receiver: ReceiverClass & { readonly name: string },
  isChosen: boolean,
): void {
  if (receiver.closedToRpc !== true || isChosen) return;
  throw new CallError(
    'invalid-option',
    `${receiver.name} has static closedToRpc = true and names nothing that is open: name it in ` +
      'static callable, or mark it by @callable()',
  );
}

/** Marks of standard decorators come later, and take back what is closed here. */
function closedIn(prototype: object): (name: string) => boolean {
  try {
    const { entries, isChosen } = entriesOf(prototype);
    return isChosen ? (name) => !entries.has(name) : () => true;
  } catch {
    // Callers are told what is wrong with the class.
    return () => true;
  }
}

function unshadow(self: object, name: string): void {
  if (shadows.get(self)?.delete(name)) Reflect.deleteProperty(self, name);
}
