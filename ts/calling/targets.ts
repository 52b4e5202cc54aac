/** Finding targets: what a binding, or what stands for one, and an instance name. */

import { isDataObject, isObject } from '../runtime/kinds.js';
import { CallError, invalidOption } from '../wire/errors.js';
import { explain } from '../wire/explain.js';
import { unknownName } from '../wire/near.js';
import type { Receiver } from '../wire/protocol.js';
import { textOf } from '../wire/text.js';
import { Instances, idOf, isId } from './instances.js';
import { type Instance, type Place, type StubOptions, Target } from './target.js';

/** The targets that one object has called, each with its stub. */
export class Targets {
  readonly #env: Readonly<Record<string, unknown>>;
  readonly #exports: Readonly<Record<string, unknown>>;
  /** By the name of a binding. */
  readonly #named = new Map<string, Instances>();
  /** By the object passed instead of a binding's name. Entries go with it. */
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
      throw invalidTarget(
        name,
        `is ${what}, which has no instances: leave it out, or pass undefined where the remote follows`,
      );
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
    if (key === undefined || key === null) {
      const message = `the target is ${key}: is the binding there in this environment?`;
      throw new CallError('unknown-binding', message);
    }
    const callable = Object.keys(this.#env).filter((other) => isCallable(this.#env[other]));
    const name = isObject(key) ? explain(key) : String(key);
    throw new CallError('unknown-binding', unknownName('binding', name, callable));
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

export function invalidTarget(binding: string, what: string, cause?: unknown): CallError {
  return new CallError('invalid-target', `the binding '${binding}' ${what}`, { binding, cause });
}

/**
 * Checks prototypes instead of bindings: a service answers for every property, because each may
 * be a method of the entrypoint behind it.
 */
function isNamespace(binding: unknown): binding is DurableObjectNamespace {
  return prototypeHas(binding, 'getByName');
}

function isEntrypoint(binding: unknown): binding is Receiver {
  return prototypeHas(binding, 'fetch') && prototypeHas(binding, 'connect');
}

/** Whether this object made the stub of a Durable Object. A received stub does not know its id. */
function isStubOfObject(
  stub: object,
): stub is { readonly id: DurableObjectId; readonly name?: string } {
  return Object.hasOwn(stub, 'id') && isId(Reflect.get(stub, 'id'));
}

function isCallable(binding: unknown): boolean {
  return isNamespace(binding) || isEntrypoint(binding);
}

/** Whether the first argument of a call stands for a target, whatever follows it. */
export function mayBeTarget(first: unknown): boolean {
  return typeof first === 'string' || isCallable(first);
}

export function prototypeHas(value: unknown, name: string): boolean {
  if (!isObject(value)) return false;
  try {
    const prototype: unknown = Object.getPrototypeOf(value);
    return isDataObject(prototype) && name in prototype;
  } catch {
    // A revoked proxy.
    return false;
  }
}
