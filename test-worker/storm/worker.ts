/** Objects that call each other while all around them fails, in one isolate with a core that can trap. */
import { DurableObject, RpcTarget } from 'cloudflare:workers';
import type { CallOptions } from '@lumenize/call';
import { initSync } from '../../target/faulty/wasm/lumenize_call.js';
import { CallError } from '../../target/faulty/wire/errors.js';
import { countTraps, type Fault, LumenizeBase, type Operation, plan } from '../faulty.js';
import { type Entry, Ledger, randomFrom, trueTime } from './ledger.js';

interface Env {
  readonly SHIP: DurableObjectNamespace<Ship>;
  readonly PIRATE: DurableObjectNamespace<Pirate>;
}

/** There by a flag of V8. */
declare function gc(): void;

let unhandled = 0;
addEventListener('unhandledrejection', () => {
  unhandled += 1;
});

let ledger = new Ledger();

const SHIPS = 20;
const LONG = 2_000;
const HOUR = 3_600_000;

/** What may come of any call while everything fails around it. */
const ALWAYS = [
  ...['target-reset', 'disconnected', 'internal', 'cancelled', 'timeout'],
  // A target without timers of its own.
  'QuotaExceededError',
];

/** Kinds of calls: the outcome that is right, or the code, beside what may come of any. */
const KINDS: Record<string, { readonly weight: number; readonly right: readonly string[] }> = {
  fast: { weight: 30, right: ['value'] },
  slow: { weight: 6, right: ['value'] },
  stores: { weight: 6, right: ['value'] },
  chained: { weight: 6, right: ['value'] },
  throws: { weight: 6, right: ['RangeError'] },
  throwsLate: { weight: 3, right: ['RangeError'] },
  hangs: { weight: 4, right: [] },
  large: { weight: 1, right: ['value'] },
  yields: { weight: 3, right: ['value'] },
  greeted: { weight: 3, right: ['value'] },
  streamed: { weight: 2, right: ['value'] },
  locked: { weight: 2, right: ['not-cloneable'] },
  unreadable: { weight: 2, right: ['not-cloneable'] },
  blocks: { weight: 1, right: ['value'] },
  sinks: { weight: 0.3, right: [] },
  robbed: {
    weight: 5,
    right: ['value', 'protocol', 'remote-threw', 'Error', 'limit-exceeded', 'not-cloneable'],
  },
};

class Guest extends RpcTarget {
  hello(): string {
    return 'hello';
  }
}

export class Ship extends LumenizeBase<Env> {
  /** What fails on purpose is not logged. */
  override onReceiveError(): void {}

  readonly #instance = ledger.newInstance();
  #left = 0;
  #done = (): void => {};

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    if (!ctx.id.name?.startsWith('ship')) return;
    const target = this.#other(0);
    const entry = this.#open('fast', target, LONG);
    void this.svc
      .callRaw('SHIP', target, this.ctn<Ship>().fast(entry.id), { timeout: LONG })
      .then(...this.#recorders(entry));
  }

  fast(id: number): number {
    ledger.begin(id, this.#instance);
    return id;
  }

  async slow(id: number, ms: number): Promise<number> {
    ledger.begin(id, this.#instance);
    await scheduler.wait(ms);
    return id;
  }

  async stores(id: number): Promise<number> {
    ledger.begin(id, this.#instance);
    const count = ((await this.ctx.storage.get<number>('count')) ?? 0) + 1;
    await this.ctx.storage.put('count', count);
    return id;
  }

  async chained(id: number): Promise<number> {
    ledger.begin(id, this.#instance);
    for (let left = 40; left > 0; left--) await undefined;
    return id;
  }

  throws(id: number): never {
    ledger.begin(id, this.#instance);
    throw new RangeError(String(id));
  }

  async throwsLate(id: number): Promise<never> {
    await this.slow(id, 1);
    throw new RangeError(String(id));
  }

  hangs(id: number): Promise<never> {
    ledger.begin(id, this.#instance);
    return new Promise(() => {});
  }

  large(id: number, bytes: Uint8Array): { id: number; bytes: number[] } {
    ledger.begin(id, this.#instance);
    return { id, bytes: Array.from(bytes) };
  }

  yields(id: number): { id: number; guest: Guest } {
    ledger.begin(id, this.#instance);
    return { id, guest: new Guest() };
  }

  async greeted(id: number, by: { hello(): Promise<string> }): Promise<number> {
    ledger.begin(id, this.#instance);
    await by.hello();
    return id;
  }

  async streamed(id: number, stream: ReadableStream): Promise<number> {
    ledger.begin(id, this.#instance);
    await new Response(stream).text();
    return id;
  }

  locked(id: number, _stream: unknown): number {
    return this.fast(id);
  }

  unreadable(id: number, _value: unknown): number {
    return this.fast(id);
  }

  blocks(id: number): Promise<number> {
    ledger.begin(id, this.#instance);
    return this.ctx.blockConcurrencyWhile(async () => {
      // A section that throws, for want of a timer, would reset the object unseen.
      await scheduler.wait(5).catch(() => {});
      return id;
    });
  }

  sinks(id: number): Promise<void> {
    ledger.begin(id, this.#instance);
    return this.sink(false);
  }

  /** Resets it: what it has in memory is gone, the calls that it waits for included. */
  async sink(inSection: boolean): Promise<void> {
    // In an event of its own: elsewhere workerd 1.20261117.1 may end with "Promise callback destroyed itself".
    await scheduler.wait(1);
    ledger.forget(this.#instance);
    ledger.note(inSection ? 'a reset by a section' : 'a reset');
    if (inSection) await this.ctx.blockConcurrencyWhile(() => Promise.reject(new Error('sunk')));
    this.ctx.abort('sunk by the storm');
  }

  /**
   * Another ship: that of the number, or the one after it. An object that is reset while it waits for a call
   * to itself ends workerd 1.20261117.1, plain Workers RPC included.
   */
  #other(ship: number): string {
    const name = `ship ${ship}`;
    return name === this.ctx.id.name ? `ship ${(ship + 1) % SHIPS}` : name;
  }

  /** Makes so many calls, and resolves when each has been settled. */
  async sail(seed: number, calls: number): Promise<void> {
    const random = randomFrom(seed);
    const where = pick(random, ['open', 'open', 'open', 'section', 'transaction', 'no timers']);
    const make = (): Promise<void> =>
      new Promise((resolve) => {
        this.#left += calls;
        this.#done = resolve;
        for (let n = 0; n < calls; n++) this.#makeOne(random, where !== 'open');
      });
    if (where !== 'open') ledger.note(`calls where: ${where}`);
    if (where === 'section') await this.ctx.blockConcurrencyWhile(make);
    else if (where === 'transaction') await this.ctx.storage.transaction(make);
    else if (where === 'no timers') await this.#withoutTimers(make);
    else await make();
  }

  /** Calls while the object has all timers that it may have. */
  async #withoutTimers(make: () => Promise<void>): Promise<void> {
    const timers: ReturnType<typeof setTimeout>[] = [];
    try {
      for (;;) timers.push(setTimeout(() => {}, HOUR));
    } catch {
      // Now the runtime refuses them.
    }
    const made = make();
    await this.env.SHIP.getByName('harbour').wait(20);
    for (const timer of timers) clearTimeout(timer);
    // The next call finds that there are timers again.
    this.#left += 1;
    this.#call('fast', 'harbour', randomFrom(1), true);
    await made;
  }

  async wait(ms: number): Promise<void> {
    await scheduler.wait(ms);
  }

  #open(kind: string, target: string, timeout: number): Entry {
    return ledger.open(kind, this.#instance, target, timeout);
  }

  #makeOne(random: () => number, isShort: boolean): void {
    const kind = pickKind(random);
    const ship = Math.floor(random() * SHIPS);
    const target =
      kind === 'robbed' ? 'pirate' : random() < 0.2 ? `buoy ${ship % 3}` : this.#other(ship);
    this.#call(kind, target, random, isShort);
  }

  #call(kind: string, target: string, random: () => number, isShort: boolean): void {
    const isHung = kind === 'hangs' || kind === 'robbed';
    const timeout = isHung || isShort ? 20 + Math.floor(random() * 200) : LONG;
    const entry = this.#open(kind, target, timeout);
    const [, onError] = this.#recorders(entry);
    const batch = random() < 0.8;
    const aborts = random() < 0.02 ? new AbortController() : undefined;
    const options = { timeout, batch, ...(aborts ? { signal: aborts.signal } : {}) };
    try {
      this.#send(kind, target, entry, random, options);
    } catch (error) {
      // It throws at once where the core dies again and again.
      onError(error);
    }
    aborts?.abort('by the storm');
  }

  #send(
    kind: string,
    target: string,
    entry: Entry,
    random: () => number,
    options: CallOptions,
  ): void {
    const binding = kind === 'robbed' ? 'PIRATE' : 'SHIP';
    const [onValue, onError] = this.#recorders(entry);
    const remote = this.#remote(kind, entry.id, random) as never;
    if (random() < 0.4) {
      this.svc.callRaw(binding as 'SHIP', target, remote, options).then(onValue, onError);
    } else {
      const handler = this.ctn().onOutcome(remote, entry, random() < 0.1) as never;
      const handle = this.svc.call(binding as 'SHIP', target, remote, handler, options);
      if (random() < 0.02) handle.cancel('by the storm');
    }
  }

  #remote(kind: string, id: number, random: () => number): unknown {
    const on = this.ctn<Ship>();
    switch (kind) {
      case 'slow':
        return on.slow(id, 1 + Math.floor(random() * 20));
      case 'large':
        return on.large(id, new Uint8Array(100_000));
      case 'greeted':
        return on.greeted(id, new Guest() as never);
      case 'streamed':
        return on.streamed(id, new Response('a stream').body as ReadableStream);
      case 'locked': {
        const stream = new ReadableStream();
        stream.getReader();
        return on.locked(id, stream);
      }
      case 'unreadable':
        return on.unreadable(id, {
          get a() {
            throw new RangeError('unreadable');
          },
        });
      case 'robbed':
        return this.ctn<Pirate>().rob(pick(random, Object.keys(LIES)) as never);
      default:
        return on[kind as 'fast'](id);
    }
  }

  /** A handler: sometimes it calls again, sometimes it throws. */
  onOutcome(outcome: unknown, entry: Entry, isRough: boolean): void {
    const [onValue, onError] = this.#recorders(entry);
    if (isRough) {
      this.#left += 1;
      this.#call('fast', this.#other(1), randomFrom(entry.id), false);
    }
    if (outcome instanceof Error) onError(outcome);
    else onValue(outcome);
    if (isRough) throw new Error('a handler that throws, on purpose');
  }

  override onCallError(): void {}

  #recorders(entry: Entry): [(value: unknown) => void, (error: unknown) => void] {
    const { right } = KINDS[entry.kind] as { right: readonly string[] };
    const isRight = (outcome: string): boolean =>
      right.includes(outcome) || ALWAYS.includes(outcome);
    const done = (): void => {
      this.#left -= 1;
      if (this.#left === 0) this.#done();
    };
    return [
      (value) => {
        const got = typeof value === 'object' && value !== null ? Reflect.get(value, 'id') : value;
        const isIts = got === entry.id || entry.kind === 'robbed';
        ledger.settle(entry, 'value', { isRight: isRight('value') && isIts });
        (value as Partial<Disposable> | null)?.[Symbol.dispose]?.();
        done();
      },
      (error) => {
        const code = error instanceof CallError ? error.code : (error as Error).name;
        const { mayHaveRun = true } = error as Partial<CallError>;
        const outcome = String(code);
        ledger.settle(entry, outcome, { isRight: isRight(outcome), mayHaveRun });
        done();
      },
    ];
  }

  pending(): number {
    return this.svc.call.stats().pending;
  }
}

const nested = (levels: number): unknown[] => {
  let array: unknown[] = [];
  for (let level = 0; level < levels; level++) array = [array, array];
  return array;
};

const sparse = (): unknown[] => {
  const array: unknown[] = [];
  array.length = 2 ** 32 - 1;
  return array;
};

const bytes = new Uint8Array(4_000_000);

/** What a pirate answers, to one call and to several. */
const LIES: Record<string, () => unknown> = {
  honest: () => 5,
  thenable: () => ['__lmzValue', Object.fromEntries([['then', () => {}]])],
  'nested arrays': () => ['__lmzFailure', { thrown: nested(40) }],
  'the longest array': () => [
    '__lmzFailure',
    { name: 'Error', message: 'm', properties: {}, errors: sparse() },
  ],
  'bytes as properties': () => [
    '__lmzFailure',
    { name: 'Error', message: 'm', properties: bytes, nested: bytes },
  ],
  'a stub as an error': () => ['__lmzFailure', () => 1],
  nothing: () => undefined,
  'a marker': () => ['__lmzFetch'],
  never: () => new Promise(() => {}),
  'a throw': () => {
    throw new RangeError('robbed');
  },
};

/** The rest of a message that has no end, and answers nothing. */
class Endless extends RpcTarget {
  next(): unknown {
    return [
      [0, 0, 7, -1],
      ['a', ['__lmzFetch'], 'b', 'c'],
    ];
  }

  fetch(): unknown {
    return 'fetched';
  }

  stop(): void {}
}

/** A target that answers anything. */
export class Pirate extends DurableObject<Env> {
  #robbed = 0;

  rob(lie: string): unknown {
    return LIES[lie]?.();
  }

  __lmzCall(_frame: unknown, lie: string): unknown {
    ledger.note('a hostile answer');
    return LIES[lie]?.();
  }

  __lmzCalls(_frames: unknown, _counts: unknown, which: Uint16Array, slots: string[]): unknown {
    ledger.note('a hostile answer to several calls');
    this.#robbed += 1;
    const lies = Array.from(which, (_, at) => LIES[slots[at] ?? 'honest']?.());
    if (this.#robbed % 3 === 0) return [undefined, lies];
    return this.#robbed % 3 === 1 ? [[], [], new Endless()] : lies;
  }
}

function pick<T>(random: () => number, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)] as T;
}

const TOTAL = Object.values(KINDS).reduce((sum, { weight }) => sum + weight, 0);

function pickKind(random: () => number): string {
  let left = random() * TOTAL;
  for (const [kind, { weight }] of Object.entries(KINDS)) {
    left -= weight;
    if (left < 0) return kind;
  }
  return 'fast';
}

/** Sets the clocks of the isolate, for a while. */
async function stepClock(random: () => number): Promise<void> {
  const step = pick(random, [-HOUR, HOUR]);
  ledger.note(step < 0 ? 'a clock set back' : 'a clock set forward');
  const { now } = Date;
  Date.now = () => now() + step;
  performance.now = () => trueTime() + step;
  await scheduler.wait(20 + random() * 50);
  Date.now = now;
  performance.now = trueTime;
}

async function disturb(env: Env, random: () => number): Promise<void> {
  const fault = pick(random, ['trap', 'trap', 'trap', 'clock', 'reset', 'calm', 'calm']);
  if (fault === 'clock') await stepClock(random);
  if (fault === 'reset') {
    const ship = `ship ${Math.floor(random() * SHIPS)}`;
    await env.SHIP.getByName(ship)
      .sink(random() < 0.5)
      .catch(() => {});
    await scheduler.wait(50);
  }
  if (fault === 'trap') {
    const kind = pick<Fault>(random, ['panic', 'panic', 'stack']);
    const operation = pick<Operation>(random, ['decodeFrame', 'encodeFrame', 'watch', 'due']);
    if (countTraps() > 0) ledger.note('a trap of the core');
    plan(kind, operation);
  }
  await scheduler.wait(1);
}

/** Rounds of calls by ships, several at once, until so many have been made. */
async function storm(env: Env, seed: number, calls: number): Promise<object> {
  const random = randomFrom(seed);
  const until = ledger.made + calls;
  let isOver = false;
  const weather = (async () => {
    while (!isOver) await disturb(env, random);
  })();
  const sail = async (fleet: number): Promise<void> => {
    for (let voyage = 0; ledger.made < until; voyage++) {
      const ship = `ship ${(fleet + 5 * voyage) % SHIPS}`;
      const round = Math.floor(random() * 2 ** 31);
      // A ship that was sunk has forgotten its calls.
      await env.SHIP.getByName(ship)
        .sail(round, 20 + Math.floor(random() * 60))
        .catch(() => {});
    }
  };
  await Promise.all([0, 1, 2, 3, 4].map(sail));
  isOver = true;
  await weather;
  return {};
}

async function close(env: Env): Promise<object> {
  const ships = Array.from({ length: SHIPS }, (_, ship) => env.SHIP.getByName(`ship ${ship}`));
  // One that was sunk last is started anew by this, and calls at once.
  await Promise.all(ships.map((ship) => ship.wait(0)));
  await scheduler.wait(LONG + 500);
  const left = await Promise.all(ships.map((ship) => ship.pending()));
  const pending = left.reduce((sum, each) => sum + each, 0);
  ledger.close();
  const { made, outcomes, faults, violations } = ledger;
  return { made, outcomes, faults, violations, pending, unhandled };
}

async function collect(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    gc();
    await scheduler.wait(5);
  }
  return initSync({} as never).memory.buffer.byteLength;
}

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const seed = Number(searchParams.get('seed'));
    const calls = Number(searchParams.get('calls'));
    const breaks = searchParams.get('breaks') as Ledger['breaks'];
    switch (pathname) {
      case '/begin':
        ledger = new Ledger(breaks || undefined);
        return Response.json({});
      case '/storm':
        return Response.json(await storm(env, seed, calls));
      case '/close':
        return Response.json(await close(env));
      case '/collect':
        return Response.json(await collect());
      default:
        return new Response(`there is no ${pathname}`, { status: 404 });
    }
  },
} satisfies ExportedHandler<Env>;
