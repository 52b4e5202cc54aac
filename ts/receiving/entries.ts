/** The members of a class with which callers may start. */

import { DurableObject, WorkerEntrypoint } from '#workers';
import { isEntry } from '../wire/core.js';
import { CallError } from '../wire/errors.js';
import { listOf, marksOf } from './marks.js';

/** Prototypes below which the members of a class are its own: those above were wrapped. */
const boundaries = new WeakSet<object>();

/** Says that what a prototype extends was not written to be called. */
export function addBoundary(prototype: object): void {
  boundaries.add(prototype);
}

/** Where the members end that callers may reach. */
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

export function entriesOf(prototype: object): Entries {
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
