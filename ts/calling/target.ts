/** Targets: what a binding and an instance name, and the stub through which it is reached. */
import { isObject } from '../runtime/kinds.js';
import type { CallOptions } from '../wasm/lumenize_call.js';
import { CallError, invalidOption } from '../wire/errors.js';
import { explain } from '../wire/explain.js';
import { unknownName } from '../wire/near.js';
import { textOf } from '../wire/text.js';

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
    slotCounts: Uint16Array,
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
  /** The name of the binding, or what is called in its place. */
  readonly binding: string;
  readonly instance: string | undefined;

  constructor(
    /** Whose it is: each object that calls has its own. */
    readonly targets: Targets,
    /** By what it was asked for: the name of a binding, or an object. */
    readonly key: string | object,
    /** As it was named: nothing, where the key is not a namespace. */
    readonly named: Instance,
    private readonly place: Place,
  ) {
    this.binding = place.binding;
    this.instance = place.instance;
  }

  /** Whether both are one object for one caller; the stub through which it is reached may differ. */
  isSame(other: Target): boolean {
    if (this === other) return true;
    const { targets, key, instance } = other;
    return this.targets === targets && this.key === key && this.instance === instance;
  }

  /** Its id, if it is a Durable Object whose id is known here. */
  get id(): DurableObjectId | undefined {
    return this.place.id;
  }

  /**
   * The id that Workers RPC says with an error from there: that of the Durable Object that called; where a
   * Worker did, that of the target, unless the error is a `DOMException`. Found by running it.
   */
  durableObjectIdWith(error: Error): string | undefined {
    const ofTarget = error instanceof DOMException ? undefined : this.place.id;
    return (this.targets.ownId ?? ofTarget)?.toString();
  }

  /** Calls that wait for the end of the turn; it belongs to the outbox. */
  waiting: unknown[] = [];

  get isIdle(): boolean {
    return this.#messagesInFlight === 0 && this.waiting.length === 0;
  }

  /** For one message. One stub keeps the order of calls, so it is kept while any is in flight. */
  take(): Connection {
    this.#connection ??= new Connection(this.place.connect());
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

/** Options of a Durable Object namespace's `get`, with which a stub is made. */
export type StubOptions = Pick<CallOptions, 'locationHint' | 'routingMode' | 'retry'>;

/** Where a target is. */
interface Place {
  readonly binding: string;
  readonly instance: string | undefined;
  readonly id?: DurableObjectId | undefined;
  connect(): Receiver;
}

const ID = /^[0-9a-f]+$/i;
const ID_LENGTH = 64;

/** Idle targets are forgotten once so many are known: an object may call one for each user. */
const KEPT = 1_000;

/** The targets that one object has called, each with its stub. */
export class Targets {
  readonly #env: Readonly<Record<string, unknown>>;
  readonly #exports: Readonly<Record<string, unknown>>;
  /** By the name of a binding. */
  readonly #named = new Map<string, Instances>();
  /** By what stands for the name of a binding, which may be gone before its targets are swept. */
  readonly #unnamed = new WeakMap<object, Instances>();
  /** What stands for the name of a binding, and by what it is known. */
  readonly #keys = new WeakMap<object, string | object>();
  /** Of the object that calls, if that is a Durable Object. */
  readonly ownId: DurableObjectId | undefined;

  /** @param ctx - The context of the object that calls. */
  constructor(env: object, ctx: object | undefined) {
    const { id, exports = {} } = (ctx ?? {}) as { id?: DurableObjectId; exports?: object };
    this.#env = env as Record<string, unknown>;
    this.#exports = exports as Record<string, unknown>;
    this.ownId = id;
  }

  /**
   * The target that a binding, or what stands for one, and an instance name. Throws `CallError` with code
   * `unknown-binding`, `invalid-target`, or `invalid-option` for options that it cannot have.
   *
   * @param options - With these a target has a stub of its own.
   */
  find(binding: string | object, instance: Instance, options?: StubOptions): Target {
    const key = this.#keyOf(binding);
    const instances = this.#instancesOf(key);
    const known = instances.find(instance, options);
    if (known) return known;
    const place = this.#placeOf(key, instance, options);
    return instances.add(new Target(this, key, instance, place), options);
  }

  /** The same target, if it was forgotten meanwhile, or with a stub that is made with options. */
  again({ key, named }: Target, options?: StubOptions): Target {
    return this.find(key, named, options);
  }

  /** What is bound in `env` is known by its name there. */
  #keyOf(binding: string | object): string | object {
    if (!isObject(binding)) return binding;
    let key = this.#keys.get(binding);
    if (!key) {
      key = nameOf(binding, this.#env) ?? binding;
      this.#keys.set(binding, key);
    }
    return key;
  }

  #instancesOf(key: string | object): Instances {
    const instances = isObject(key) ? this.#unnamed.get(key) : this.#named.get(key);
    if (instances) return instances;
    const made = new Instances();
    if (isObject(key)) this.#unnamed.set(key, made);
    // A name that is no binding is refused, and not kept.
    else if (Object.hasOwn(this.#env, key)) this.#named.set(key, made);
    return made;
  }

  #placeOf(key: string | object, instance: Instance, options: StubOptions | undefined): Place {
    const binding = this.#bound(key);
    const name = typeof key === 'string' ? key : (nameOf(key, this.#exports) ?? kindOf(key));
    if (isNamespace(binding)) {
      const id = idOf(binding, name, instance);
      const connect = (): Receiver =>
        binding.get(
          id,
          options as DurableObjectNamespaceGetDurableObjectOptions,
        ) as unknown as Receiver;
      if (options) checkStubOptions(connect);
      return { binding: name, instance: String(instance), id, connect };
    }
    if (!isEntrypoint(binding)) {
      throw invalidTarget(name, 'is neither a Durable Object namespace nor a service or stub');
    }
    if (instance !== undefined) {
      const what = typeof key === 'string' ? 'a Worker entrypoint' : 'a service or a stub';
      throw invalidTarget(name, `is ${what}, which has no instances: pass undefined`);
    }
    if (options) {
      const names = Object.keys(options).join(', ');
      throw invalidOption(`${names}: only a Durable Object namespace makes stubs with options`);
    }
    const { id, name: of = id && String(id) } = isStubOfObject(binding) ? binding : {};
    return { binding: name, instance: of, id, connect: () => binding };
  }

  /** What is called. */
  #bound(key: unknown): unknown {
    if (isObject(key) && isCallable(key)) return key;
    if (typeof key === 'string' && Object.hasOwn(this.#env, key)) return this.#env[key];
    const callable = Object.keys(this.#env).filter((other) => isCallable(this.#env[other]));
    const name = isObject(key) ? explain(key) : String(key);
    throw new CallError('unknown-binding', unknownName('binding', name, callable));
  }
}

/** The targets of one binding, or of what stands for one. */
class Instances {
  /** By name, by id as text; a service has no instance. */
  readonly #byText = new Map<string | undefined, Target>();
  /** By what is an id, as text: that of another namespace may be the name of an object in this one. */
  readonly #byId = new Map<string, Target>();
  /** Those with options for their stubs, by the options as text. */
  readonly #withOptions = new Map<string, Instances>();
  #sweepAt = KEPT;

  find(instance: Instance, options: StubOptions | undefined): Target | undefined {
    if (options) return this.#withOptions.get(JSON.stringify(options))?.find(instance, undefined);
    if (!isObject(instance)) return this.#byText.get(instance);
    return isId(instance) ? this.#byId.get(String(instance)) : undefined;
  }

  /** Keeps a target, and returns the one that is kept: an id and its text name the same one. */
  add(target: Target, options: StubOptions | undefined): Target {
    if (options) {
      const key = JSON.stringify(options);
      const instances = this.#withOptions.get(key) ?? new Instances();
      if (this.#withOptions.size >= KEPT) this.#forgetIdle();
      this.#withOptions.set(key, instances);
      return instances.add(target, undefined);
    }
    if (this.#size >= this.#sweepAt) {
      this.#forgetIdle();
      this.#sweepAt = Math.max(KEPT, 2 * this.#size);
    }
    const { named, id } = target;
    const isById = id !== undefined && (isObject(named) || named?.toLowerCase() === String(id));
    const kept = isById ? (this.#byId.get(String(id)) ?? target) : target;
    if (isById) this.#byId.set(String(id), kept);
    if (!isObject(named)) this.#byText.set(named, kept);
    return kept;
  }

  get #size(): number {
    return this.#byText.size + this.#byId.size;
  }

  /** An object may call one for each user. */
  #forgetIdle(): void {
    for (const targets of [this.#byText, this.#byId] as Map<unknown, Target>[]) {
      for (const [key, target] of targets) if (target.isIdle) targets.delete(key);
    }
    for (const [key, instances] of this.#withOptions) {
      instances.#forgetIdle();
      if (instances.#size === 0) this.#withOptions.delete(key);
    }
  }
}

/** The name by which an object is a property of another one. */
function nameOf(value: object, of: Readonly<Record<string, unknown>>): string | undefined {
  return Object.keys(of).find((name) => of[name] === value);
}

/** What stands for the name of a binding that has none. */
function kindOf(value: object): string {
  return isNamespace(value) ? 'namespace' : 'stub';
}

function checkStubOptions(connect: () => Receiver): void {
  try {
    connect();
  } catch (cause) {
    throw invalidOption(`the namespace refuses the options: ${textOf(cause)}`, cause);
  }
}

/** A Durable Object id as text; capitals make no difference. */
function isIdText(instance: string): boolean {
  return instance.length === ID_LENGTH && ID.test(instance);
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
      `is a Durable Object namespace: name an instance, as in ctn('${binding}', 'main')`,
    );
  }
  if (typeof instance === 'string') {
    return (isIdText(instance) && idOfText(namespace, instance)) || namespace.idFromName(instance);
  }
  try {
    namespace.get(instance);
    // Locally, `get` takes the id of another namespace.
    namespace.idFromString(String(instance));
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

/** Whether it is the stub of a Durable Object that this object has made: one that came by RPC does not know its id. */
function isStubOfObject(
  stub: object,
): stub is { readonly id: DurableObjectId; readonly name?: string } {
  return Object.hasOwn(stub, 'id') && isId(Reflect.get(stub, 'id'));
}

function isCallable(binding: unknown): boolean {
  return isNamespace(binding) || isEntrypoint(binding);
}

function isId(instance: unknown): instance is DurableObjectId {
  return prototypeHas(instance, 'equals');
}

function prototypeHas(value: unknown, name: string): boolean {
  if (!isObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return typeof prototype === 'object' && prototype !== null && name in prototype;
}
