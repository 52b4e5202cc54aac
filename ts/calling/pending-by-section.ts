/**
 * The pending calls of one object: one table whose timer fires while no section keeps
 * other events out of the object, and one table for each section, whose timer was made inside it.
 */

import { type Section, sectionOf } from '../runtime/sections.js';
import type { PendingCall } from './era.js';
import { Pending } from './pending.js';

export class PendingBySection<C extends PendingCall> {
  readonly #ctx: object | undefined;
  readonly #onDue: (calls: readonly C[]) => void;
  readonly #onIdle: () => void;
  readonly #main: Pending<C>;
  readonly #inSections = new Map<Section, Pending<C>>();

  /**
   * @param ctx - The context of the object, by which its sections are known.
   * @param onDue - Receives calls whose deadlines have come, taken out of their table.
   * @param onIdle - Runs when a table has been without calls for a few microtasks.
   */
  constructor(ctx: object | undefined, onDue: (calls: readonly C[]) => void, onIdle: () => void) {
    this.#ctx = ctx;
    this.#onDue = onDue;
    this.#onIdle = onIdle;
    this.#main = new Pending<C>(onDue, onIdle);
  }

  /** The table for a call that is made now. */
  now(): Pending<C> {
    const section = sectionOf(this.#ctx);
    if (!section) return this.#main;
    let pending = this.#inSections.get(section);
    if (!pending) {
      const made = new Pending<C>(this.#onDue, () => {
        if (made.size === 0) this.#inSections.delete(section);
        this.#onIdle();
      });
      this.#inSections.set(section, made);
      pending = made;
    }
    return pending;
  }

  /** How many calls wait. */
  get size(): number {
    let size = this.#main.size;
    for (const pending of this.#inSections.values()) size += pending.size;
    return size;
  }

  /** Whether a table is about to say that it is idle. */
  get isIdling(): boolean {
    if (this.#main.isIdling || this.#inSections.size === 0) return this.#main.isIdling;
    return [...this.#inSections.values()].some((each) => each.isIdling);
  }
}
