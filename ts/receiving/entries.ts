/** Entries: the members of a class with which a chain may start. */

import { DurableObject, WorkerEntrypoint } from '#workers';
import { isEntry } from '../wire/core.js';
import { invalidOption } from '../wire/errors.js';
import type { ReceiverClass } from './expose.js';
import { listOf, marksOf } from './marks.js';

/** Prototypes that separate a class's own members, below, from a wrapped base, above. */
const boundaries = new WeakSet<object>();

/** Marks a prototype whose base class was not written to be called. */
export function addBoundary(prototype: object): void {
  boundaries.add(prototype);
}

/** Prototypes whose members callers never reach. */
const ROOTS: readonly unknown[] = [
  DurableObject.prototype,
  WorkerEntrypoint.prototype,
  Object.prototype,
  null,
];

export function prototypesOf(prototype: object): object[] {
  const prototypes: object[] = [];
  for (let at = prototype; !ROOTS.includes(at); at = Object.getPrototypeOf(at)) prototypes.push(at);
  return prototypes;
}

/** The members that can be entries unless the class closes them. */
function candidatesOf(prototype: object, prototypes: readonly object[]): string[] {
  const isWorker = prototype instanceof WorkerEntrypoint;
  return prototypes
    .flatMap((at) => Object.getOwnPropertyNames(at))
    .filter((name) => isEntry(name, isWorker));
}

/** The entries of a class. */
interface Entries {
  readonly entries: ReadonlySet<string>;
  /** Members that are not entries. */
  readonly closed: readonly string[];
  /** Whether a list or a mark in the class chooses them. */
  readonly isChosen: boolean;
}

export function entriesOf(prototype: object): Entries {
  const prototypes = prototypesOf(prototype);
  const boundary = prototypes.findIndex((each) => boundaries.has(each));
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

/** The names that a class opens, and whether a list names them. A list is complete. */
interface Choice {
  readonly names: readonly string[];
  readonly isList: boolean;
}

/**
 * The names that a class opens; `undefined` if it does not choose. A list in a subclass replaces those
 * above it, and marks add to the list. Throws `CallError` with code `invalid-option` for a name
 * that is not a member, so a class that chooses wrongly opens nothing.
 */
function chosenIn(prototypes: readonly object[], members: Set<string>): Choice | undefined {
  const names: string[] = [];
  for (const prototype of prototypes) {
    const { name: owner } = prototype.constructor;
    const marks = marksOf(prototype, 'callable');
    checkMembers(marks, members, `a mark of @callable() on ${owner}`);
    names.push(...marks);
    const listed = listOf(prototype, 'callable');
    if (listed === undefined) continue;
    if (!Array.isArray(listed)) {
      throw invalidOption(`static callable of ${owner} is no list of names`);
    }
    checkMembers(listed, members, `static callable of ${owner}`);
    return { names: [...names, ...listed], isList: true };
  }
  return names.length > 0 ? { names, isList: false } : undefined;
}

/** The members that may run again for one call: marked ones, and those of the nearest list. */
export function retryableOf(prototype: object): ReadonlySet<string> {
  const prototypes = prototypesOf(prototype);
  const members = new Set(prototypes.flatMap((at) => Object.getOwnPropertyNames(at)));
  const names = prototypes.flatMap((at) => marksOf(at, 'retryable'));
  const { name: owner, retryable: listed = [] } = prototype.constructor as ReceiverClass & {
    readonly name: string;
  };
  if (!Array.isArray(listed))
    throw invalidOption(`static retryable of ${owner} is no list of names`);
  checkMembers(listed, members, `static retryable of ${owner}`);
  return new Set([...names, ...listed]);
}

function checkMembers(names: readonly string[], members: Set<string>, what: string): void {
  const unknown = names.find((name) => !members.has(name));
  if (unknown === undefined) return;
  throw invalidOption(`${what} names '${unknown}', which is no member of it`);
}
