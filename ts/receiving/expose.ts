/**
 * Exposure: the first steps that a class allows. These are the members that Workers RPC exposes, which are
 * the members of its prototypes, or fewer if the class names its callable members or
 * wraps a base that was not written to be called.
 */

import { WorkerEntrypoint } from '#workers';
import { type CallLimits, FacadeEntry, MostLimit } from '../wasm/lumenize_call.js';
import { checkLimits, type Limits } from '../wire/core.js';
import { countsOf } from '../wire/counts.js';
import { CallError, invalidOption } from '../wire/errors.js';
import { didYouMean } from '../wire/near.js';
import { ours } from '../wire/stack.js';
import { answer } from './attend.js';
import { checkClosedToRpc } from './closed-to-rpc.js';
import { entriesOf, retryableOf } from './entries.js';
import { type Answer, limited } from './queue.js';
import { isOwnFunction, MAKE_IT_A_METHOD, readOpen } from './reach.js';
import type { Read } from './steps.js';

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
   * Methods that may run again for one call, beside those marked by `@retryable()`: the option `retry` of a call says
   * when. A list in a subclass replaces the one above it. Default: none.
   */
  readonly retryable?: readonly string[];
  /**
   * Whether Workers RPC, too, reaches only what callers of this package reach: what is closed to them is
   * shadowed on each object, and `stub.wipe()` fails while `this.wipe()` works. Default: `false`.
   */
  readonly closedToRpc?: boolean;
  /** Opens `this.ctx` or `this.env` to callers. Default: neither. */
  readonly exposes?: readonly ('ctx' | 'env')[];
  /**
   * Limits of what callers may send, of how many calls the object runs at once, and of how many it has in flight to
   * one target. Default: those of the package.
   */
  readonly callLimits?: CallLimits;
}

/** What one class allows. */
export interface ClassRules {
  readonly limits: Limits;
  /** Throws `CallError` with code `not-callable` where callers may not start with that name. */
  checkEntry(self: object, name: string): void;
  /** Throws `CallError` with code `not-callable` where these may not run a second time for one call. */
  checkRepeat(entries: readonly string[]): void;
  /** Reads for callers. */
  readonly read: Read;
  /** Answers a call that was checked, or lets it wait. */
  readonly answer: Answer;
}

/** Worked out when a class is first called: its decorators have run by then. */
const known = new WeakMap<object, ClassRules>();

/** What the class of an object allows. */
export function rulesOf(self: object): ClassRules {
  const prototype: object = Object.getPrototypeOf(self);
  const rules = known.get(prototype);
  if (rules) return rules;
  const made = makeRules(prototype);
  known.set(prototype, made);
  return made;
}

function makeRules(prototype: object): ClassRules {
  const receiver = prototype.constructor as ReceiverClass & { readonly name: string };
  const exposes = new Set<string>(exposedBy(receiver));
  const { entries, closed, isChosen } = entriesOf(prototype);
  checkClosedToRpc(receiver, isChosen);
  const checkEntry = (self: object, name: string): void => {
    if (name === FacadeEntry.Durable) {
      checkDurable(receiver.name, prototype);
      return;
    }
    if (Object.hasOwn(self, name) ? exposes.has(name) : entries.has(name)) return;
    const what = `${receiver.name} has no method '${name}' that callers may use`;
    throw new CallError('not-callable', `${what}${reasonFor(self, name, entries, closed)}`);
  };
  const limits = checkLimits(receiver.callLimits ?? {});
  const retryable = retryableOf(prototype);
  const checkRepeat = (names: readonly string[]): void => {
    const once = names.find((name) => !retryable.has(name));
    if (once === undefined) return;
    const remedy = `mark it by @retryable(), or name it in static retryable = ['${once}']`;
    const text = `'${once}' of ${receiver.name} does not run again for a call that may have run: ${remedy}`;
    throw new CallError('not-callable', text);
  };
  return {
    limits,
    checkEntry,
    checkRepeat,
    answer: answerOf(prototype, limits),
    read: Object.assign(readFor(checkEntry), { exposes }),
  };
}

/** A class without limits of its own counts nothing. */
function answerOf(prototype: object, limits: Limits): Answer {
  const { running, waiting } = countsOf(limits);
  if (running === MostLimit.running) return answer;
  if (!(prototype instanceof WorkerEntrypoint)) return limited(running, waiting);
  const { name } = prototype.constructor;
  throw invalidOption(
    `callLimits.running of ${name}: a Worker entrypoint has an instance for each call`,
  );
}

function checkDurable(name: string, prototype: object): void {
  if (FacadeEntry.Durable in prototype) return;
  const remedy = "let it extend withDurableCalls(…) of '@lumenize/call/durable'";
  throw new CallError('not-callable', `${name} takes no durable calls: ${remedy}`);
}

/** The reason for a refusal, or a similar name. It reveals only names that callers may reach or have sent. */
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
  if (Object.hasOwn(self, name)) return `: it is an own property: declare get ${name}()`;
  return didYouMean(name, [...entries]);
}

/**
 * Reads a property for a caller: of the target, an entry of its class; of any other value, a member
 * that does not lead around the entries.
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
      throw invalidOption(`static exposes names '${name}': it opens ctx and env only`);
    }
  }
  return exposes;
}
