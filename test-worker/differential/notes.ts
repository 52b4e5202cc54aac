/** What is noted of one run of a plan, by both sides: all objects of a test live in one isolate. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { type Call, callsOf, type Plan } from './plan.js';
import type { Maker } from './values.js';

/** The context of each call: its name, where it was made inside one. */
export const context = new AsyncLocalStorage<string>();

/** What an object keeps between calls, for one run. */
export interface Memory {
  begun: number;
  count: number;
  readonly list: number[];
}

/** What has been seen of one call. */
export interface Seen {
  /** At the target, in no order that the platform promises: after a timer, of another stub. */
  readonly late: string[];
  /** At the caller, in this order. */
  readonly atCaller: string[];
  /** Uses of what the caller passed: reads, calls. */
  readonly uses: string[];
  /** Uses of what the target returned. */
  readonly usesOfResult: string[];
  began: boolean;
  ended: boolean;
  /** It has its outcome, and its handler has ended. */
  settled: boolean;
}

/** Everything of a run that is compared. */
export interface Log {
  /** What each target did, in order. */
  readonly targets: readonly (readonly string[])[];
  readonly calls: readonly {
    readonly atCaller: readonly string[];
    readonly late: readonly string[];
    readonly uses: readonly string[];
    readonly usesOfResult: readonly string[];
  }[];
  readonly lateCounts: { readonly [target: string]: readonly number[] };
  /** Before results were disposed that the plan keeps until its end, and after. */
  readonly disposed: readonly string[];
  readonly disposedAtTheEnd: readonly string[];
}

export class Notes {
  readonly calls: readonly Call[];
  readonly seen: readonly Seen[];
  /** What each target did, in the order that the platform promises. */
  readonly atTargets: readonly string[][];
  /** Names of what has a disposer, and of what was disposed, as often as it was. */
  readonly made = new Set<string>();
  readonly disposed: string[] = [];
  readonly #memories = new WeakMap<object, Memory>();
  /** Results of counters whose order nobody promises. */
  readonly lateCounts: { [target: string]: number[] } = {};
  /** By the full id of a Durable Object: its name in the plan. */
  readonly namesOfIds = new Map<string, string>();

  constructor(
    readonly key: string,
    readonly plan: Plan,
  ) {
    this.calls = callsOf(plan);
    this.seen = this.calls.map(() => ({
      late: [],
      atCaller: [],
      uses: [],
      usesOfResult: [],
      began: false,
      ended: false,
      settled: false,
    }));
    this.atTargets = plan.targets.map(() => []);
  }

  memoryOf(object: object): Memory {
    let memory = this.#memories.get(object);
    if (!memory) {
      memory = { begun: 0, count: 0, list: [] };
      this.#memories.set(object, memory);
    }
    return memory;
  }

  seenOf(id: number): Seen {
    return this.seen[id] as Seen;
  }

  /** All of it, as it is now, and what was `disposed` at either time. */
  log(disposed: readonly string[], disposedAtTheEnd: readonly string[]): Log {
    return {
      targets: this.atTargets.map((lines) => [...lines]),
      calls: this.seen.map(({ atCaller, late, uses, usesOfResult, settled, began }) => ({
        atCaller: settled ? [...atCaller] : [...atCaller, 'is not settled'],
        late: [...late],
        // Of a call that was refused, nobody promises how much was read.
        uses: began ? [...uses] : [],
        usesOfResult: [...usesOfResult],
      })),
      lateCounts: Object.fromEntries(
        Object.entries(this.lateCounts).map(([to, counts]) => [to, counts.toSorted()]),
      ),
      disposed,
      disposedAtTheEnd,
    };
  }

  readonly nameOfId = (id: string): string => this.namesOfIds.get(id) ?? id;

  /** Makes values of one call; uses of them are noted where they were made. */
  maker(name: string, uses: string[]): Maker {
    const counts = new Map<string, number>();
    return {
      name,
      onMade: (made) => void this.made.add(made),
      onDisposed: (made) => void this.disposed.push(made),
      onUsed: (what) => {
        const times = (counts.get(what) ?? 0) + 1;
        counts.set(what, times);
        uses.push(what);
        return times;
      },
    };
  }
}

const known = new Map<string, Notes>();

export function open(notes: Notes): void {
  known.set(notes.key, notes);
}

export function close(notes: Notes): void {
  known.delete(notes.key);
}

/** @throws `Error` for a run that is over: something came late. */
export function notesOf(key: string): Notes {
  const notes = known.get(key);
  if (!notes) throw new Error(`the run ${key} is over`);
  return notes;
}
