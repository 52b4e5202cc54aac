/** The decorators `@callable()` and `@retryable()`, in both dialects. */

import { isDataObject } from '../runtime/kinds.js';
import { type CallError, invalidOption } from '../wire/errors.js';
import { unshadow } from './closed-to-rpc.js';
import { prototypesOf } from './entries.js';
import { type Mark, mark } from './marks.js';

/**
 * Marks a method or getter as callable by other objects. Once one is marked, or named in
 * `static callable`, callers reach no other. It works as a standard (TC39) and as a legacy
 * (`experimentalDecorators`) decorator. A mark is of the class and the name: other decorators around it
 * and spies do not lose it.
 *
 * @throws `CallError` with code `invalid-option` where it stands on anything else: a field, a static or
 *   a private member; and where its parentheses are left out.
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
export function callable(...misused: never[]): CallableDecorator {
  return marking('callable', misused);
}

/**
 * Marks a method that may run again for one call, since that changes nothing: a call of it with `{ retry }` is
 * repeated after failures after which it may have run, too. `static retryable` is the same as a list. It works as
 * `@callable()` does, and opens nothing to callers.
 *
 * @throws `CallError` with code `invalid-option`, as `callable` does.
 * @example
 * ```ts
 * class Users extends LumenizeBase<Env> {
 *   @retryable()
 *   getUser(id: string): User {
 *     return { id, name: 'Ada' };
 *   }
 * }
 * ```
 */
export function retryable(...misused: never[]): CallableDecorator {
  return marking('retryable', misused);
}

function marking(as: Mark, misused: readonly never[]): CallableDecorator {
  if (misused.length > 0) throw invalidOption(`write @${as}(), with parentheses`);
  const misplaced = (name: unknown): CallError => {
    const what = typeof name === 'object' ? 'this' : String(name);
    return invalidOption(
      `@${as}() marks public methods and getters of instances, which ${what} is not`,
    );
  };
  return (target: unknown, context: unknown, descriptor?: PropertyDescriptor): void => {
    if (isStandard(context)) {
      const { name, kind } = context;
      const isMember = kind === 'method' || kind === 'getter';
      if (!isMember || context.static || context.private) throw misplaced(name);
      // Runs for each object: the class does not exist yet when its members are decorated.
      context.addInitializer(function (this: unknown) {
        mark(ownerOf(this as object, String(name), target), String(name), target, as);
        if (as === 'callable') unshadow(this as object, String(name));
      });
    } else {
      const member: unknown = descriptor?.value ?? descriptor?.get;
      const isStatic = typeof target === 'function';
      if (typeof member !== 'function' || typeof context !== 'string' || isStatic) {
        throw misplaced(context);
      }
      mark(target as object, context, member, as);
    }
  };
}

/**
 * The prototype to which a member belongs: the one that has it, or, if the member was wrapped
 * in the meantime, the nearest one with its name.
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
  return isDataObject(context) && 'addInitializer' in context;
}

/** A decorator in both dialects. */
export interface CallableDecorator {
  (
    member: (...args: never) => unknown,
    context: ClassMethodDecoratorContext | ClassGetterDecoratorContext,
  ): void;
  (prototype: object, name: string, descriptor: PropertyDescriptor): void;
}
