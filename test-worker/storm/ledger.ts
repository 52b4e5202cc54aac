/**
 * The ledger: what became of each call, kept outside of all objects, which are reset. All times are of the
 * clock as it was before the storm set it.
 */

/** A pseudo-random number from 0 to below 1: mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const trueTime: () => number = performance.now.bind(performance);

/** A call as it was made. */
export interface Entry {
  readonly id: number;
  readonly kind: string;
  /** Which instance made it: an object that was reset is another. */
  readonly caller: number;
  readonly target: string;
  readonly madeAt: number;
  readonly timeout: number;
  settled: number;
  /** Whether a method of it is seen to have begun. */
  hasRun: boolean;
  /** Nothing is asked of it: its caller was reset while it was pending. */
  isForgotten: boolean;
}

/** Milliseconds after its deadline by which a call has to be settled: as long as a section may block. */
const GRACE = 5_000;
/** Milliseconds by which clocks of whole milliseconds may differ. */
const TICK = 2;

export class Ledger {
  readonly #open = new Map<number, Entry>();
  /** Instances that were reset: nothing is asked of their calls. */
  readonly #sunk = new Set<number>();
  /** The latest call of a caller that began at a target, by both instances. */
  readonly #latest = new Map<string, number>();
  readonly outcomes: Record<string, number> = {};
  readonly faults: Record<string, number> = {};
  readonly violations: string[] = [];
  made = 0;
  #instances = 0;

  /** @param breaks - What the ledger does wrong on purpose, to show that it would be seen. */
  constructor(readonly breaks?: 'settles twice' | 'swaps an order') {}

  newInstance(): number {
    this.#instances += 1;
    return this.#instances;
  }

  open(kind: string, caller: number, target: string, timeout: number): Entry {
    this.made += 1;
    const entry: Entry = {
      id: this.made,
      kind,
      caller,
      target,
      madeAt: trueTime(),
      timeout,
      settled: 0,
      hasRun: false,
      isForgotten: this.#sunk.has(caller),
    };
    if (!entry.isForgotten) this.#open.set(entry.id, entry);
    return entry;
  }

  /** A method began at an instance of its target. */
  begin(id: number, target: number): void {
    const entry = this.#open.get(id);
    if (entry) entry.hasRun = true;
    const caller = entry?.caller;
    if (caller === undefined) return;
    const pair = `${caller} ${target}`;
    const latest = this.#latest.get(pair) ?? 0;
    const isSwapped = this.breaks === 'swaps an order' && id % 100 === 0;
    if (id < latest || isSwapped) this.#say(`call ${id} began after ${latest}`, entry);
    this.#latest.set(pair, Math.max(id, latest));
  }

  settle(entry: Entry, outcome: string, { isRight = true, mayHaveRun = true } = {}): void {
    entry.settled += this.breaks === 'settles twice' && entry.id % 100 === 0 ? 2 : 1;
    this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
    const waited = trueTime() - entry.madeAt;
    if (entry.settled > 1) this.#say('settled twice', entry);
    if (!isRight) this.#say(`came to ${outcome}`, entry);
    if (!mayHaveRun && entry.hasRun) this.#say(`${outcome} says that it has not run`, entry);
    if (outcome === 'timeout' && waited < entry.timeout - TICK) {
      this.#say(`timed out after ${waited} ms`, entry);
    }
    if (waited > entry.timeout + GRACE) this.#say(`settled after ${waited} ms`, entry);
    if (entry.settled === 1) queueMicrotask(() => this.#open.delete(entry.id));
  }

  /** An instance is about to be reset; what it does until then is lost, too. */
  forget(caller: number): void {
    this.#sunk.add(caller);
    for (const [id, entry] of this.#open) {
      if (entry.caller !== caller) continue;
      entry.isForgotten = true;
      this.#open.delete(id);
      this.note('calls that their caller forgot');
    }
  }

  /** What has never been settled. */
  close(): void {
    for (const entry of this.#open.values()) this.#say('was never settled', entry);
  }

  note(fault: string): void {
    this.faults[fault] = (this.faults[fault] ?? 0) + 1;
  }

  #say(what: string, entry: Entry | undefined): void {
    if (this.violations.length < 20) this.violations.push(`${what}: ${JSON.stringify(entry)}`);
    else this.violations[20] = '…';
  }
}
