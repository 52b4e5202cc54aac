/** Which disposers have run, and which have to run, when a plan is over. */
import type { Notes } from './notes.js';

/** Milliseconds after which nobody waits for disposers any more. */
const PATIENCE = 400;

export class Disposers {
  /** Calls whose results have been released. */
  readonly #released = new Set<number>();

  /** @param ping - A round trip to each target. */
  constructor(
    readonly notes: Notes,
    readonly ping: () => Promise<unknown>,
  ) {}

  /** The result of a call is released by now: what it holds has to be disposed. */
  release(id: number): void {
    this.#released.add(id);
  }

  /** What was disposed, when everything has been that has to be, and some time for what should not. */
  async disposed(): Promise<string[]> {
    const { made, disposed } = this.notes;
    if (made.size === 0) return [];
    const end = Date.now() + PATIENCE;
    while (!this.#areDone() && Date.now() < end) await scheduler.wait(1);
    await this.ping();
    await this.ping();
    return disposed.filter((name) => !this.#isLost(name)).toSorted();
  }

  #areDone(): boolean {
    const disposed = new Set(this.notes.disposed);
    return [...this.notes.made].every((name) => disposed.has(name) || !this.#isDue(name));
  }

  /**
   * Whether nobody promises that it is ever disposed: the request of an entrypoint may be over before the
   * disposers of its results have run, by Workers RPC too.
   */
  #isLost(name: string): boolean {
    const { calls, plan } = this.notes;
    const call = calls[callOf(name)];
    return name.startsWith('result') && plan.targets[call?.to ?? -1] === 'entrypoint';
  }

  #isDue(name: string): boolean {
    const call = this.notes.calls[callOf(name)];
    if (!call || !this.notes.seenOf(call.id).began) return false;
    // Deep inside of a result, the runtime carries no disposer and runs none.
    if (this.#isLost(name) || name.endsWith('.deep')) return false;
    return name.startsWith('argument') || call.chain !== 'none' || this.#released.has(call.id);
  }
}

function callOf(name: string): number {
  return Number(/of call (\d+)/.exec(name)?.[1]);
}

/** As `using` does, where the value has a disposer at all. */
export function dispose(value: unknown): void {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return;
  (value as Partial<Disposable>)[Symbol.dispose]?.();
}
