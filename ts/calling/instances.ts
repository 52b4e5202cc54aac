/** The instances of one binding, each with its target, and the ids that name them. */

import { isObject } from '../runtime/kinds.js';
import { explain } from '../wire/explain.js';
import type { Instance, StubOptions, Target } from './target.js';
import { invalidTarget, prototypeHas } from './targets.js';

const ID = /^[0-9a-f]+$/i;

const ID_LENGTH = 64;

/** Idle targets are forgotten beyond this number: an object may call one target for each user. */
const KEPT = 1_000;

/** The targets of one binding, or of what stands for one. */
export class Instances {
  /** By name, or by id as text. A service has no instance. */
  readonly #byText = new Map<string | undefined, Target>();
  /** By id, as text. An id of another namespace may be the name of an object in this one. */
  readonly #byId = new Map<string, Target>();
  /** Those with options for their stubs, by the options as text. */
  readonly #withOptions = new Map<string, Instances>();
  #sweepAt = KEPT;

  find(instance: Instance, options: StubOptions | undefined): Target | undefined {
    if (options) return this.#withOptions.get(JSON.stringify(options))?.find(instance, undefined);
    if (!isObject(instance)) return this.#byText.get(instance);
    return isId(instance) ? this.#byId.get(String(instance)) : undefined;
  }

  /** Keeps a target and returns the kept one: an id and its text name the same target. */
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
      for (const [key, target] of targets) if (target.isUnused) targets.delete(key);
    }
    for (const [key, instances] of this.#withOptions) {
      instances.#forgetIdle();
      if (instances.#size === 0) this.#withOptions.delete(key);
    }
  }
}

/** A Durable Object id as text; capitals make no difference. */
function isIdText(instance: string): boolean {
  return instance.length === ID_LENGTH && ID.test(instance);
}

/** The id of an instance: of a name, of an id as text, or an id itself. */
export function idOf(
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

/** The id that a text spells, if it is one: a hash of as many digits may be a name. */
function idOfText(namespace: DurableObjectNamespace, text: string): DurableObjectId | undefined {
  try {
    const id = namespace.idFromString(text);
    namespace.get(id);
    return id;
  } catch {
    return undefined;
  }
}

export function isId(instance: unknown): instance is DurableObjectId {
  return prototypeHas(instance, 'equals');
}
