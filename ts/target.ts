/** Targets: what a binding and an instance name, and the stub through which it is reached. */
import leven from 'leven';
import { CallError } from './errors.js';
import { explain } from './record.js';

/** The two methods of a receiver: for a call that travels alone, and for several. */
export interface Receiver {
  __lmzCall(frame: string, ...slots: readonly unknown[]): PromiseLike<unknown>;
  /**
   * @param frames - The programs, each that differs once.
   * @param slotCounts - How many slots each of them takes.
   * @param which - For each call its frame, by number.
   * @param slots - Those of all calls, one after the other.
   * @returns `[which, outcomes, rest]`: of the calls that are ready, by number; without `which`, of
   *   all in their order. `rest` is there until all are: a stub with `next()`, which returns the next
   *   `[which, outcomes]`; `fetch(call)`, which returns a result that only the runtime can carry; and
   *   `stop()`, for a caller that wants no more.
   */
  __lmzCalls(
    frames: readonly string[],
    slotCounts: readonly number[],
    which: Uint16Array,
    slots: readonly unknown[],
  ): PromiseLike<unknown>;
}

/**
 * A stub with its two methods. Reading a method off a stub makes an object of the runtime's, which
 * costs a twentieth of a call: it is read once.
 */
export class Connection {
  readonly #stub: Receiver;
  #callOne: Receiver['__lmzCall'] | undefined;
  #callSeveral: Receiver['__lmzCalls'] | undefined;

  constructor(stub: Receiver) {
    this.#stub = stub;
  }

  callOne(frame: string, slots: readonly unknown[]): PromiseLike<unknown> {
    this.#callOne ??= this.#stub.__lmzCall;
    // It knows its stub; `call` and `apply` of it would be remote methods.
    const callOne = this.#callOne;
    return callOne(frame, ...slots);
  }

  callSeveral(...message: Parameters<Receiver['__lmzCalls']>): PromiseLike<unknown> {
    this.#callSeveral ??= this.#stub.__lmzCalls;
    const callSeveral = this.#callSeveral;
    return callSeveral(...message);
  }
}

/** One Durable Object or Worker entrypoint, as its caller knows it. */
export class Target {
  #connection: Connection | undefined;
  #messagesInFlight = 0;

  constructor(
    readonly binding: string,
    readonly instance: string | undefined,
    private readonly connect: () => Receiver,
    private readonly id: DurableObjectId | undefined,
    private readonly callerId: DurableObjectId | undefined,
  ) {}

  /**
   * The id that Workers RPC says with an error from there: that of the Durable Object that called; where a
   * Worker did, that of the target, unless the error is a `DOMException`. Found by running it.
   */
  durableObjectIdWith(error: Error): string | undefined {
    const ofTarget = error instanceof DOMException ? undefined : this.id;
    return (this.callerId ?? ofTarget)?.toString();
  }

  /** Calls that wait for the end of the turn; it belongs to the outbox. */
  waiting: unknown[] = [];

  get isIdle(): boolean {
    return this.#messagesInFlight === 0 && this.waiting.length === 0;
  }

  /** For one message. One stub keeps the order of calls, so it is kept while any is in flight. */
  take(): Connection {
    this.#connection ??= new Connection(this.connect());
    this.#messagesInFlight += 1;
    return this.#connection;
  }

  /**
   * Ends one message, if it had a connection. One that a failure has broken is forgotten, unless another
   * has replaced it.
   */
  giveBack(connection: Connection | undefined, isHealthy: boolean): void {
    if (!connection) return;
    this.#messagesInFlight -= 1;
    if (!isHealthy) this.forget(connection);
  }

  /** A stub breaks unseen when its object is reset while no message is there to fail. */
  forgetUnused(): void {
    if (this.isIdle) this.#connection = undefined;
  }

  /** Forgets one that a failure has broken. */
  forget(connection: Connection): void {
    if (this.#connection === connection) this.#connection = undefined;
  }
}

/** What a caller may pass for the instance of a Durable Object. */
export type Instance = string | DurableObjectId | undefined;

const ID = /^[0-9a-f]+$/i;
const ID_LENGTH = 64;

/** Idle targets are forgotten once so many are known: an object may call one for each user. */
const KEPT = 1_000;

/** The targets that one object has called, each with its stub. */
export class Targets {
  readonly #env: Readonly<Record<string, unknown>>;
  /** By binding and instance; a service has none. */
  readonly #targets = new Map<string, Map<string | undefined, Target>>();
  #count = 0;
  #sweepAt = KEPT;
  readonly #ownId: DurableObjectId | undefined;
  /** Calls mostly go where the one before them went. */
  #latest: Target | undefined;
  #latestInstance: Instance;

  /**
   * @param ctx - The context of the object that calls, if that is a Durable Object.
   */
  constructor(env: object, ctx: object | undefined) {
    this.#env = env as Record<string, unknown>;
    this.#ownId = (ctx as { id?: DurableObjectId } | undefined)?.id;
  }

  /**
   * The target that a binding and an instance name. Throws `CallError` with code
   * `unknown-binding` or `invalid-target`.
   */
  find(binding: string, instance: Instance): Target {
    const latest = this.#latest;
    if (latest && binding === latest.binding && instance === this.#latestInstance) return latest;
    const target = this.#find(binding, instance);
    this.#latest = target;
    this.#latestInstance = instance;
    return target;
  }

  #find(binding: string, instance: Instance): Target {
    const key = keyOf(instance);
    const known = this.#targets.get(binding)?.get(key);
    if (known) return known;
    const target = this.#create(binding, instance);
    if (this.#count >= this.#sweepAt) this.#sweep();
    let ofBinding = this.#targets.get(binding);
    if (!ofBinding) {
      ofBinding = new Map();
      this.#targets.set(binding, ofBinding);
    }
    ofBinding.set(key, target);
    this.#count += 1;
    return target;
  }

  #create(name: string, instance: Instance): Target {
    if (typeof name !== 'string' || !Object.hasOwn(this.#env, name)) {
      const callable = Object.keys(this.#env).filter((other) => isCallable(this.#env[other]));
      throw new CallError('unknown-binding', unknownName('binding', String(name), callable));
    }
    const binding = this.#env[name];
    if (isNamespace(binding)) {
      const id = idOf(binding, name, instance);
      const connect = (): Receiver => binding.get(id) as unknown as Receiver;
      return new Target(name, String(instance), connect, id, this.#ownId);
    }
    if (!isEntrypoint(binding)) {
      throw invalidTarget(name, 'is neither a Durable Object namespace nor a service');
    }
    if (instance === undefined) {
      return new Target(name, instance, () => binding, undefined, this.#ownId);
    }
    throw invalidTarget(name, 'is a Worker entrypoint, which has no instances: pass undefined');
  }

  #sweep(): void {
    for (const ofBinding of this.#targets.values()) {
      for (const [key, target] of ofBinding) {
        if (!target.isIdle) continue;
        ofBinding.delete(key);
        this.#count -= 1;
      }
    }
    this.#sweepAt = Math.max(KEPT, 2 * this.#count);
  }
}

/** An id has the same key as its text. What names no target has a key that no target has. */
function keyOf(instance: Instance): string | undefined {
  if (typeof instance === 'string') return instance;
  if (instance === undefined) return undefined;
  return isId(instance) ? String(instance) : '';
}

/** A Durable Object id as text; capitals make no difference. */
function isIdText(instance: string): boolean {
  return instance.length === ID_LENGTH && ID.test(instance);
}

/** What to say of a name that nobody knows: the known names near to it, or else all of them. */
export function unknownName(what: string, name: string, known: readonly string[]): string {
  const near = nearTo(name, known);
  if (near) return `unknown ${what} '${name}': did you mean ${near}?`;
  return `unknown ${what} '${name}': there is ${known.join(', ') || 'none'}`;
}

/** The known names near to one, the nearest first: `'a' or 'b'`. */
export function nearTo(name: string, known: readonly string[]): string {
  return known
    .map((other) => ({ other, distance: leven(name.toUpperCase(), other.toUpperCase()) }))
    .filter(({ other, distance }) => distance <= Math.max(2, other.length / 3))
    .sort((a, b) => a.distance - b.distance)
    .map(({ other }) => `'${other}'`)
    .join(' or ');
}

/** The id of an instance: of a name, of an id as text, or an id itself. */
function idOf(
  namespace: DurableObjectNamespace,
  binding: string,
  instance: Instance,
): DurableObjectId {
  if (instance === undefined || instance === '') {
    throw invalidTarget(
      binding,
      `is a Durable Object namespace: name an instance, as in call('${binding}', 'main', …)`,
    );
  }
  if (typeof instance === 'string') {
    return (isIdText(instance) && idOfText(namespace, instance)) || namespace.idFromName(instance);
  }
  try {
    namespace.get(instance);
    return instance;
  } catch (cause) {
    const message = `has no instance ${explain(instance)}: pass a name or one of its ids`;
    throw invalidTarget(binding, message, cause);
  }
}

/** What looks like an id may be a name: a hash has as many digits. */
function idOfText(namespace: DurableObjectNamespace, text: string): DurableObjectId | undefined {
  try {
    const id = namespace.idFromString(text);
    namespace.get(id);
    return id;
  } catch {
    return undefined;
  }
}

function invalidTarget(binding: string, what: string, cause?: unknown): CallError {
  return new CallError('invalid-target', `the binding '${binding}' ${what}`, { binding, cause });
}

/**
 * The prototypes are asked, not the bindings: a service answers for every property, since each may
 * be a method of the entrypoint behind it.
 */
function isNamespace(binding: unknown): binding is DurableObjectNamespace {
  return prototypeHas(binding, 'getByName');
}

function isEntrypoint(binding: unknown): binding is Receiver {
  return prototypeHas(binding, 'fetch') && prototypeHas(binding, 'connect');
}

function isCallable(binding: unknown): boolean {
  return isNamespace(binding) || isEntrypoint(binding);
}

function isId(instance: unknown): instance is DurableObjectId {
  return prototypeHas(instance, 'equals');
}

function prototypeHas(value: unknown, name: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return typeof prototype === 'object' && prototype !== null && name in prototype;
}
