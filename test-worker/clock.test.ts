/** Deadlines in simulated worlds, in which the machine's clock steps back and forth by an hour. */
import { afterEach, expect, test, vi } from 'vitest';
import './faulty.js';
import type { PendingCall } from '../target/faulty/calling/era.js';
import { Pending } from '../target/faulty/calling/pending.js';

const WORLDS = 2_000;
const EVENTS = 30;
const HOUR = 3_600_000;
/** How late a call may be, however often its clock steps. */
const MOST_LATE = 100;

afterEach(() => vi.restoreAllMocks());

interface Timed extends PendingCall {
  readonly madeAt: number;
}

/** A world with a true time, of which a clock shows what it wants, and timers that keep to it. */
class World {
  time = 0;
  step = 0;
  readonly #timers = new Map<number, { readonly at: number; run(): void }>();
  #latest = 0;

  constructor(readonly random: () => number) {
    vi.spyOn(performance, 'now').mockImplementation(() => this.time + this.step);
    vi.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void, delay: number) => {
      this.#latest += 1;
      this.#timers.set(this.#latest, { at: this.time + delay, run });
      return this.#latest;
    }) as never);
    vi.spyOn(globalThis, 'clearTimeout').mockImplementation(((timer: number) => {
      this.#timers.delete(timer);
    }) as never);
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** Lets time pass, and the timers fire that are due, each a little late. */
  pass(until: number): void {
    for (;;) {
      const [next] = [...this.#timers].sort(([, a], [, b]) => a.at - b.at);
      if (!next || next[1].at > until) break;
      this.#timers.delete(next[0]);
      this.time = Math.max(this.time, next[1].at + Math.floor(this.random() * 3));
      next[1].run();
    }
    this.time = Math.max(this.time, until);
  }
}

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

/** What happens in one world, by chance. */
class Story {
  readonly made: Timed[] = [];
  readonly #world: World;
  readonly #pending = new Pending<Timed>(
    (calls) => {
      for (const call of calls) this.#check(call);
    },
    () => {},
  );

  constructor(world: World) {
    this.#world = world;
  }

  #check({ madeAt, timeout }: Timed): void {
    const waited = this.#world.time - madeAt;
    expect(waited).toBeGreaterThanOrEqual(timeout - 2);
    expect(waited).toBeLessThan(timeout + MOST_LATE);
  }

  goOn(): void {
    const { random } = this.#world;
    const kind = random();
    if (kind < 0.4) this.#open(20 + Math.floor(random() * 5_000));
    else if (kind < 0.55) this.#step(random() < 0.5 ? -HOUR : HOUR);
    else if (kind < 0.58) this.#step(random() < 0.5 ? -2 * HOUR : 2 * HOUR);
    else if (kind < 0.65) this.#close(Math.floor(random() * this.made.length));
    this.#world.pass(this.#world.time + Math.floor(random() * random() * 1_500));
  }

  #open(timeout: number): void {
    const id = this.made.length + 1;
    const madeAt = this.#world.time;
    const call: Timed = { id, isPending: false, place: 0, openedAt: 0, timeout, madeAt };
    this.made.push(call);
    this.#pending.open(call);
  }

  #step(step: number): void {
    this.#world.step = this.#world.step === 0 ? step : 0;
  }

  #close(at: number): void {
    const call = this.made[at];
    if (call) this.#pending.close(call);
  }
}

test('rule 17: a step of the clock back makes no other call late', () => {
  const world = new World(() => 0);
  const settled: number[] = [];
  const pending = new Pending<Timed>(
    (calls) => {
      for (const call of calls) settled.push(world.time - call.madeAt);
    },
    () => {},
  );
  const open = (id: number): void => {
    const { time: madeAt } = world;
    pending.open({ id, isPending: false, place: 0, openedAt: 0, timeout: 25_000, madeAt });
  };
  open(1);
  world.pass(10_000);
  open(2);
  world.pass(11_000);
  world.step = -HOUR;
  world.pass(20_000);
  open(3);
  world.pass(2 * HOUR);
  const [first, second, third] = settled as [number, number, number];
  expect(first).toBe(25_000);
  expect(second).toBeLessThan(25_010);
  expect(third).toBeGreaterThanOrEqual(25_000);
  expect(third).toBeLessThan(25_010);
});

test(`rule 17: in ${WORLDS} worlds in which the clock steps, no deadline comes early, and each comes`, () => {
  for (let seed = 1; seed <= WORLDS; seed++) {
    const world = new World(randomFrom(seed));
    const story = new Story(world);
    for (let event = 0; event < EVENTS; event++) story.goOn();
    world.pass(world.time + 100 * HOUR);
    expect(
      story.made.filter(({ isPending }) => isPending),
      `seed ${seed}`,
    ).toEqual([]);
    vi.restoreAllMocks();
  }
});
