/**
 * Exposure: which first steps a class lets callers take. It is what Workers RPC exposes, which is
 * the members of its prototypes, or less, where the class names the methods that may be called.
 */
import { DurableObject, RpcTarget, WorkerEntrypoint } from 'cloudflare:workers';
import { checkLimits, isEntry, type Limits } from './core.js';
import { CallError } from './errors.js';
import type { Read } from './run.js';
import type { CallLimits } from './wasm/lumenize_call.js';

/** The static members by which a class says what callers may do. */
export interface ReceiverClass {
  /**
   * The only methods and getters that callers may use, beside those marked by `@callable()`. A list
   * in a subclass replaces the one above it. Default: all that Workers RPC exposes. A name that is
   * no member is said to every caller, as `invalid-option`; the compiler finds it where the list is
   * written `['getUser'] satisfies (keyof Users)[]`.
   *
   * What a method returns is open as a whole: its properties and methods, private state that it
   * gives away included. Return what callers may see.
   */
  readonly callable?: readonly string[];
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
  /** Reads for callers: see `readExposed`. */
  readonly read: Read;
}

/** Classes do not change: what one allows is worked out once. */
const known = new WeakMap<object, ClassRules>();

/** Methods and getters marked by `@callable()`. */
const marked = new WeakSet<object>();

/**
 * Marks a method or getter as callable by other objects. Once one is marked, or named in
 * `static callable`, callers reach no other. It works as a standard (TC39) and as a legacy
 * (`experimentalDecorators`) decorator.
 *
 * @throws `CallError` with code `invalid-option` where it stands on anything else.
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
  return (value: unknown, context: unknown, descriptor?: PropertyDescriptor): void => {
    // Standard: the member itself comes first. Legacy: the descriptor comes third.
    const member = descriptor ? (descriptor.value ?? descriptor.get) : value;
    const name = typeof context === 'object' ? (context as { name?: unknown })?.name : context;
    const isStatic = (context as { static?: unknown } | undefined)?.static === true;
    if (typeof member !== 'function' || typeof name !== 'string' || isStatic) {
      throw new CallError(
        'invalid-option',
        `@callable() marks methods and getters, which ${String(name)} is not`,
      );
    }
    marked.add(member);
  };
}

/** A decorator in both dialects. */
export interface CallableDecorator {
  (
    member: (...args: never) => unknown,
    context: ClassMethodDecoratorContext | ClassGetterDecoratorContext,
  ): void;
  (prototype: object, name: string, descriptor: PropertyDescriptor): void;
}

/** What the class of an object allows. */
export function rulesOf(self: object): ClassRules {
  return rulesOfClass(Object.getPrototypeOf(self));
}

/** Works out what a class allows while it is as it was written. */
export function learnRules(prototype: object): void {
  try {
    rulesOfClass(prototype);
  } catch {
    // Callers are told.
  }
}

function rulesOfClass(prototype: object): ClassRules {
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

function makeRules(prototype: object): ClassRules {
  const prototypes: object[] = [];
  for (let at = prototype; !ROOTS.includes(at); at = Object.getPrototypeOf(at)) prototypes.push(at);
  // All of them, whatever stops the rest: later they may be gone.
  prototypes.forEach(markedIn);
  const receiver = prototype.constructor as ReceiverClass;
  const exposes = new Set<string>(exposedBy(receiver));
  const members = prototypes.flatMap((at) => Object.getOwnPropertyNames(at));
  const entries = new Set((chosenIn(prototypes, members) ?? members).filter(isEntry));
  const checkEntry = (self: object, name: string): void => {
    if (Object.hasOwn(self, name) ? exposes.has(name) : entries.has(name)) return;
    const message = `${prototype.constructor.name} has no method '${name}' that callers may use`;
    throw new CallError('not-callable', message);
  };
  return {
    limits: checkLimits(receiver.callLimits ?? {}),
    checkEntry,
    read: readExposed(checkEntry),
  };
}

/** Classes whose instances Workers RPC passes by reference: it hides their own properties. */
const byReference = [RpcTarget, DurableObject, WorkerEntrypoint];

/** Whether Workers RPC passes an object by reference. */
export function isPassedByReference(object: object): boolean {
  return byReference.some((base) => object instanceof base);
}

/**
 * What callers may not use of the language's own values, where Workers RPC would give them a copy:
 * what changes them, and what makes much out of little.
 */
const CLOSED_ON_BUILT_INS: ReadonlySet<string> = new Set(
  (
    'push pop shift unshift splice sort reverse fill copyWithin set add delete clear ' +
    'repeat padStart padEnd match matchAll search split replace replaceAll'
  ).split(' '),
);

/**
 * Reads a property for a caller: of the target itself what its class allows, of anything else what
 * no detour leads around that.
 */
function readExposed(checkEntry: ClassRules['checkEntry']): Read {
  return (receiver, name, self) => {
    if (receiver === self) checkEntry(self, name);
    else if (isClosed(receiver, name)) {
      throw new CallError('not-callable', `'${name}' of what was returned is not open to callers`);
    }
    return (receiver as Record<string, unknown>)[name];
  };
}

function isClosed(receiver: unknown, name: string): boolean {
  // A stub is a function too, but not one of the language's: its names are those of its target.
  if (receiver instanceof Function) return name in Function.prototype;
  if (typeof receiver !== 'object' || receiver === null) return CLOSED_ON_BUILT_INS.has(name);
  if (Object.hasOwn(receiver, name)) return isPassedByReference(receiver);
  if (isBuiltIn(receiver) && CLOSED_ON_BUILT_INS.has(name)) return true;
  return name in Object.prototype && ownerOf(receiver, name) === Object.prototype;
}

/** Who has a property, found without reading it: a getter runs once. */
function ownerOf(receiver: object, name: string): object | null {
  let owner: object | null = receiver;
  while (owner && !Object.hasOwn(owner, name)) owner = Object.getPrototypeOf(owner);
  return owner;
}

function isBuiltIn(receiver: object): boolean {
  return (
    Array.isArray(receiver) ||
    receiver instanceof Map ||
    receiver instanceof Set ||
    ArrayBuffer.isView(receiver) ||
    receiver instanceof String ||
    receiver instanceof Headers ||
    receiver instanceof URLSearchParams
  );
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

/**
 * The names that a class chose to open; `undefined` where it did not choose. A list in a subclass
 * replaces those above it; decorators add to the list, or to nothing.
 */
function chosenIn(
  prototypes: readonly object[],
  members: readonly string[],
): readonly string[] | undefined {
  const chosen: string[] = [];
  for (const prototype of prototypes) {
    chosen.push(...markedIn(prototype));
    const { callable: listed = [], name: owner } = prototype.constructor as ReceiverClass & {
      readonly name: string;
    };
    if (!Object.hasOwn(prototype.constructor, 'callable')) continue;
    if (!Array.isArray(listed)) {
      throw new CallError('invalid-option', `static callable of ${owner} is no list of names`);
    }
    const unknown = listed.find((name) => !members.includes(name));
    if (unknown === undefined) return [...chosen, ...listed];
    const message = `static callable of ${owner} names '${unknown}', which is no member of it`;
    throw new CallError('invalid-option', message);
  }
  return chosen.length > 0 ? chosen : undefined;
}

/** Names of marked members, by the prototype that has them: a framework may replace the members later. */
const markedNames = new WeakMap<object, readonly string[]>();

function markedIn(prototype: object): readonly string[] {
  let names = markedNames.get(prototype);
  if (!names) {
    names = Object.entries(Object.getOwnPropertyDescriptors(prototype))
      .filter(([, { value, get }]) => marked.has(value ?? get ?? prototype))
      .map(([name]) => name);
    markedNames.set(prototype, names);
  }
  return names;
}
