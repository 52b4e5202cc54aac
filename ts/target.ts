/** Targets: what a binding and an instance name, and the stub through which it is reached. */
import leven from 'leven';
import { CallError } from './errors.js';

/** The one method of a receiver. */
export interface Receiver {
  __lmzCall(frame: Uint8Array, ...slots: readonly unknown[]): PromiseLike<unknown>;
}

/** One Durable Object or Worker entrypoint, as its caller knows it. */
export interface Target {
  readonly binding: string;
  readonly instance: string | undefined;
  /** The stub in use. One stub keeps the order of calls, so it is kept while it is healthy. */
  stub(): Receiver;
  /** Forgets the stub, which a failure has broken; the next call gets a fresh one. */
  dropStub(): void;
}

/** What a caller may pass for the instance of a Durable Object. */
export type Instance = string | DurableObjectId | undefined;

/** A Durable Object id as text. */
const ID = /^[0-9a-f]{64}$/i;

/** The targets that one object has called, each with its stub. */
export class Targets {
  readonly #env: object;
  readonly #targets = new Map<string, Target>();

  constructor(env: object) {
    this.#env = env;
  }

  /**
   * The target that a binding and an instance name. Throws `CallError` with code
   * `unknown-binding` or `invalid-target`.
   */
  find(binding: string, instance: Instance): Target {
    const key = instance === undefined ? binding : `${binding}/${instance}`;
    const known = this.#targets.get(key);
    if (known) return known;
    const target = createTarget(this.#binding(binding), binding, instance);
    this.#targets.set(key, target);
    return target;
  }

  #binding(name: string): object {
    const env = this.#env as Record<string, unknown>;
    if (typeof name !== 'string' || !Object.hasOwn(env, name)) {
      throw new CallError(
        'unknown-binding',
        unknownName('binding', String(name), Object.keys(env)),
      );
    }
    const binding = env[name];
    if (isNamespace(binding) || isEntrypoint(binding)) return binding;
    throw new CallError(
      'invalid-target',
      `the binding '${name}' is neither a Durable Object namespace nor a service`,
      { binding: name },
    );
  }
}

/** What to say of a name that nobody knows: the known names near to it, or else all of them. */
export function unknownName(what: string, name: string, known: readonly string[]): string {
  const near = known
    .map((other) => ({ other, distance: leven(name.toUpperCase(), other.toUpperCase()) }))
    .filter(({ other, distance }) => distance <= Math.max(2, other.length / 3))
    .sort((a, b) => a.distance - b.distance)
    .map(({ other }) => `'${other}'`);
  if (near.length > 0) return `unknown ${what} '${name}': did you mean ${near.join(' or ')}?`;
  return `unknown ${what} '${name}': there is ${known.join(', ') || 'none'}`;
}

function createTarget(binding: object, name: string, instance: Instance): Target {
  if (!isNamespace(binding)) return entrypoint(binding, name, instance);
  const connect = connector(binding, name, instance);
  let stub: Receiver | undefined = connect();
  return {
    binding: name,
    instance: String(instance),
    stub: () => (stub ??= connect()),
    dropStub: () => {
      stub = undefined;
    },
  };
}

function entrypoint(binding: object, name: string, instance: Instance): Target {
  if (instance !== undefined) {
    throw new CallError(
      'invalid-target',
      `the binding '${name}' is a Worker entrypoint, which has no instances: pass undefined`,
      { binding: name },
    );
  }
  return { binding: name, instance, stub: () => binding as Receiver, dropStub: () => {} };
}

/** How to make a stub: by name, by id as text, or by id. */
function connector(
  namespace: DurableObjectNamespace,
  binding: string,
  instance: Instance,
): () => Receiver {
  if (instance === undefined || instance === '') {
    throw new CallError(
      'invalid-target',
      `the binding '${binding}' is a Durable Object namespace: name an instance, ` +
        `as in call('${binding}', 'main', …)`,
      { binding },
    );
  }
  if (typeof instance === 'string' && !ID.test(instance)) {
    return () => namespace.getByName(instance) as unknown as Receiver;
  }
  try {
    const id = typeof instance === 'string' ? namespace.idFromString(instance) : instance;
    namespace.get(id);
    return () => namespace.get(id) as unknown as Receiver;
  } catch (cause) {
    throw new CallError(
      'invalid-target',
      `${instance} is neither a name nor an id of the namespace '${binding}'`,
      { binding, cause },
    );
  }
}

/**
 * The prototypes are asked, not the bindings: a service answers for every property, since each may
 * be a method of the entrypoint behind it.
 */
function isNamespace(binding: unknown): binding is DurableObjectNamespace {
  return prototypeHas(binding, 'getByName');
}

function isEntrypoint(binding: unknown): binding is object {
  return prototypeHas(binding, 'fetch') && prototypeHas(binding, 'connect');
}

function prototypeHas(value: unknown, name: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return typeof prototype === 'object' && prototype !== null && name in prototype;
}
