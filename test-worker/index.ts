/** The objects under test: a caller that anything can be tried on, and targets that count. */

import { DurableObject, RpcTarget, WorkerEntrypoint } from 'cloudflare:workers';
import {
  type CallErrorInfo,
  type Caller,
  type CallOptions,
  LumenizeBase,
  type Recorded,
} from '@lumenize/call';
import type { Foreign, Room, TwiceRoom, Wrapped, WrappedToo } from './bases.js';
import { inCompany } from './company.js';
import type { Legacy } from './decorated.legacy.js';
import type { Standard } from './decorated.standard.js';
import type { Buyer, Clock, Seller } from './durable.js';
import type { Gateway } from './gateway.js';
import type { Bare, Hop } from './hop.js';
import type { Machine } from './machine.js';
import type { Mortal } from './mortal.js';
import type { Newborn, Order, Tally } from './order.js';
import type { Reachable, Reached } from './reach.js';
import type {
  Chosen,
  Limited,
  Misconfigured,
  Misspelt,
  Narrower,
  Open,
  Roomy,
  Unreadable,
} from './receivers.js';
import type { Thrower } from './thrower.js';
import { PROMISES, THROWN } from './thrown.js';

export { Foreign, Room, TwiceRoom, Wrapped, WrappedToo } from './bases.js';
export { Legacy } from './decorated.legacy.js';
export { Standard } from './decorated.standard.js';
export { Buyer, Clock, Seller } from './durable.js';
export {
  Framed,
  Guarded,
  GuardedByNothing,
  MarkedElsewhere,
  MarkLost,
  Mixed,
  Naming,
  OverABase,
  Replaced,
  Spied,
} from './entries.js';
export { Gateway } from './gateway.js';
export { Bare, Hop } from './hop.js';
export { Machine } from './machine.js';
export { MarkedLegacy } from './marked.legacy.js';
export { GuardedByMarks, MarkedStandard } from './marked.standard.js';
export { Mortal } from './mortal.js';
export { Newborn, Order, Tally } from './order.js';
export { Reachable, Reached, Workflow } from './reach.js';
export {
  Chosen,
  Limited,
  Misconfigured,
  Misspelt,
  Narrower,
  Open,
  Roomy,
  Unreadable,
} from './receivers.js';
export { Forger, Thrower } from './thrower.js';

declare global {
  namespace Cloudflare {
    interface Env {
      readonly CALC: DurableObjectNamespace<Calc>;
      readonly USERS: DurableObjectNamespace<Users>;
      readonly CALLER: DurableObjectNamespace<CallerObject>;
      readonly PLAIN: DurableObjectNamespace<Plain>;
      readonly MACHINE: DurableObjectNamespace<Machine>;
      readonly CHOSEN: DurableObjectNamespace<Chosen>;
      readonly STANDARD: DurableObjectNamespace<Standard>;
      readonly LEGACY: DurableObjectNamespace<Legacy>;
      readonly OPEN: DurableObjectNamespace<Open>;
      readonly LIMITED: DurableObjectNamespace<Limited>;
      readonly MISCONFIGURED: DurableObjectNamespace<Misconfigured>;
      readonly LIAR: DurableObjectNamespace<Liar>;
      readonly NARROWER: DurableObjectNamespace<Narrower>;
      readonly MISSPELT: DurableObjectNamespace<Misspelt>;
      readonly SPY: DurableObjectNamespace<Spy>;
      readonly UNBORN: DurableObjectNamespace<Unborn>;
      readonly MORTAL: DurableObjectNamespace<Mortal>;
      readonly ROOM: DurableObjectNamespace<Room>;
      readonly TWICE: DurableObjectNamespace<TwiceRoom>;
      readonly FOREIGN: DurableObjectNamespace<Foreign>;
      readonly WRAPPED: DurableObjectNamespace<Wrapped>;
      readonly WRAPPED_TOO: DurableObjectNamespace<WrappedToo>;
      readonly ORDER: DurableObjectNamespace<Order>;
      readonly REACHABLE: DurableObjectNamespace<Reachable>;
      readonly DATABASE: D1Database;
      readonly DATASET: AnalyticsEngineDataset;
      readonly LIMITER: RateLimit;
      readonly WORKFLOW: Workflow;
      readonly IMAGES: ImagesBinding;
      readonly REACHED: Service<typeof Reached>;
      readonly GUARDED: DurableObjectNamespace;
      readonly GUARDED_BY_NOTHING: DurableObjectNamespace;
      readonly REPLACED: DurableObjectNamespace;
      readonly MIXED: DurableObjectNamespace;
      readonly GUARDED_BY_MARKS: DurableObjectNamespace;
      readonly THROWER: DurableObjectNamespace<Thrower>;
      readonly ROOMY: DurableObjectNamespace<Roomy>;
      readonly UNREADABLE: DurableObjectNamespace<Unreadable>;
      readonly NEWBORN: DurableObjectNamespace<Newborn>;
      readonly BUYER: DurableObjectNamespace<Buyer>;
      readonly SELLER: DurableObjectNamespace<Seller>;
      readonly CLOCK: DurableObjectNamespace<Clock>;
      readonly HOP: DurableObjectNamespace<Hop>;
      readonly BARE: DurableObjectNamespace<Bare>;
      readonly TALLY: Service<typeof Tally>;
      readonly SERVICE: Service<typeof PlainEntrypoint>;
      readonly GATEWAY: Service<typeof Gateway>;
      readonly DIFFERENTIAL: Fetcher;
      readonly NAME: string;
    }
  }
}

export interface User {
  readonly id: string;
  readonly name: string;
}

/** Arithmetic, and a record of everything that ran, in order. */
export class Calc extends LumenizeBase {
  /** What ran, in order: `add(1, 10)`. */
  readonly log: string[] = [];
  messages = 0;
  #own = 1;
  #open = (): void => {};
  readonly #opened = new Promise<void>((resolve) => {
    this.#open = resolve;
  });

  add(a: number, b: number): number {
    this.log.push(`add(${a}, ${b})`);
    return a + b;
  }

  /** Ends after so many milliseconds, and then says so. */
  async addLate(a: number, b: number, ms: number): Promise<number> {
    await scheduler.wait(ms);
    this.log.push('late');
    return a + b;
  }

  async whenAsked(value: string): Promise<string> {
    await scheduler.wait(1);
    return value;
  }

  async addSlowly(a: number, b: number): Promise<number> {
    this.log.push(`addSlowly(${a}, ${b})`);
    await scheduler.wait(1);
    return a + b;
  }

  /** The runtime's own, and ours: nobody else may call them. */
  override async alarm(): Promise<void> {
    this.log.push('alarm()');
  }

  override async fetch(): Promise<Response> {
    this.log.push('fetch()');
    return new Response();
  }

  override onCallError(): void {
    this.log.push('onCallError()');
  }

  /** Calls back to an object that was passed by reference. */
  async greeted(by: { hello(): string | Promise<string> }): Promise<string> {
    return by.hello();
  }

  words(): string[] {
    return ['b', 'a'];
  }

  isItself(): boolean {
    return this instanceof Calc;
  }

  /** A promise that is no `Promise`: what a call by Workers RPC returns. */
  addElsewhere(a: number, b: number): Promise<number> {
    return this.env.CALC.getByName('elsewhere').add(a, b);
  }

  wordsElsewhere(): Promise<string[]> {
    return this.env.CALC.getByName('elsewhere').words();
  }

  next(): number {
    this.log.push('next()');
    this.#own += 1;
    return this.#own;
  }

  pair<A, B>(a: A, b: B): [A, B] {
    this.log.push('pair()');
    return [a, b];
  }

  itself(): this {
    return this;
  }

  session(): Session {
    return new Session();
  }

  /** A session of another object: a stub, and a promise of one. */
  sessionOf(instance: string): Promise<Session> {
    return this.env.CALC.getByName(instance).session() as unknown as Promise<Session>;
  }

  closure(): () => number {
    return () => 1;
  }

  greet(): string {
    return ' a ';
  }

  echo<T>(value: T): T {
    return value;
  }

  get origin(): { readonly x: number; distance(to: number): number } {
    this.log.push('origin');
    return {
      x: 7,
      distance(to) {
        return Math.abs(this.x - to);
      },
    };
  }

  adder(a: number): (b: number) => number {
    this.log.push(`adder(${a})`);
    return (b) => a + b;
  }

  unsendable(): unknown {
    this.log.push('unsendable()');
    return new WeakMap();
  }

  fail(): never {
    throw new RangeError('as it was told');
  }

  failWith(properties: object): never {
    throw Object.assign(new RangeError('as it was told'), properties);
  }

  bigint(bytes: number): bigint {
    return 1n << BigInt(8 * bytes - 1);
  }

  count(...values: unknown[]): number {
    return values.length;
  }

  three<T>(a: T, b: unknown, c: T): [T, unknown, T] {
    return [a, b, c];
  }

  async throwing(): Promise<unknown> {
    return Object.defineProperty([], 0, {
      enumerable: true,
      get: () => {
        throw new Error('a getter threw');
      },
    });
  }

  never(): Promise<never> {
    this.log.push('never()');
    return new Promise(() => {});
  }

  /** Resolves when `open` is called: for outcomes that come late. */
  async whenOpen<T>(value: T): Promise<T> {
    this.log.push('whenOpen()');
    await this.#opened;
    return value;
  }

  async sessionWhenOpen(): Promise<Session> {
    await this.#opened;
    return new Session();
  }

  async pairWhenOpen<B>(b: B): Promise<[Session, B]> {
    await this.#opened;
    return [new Session(), b];
  }

  open(): void {
    this.#open();
  }

  /** Aborts before it answers; what it wrote before is all that ran. */
  abort(reason?: string): void {
    this.log.push('abort()');
    this.ctx.abort(reason);
  }

  /** How many objects have been reset after they had answered. */
  static resets = 0;

  abortSoon(): string {
    setTimeout(() => {
      Calc.resets += 1;
      this.ctx.abort('while nothing was in flight');
    }, 20);
    return 'soon';
  }

  large(bytes: number): string {
    this.log.push('large()');
    return 'x'.repeat(bytes);
  }

  /** Asks another object, which may be the one that asks. */
  sumBy(instance: string, a: number, b: number): Promise<number> {
    return this.svc.callRaw('CALC', instance, this.ctn<Calc>().add(a, b));
  }

  /** Hands a number around a ring, each object adding one. */
  async around(ring: readonly string[], at = 0): Promise<number> {
    const next = ring[at + 1];
    if (next === undefined) return 1;
    return 1 + (await this.svc.callRaw('CALC', next, this.ctn<Calc>().around(ring, at + 1)));
  }

  /** Calls `next`, which calls `after`, which calls `next`: as often as it is told to. */
  async countDown(times: number, next: string, after: string): Promise<number> {
    if (times === 0) return 0;
    const deeper = this.ctn<Calc>().countDown(times - 1, after, next);
    return 1 + (await this.svc.callRaw('CALC', next, deeper));
  }

  callNever(instance: string, timeout: number): Promise<never> {
    return this.svc.callRaw('CALC', instance, this.ctn<Calc>().never(), { timeout });
  }

  readonly #list: number[] = [];

  /** Returns the object's own list, which goes on changing. */
  append(value: number): number[] {
    this.#list.push(value);
    return this.#list;
  }

  /** Reads, awaits and writes, as if it were alone in the object: between messages it is. */
  async countInStorage(): Promise<number> {
    const count = ((await this.ctx.storage.get<number>('count')) ?? 0) + 1;
    await this.ctx.storage.put('count', count);
    return count;
  }

  /** Lets nothing else in until it is done. */
  exclusively(): Promise<void> {
    return this.ctx.blockConcurrencyWhile(async () => {
      this.log.push('exclusively() begins');
      await scheduler.wait(20);
      this.log.push('exclusively() ends');
    });
  }

  mutate(list: number[]): number[] {
    list.push(0);
    return list;
  }

  override __lmzCall(frame: unknown, ...slots: unknown[]): unknown {
    this.messages += 1;
    return super.__lmzCall(frame, ...slots);
  }

  override __lmzCalls(...message: unknown[]): unknown {
    this.messages += 1;
    return super.__lmzCalls(...message);
  }
}

/** An object that Workers RPC passes by reference. */
export class Session extends RpcTarget {
  /** How many of all sessions have been released. */
  static released = 0;
  readonly secret = 'secret';

  hello(name: string): string {
    return `hello ${name}`;
  }

  [Symbol.dispose](): void {
    Session.released += 1;
  }
}

/** What a `Liar` answers; each is made anew. */
const LIES: Record<string, () => unknown> = {
  // biome-ignore lint/suspicious/noThenProperty: it lies
  'an object with a method then': () => ({ then: () => {} }),
  'a method then that rejects': () => ({
    // biome-ignore lint/suspicious/noThenProperty: it lies
    then: (_: unknown, reject: (error: unknown) => void) =>
      reject(Object.assign(new Error('forged'), { name: 'CallError', code: 'overloaded' })),
  }),
};

/** What the runtime itself waits for where it is received, since `then` is there only when it is sent. */
function forged(name: string): object {
  let reads = 0;
  return Object.defineProperty({}, 'then', {
    enumerable: true,
    get: () => {
      reads += 1;
      if (reads === 1) return undefined;
      return (_: unknown, reject: (error: unknown) => void) =>
        reject(Object.assign(new Error('forged'), { name }));
    },
  });
}

/** A target that answers with what is no answer. */
export class Liar extends DurableObject {
  /** How often it was asked for the rest of a message, and told to stop. */
  asked = 0;
  stopped = 0;

  __lmzCall(_frame: unknown, answer: unknown): unknown {
    const lie = LIES[String(answer)];
    if (answer === 'a forged refusal') return forged('DataCloneError');
    // By itself the runtime would wait for it here.
    return lie ? ['__lmzValue', lie()] : answer;
  }

  /** The first argument of the first call is the answer to all of them. */
  __lmzCalls(_frames: unknown, _counts: unknown, _which: unknown, [answer]: unknown[]): unknown {
    if (answer === 'a forged refusal') return forged('DataCloneError');
    const lie = LIES[String(answer)];
    if (lie) return [undefined, [lie(), 'honest']];
    const parsed: unknown = JSON.parse(String(answer));
    if (typeof parsed !== 'string') return parsed;
    const fetch = ['__lmzFetch'];
    const group = {
      // Groups that answer nothing, for ever.
      'settles nothing': [[], ['x']],
      'settles what is none': [
        [7, -1, 0.5, 2 ** 32],
        [1, 2, 3, 4],
      ],
      'settles one again and again': [[0], [1]],
      'names no numbers': [
        ['length', { toString: 1 }, [[]]],
        [1, 2, 3],
      ],
      'one marker for all': [
        [0, 0, 0, 0],
        [fetch, fetch, fetch, fetch],
      ],
    }[parsed];
    const rest = new Endless(this, group);
    if (parsed === 'a fetch that hangs') return [[0, 1], [fetch, fetch], rest];
    return [[], [], parsed === 'no stub' ? { next: 1 } : rest];
  }
}

/** The rest of a message that has no end. */
class Endless extends RpcTarget {
  readonly #liar: Liar;
  readonly #group: unknown;

  constructor(liar: Liar, group: unknown) {
    super();
    this.#liar = liar;
    this.#group = group;
  }

  next(): unknown {
    this.#liar.asked += 1;
    return this.#group ?? new Promise(() => {});
  }

  fetch(): unknown {
    this.#liar.asked += 1;
    return this.#group ? 'fetched' : new Promise(() => {});
  }

  stop(): void {
    this.#liar.stopped += 1;
  }
}

/** A target that answers with the message that it received. */
export class Spy extends DurableObject {
  __lmzCall(frame: string, ...slots: unknown[]): unknown {
    const hex = (byte: string): string => byte.charCodeAt(0).toString(16).padStart(2, '0');
    const wire = Array.from(frame, hex).join('');
    return { wire, slots };
  }
}

/** Throws all there is to throw. */
export class Users extends LumenizeBase {
  /** What begins a continuation, and one inside of data: neither is a result. */
  begun(): unknown {
    return this.ctn('CALC', 'begun');
  }

  recordedInside(): unknown {
    return { recorded: this.ctn('CALC', 'begun').next() };
  }

  getUser(id: string): User {
    return { id, name: `User ${id}` };
  }

  throwTypeError(): never {
    throw new TypeError('wrong type');
  }

  never(): Promise<never> {
    return new Promise(() => {});
  }

  /** Throws what is in the table under that name; a promise of an error is awaited first. */
  async rejectWith(name: string): Promise<never> {
    throw await THROWN[name]?.thrown();
  }

  throwPromise(name: string): never {
    throw PROMISES[name]?.thrown();
  }
}

/** An object that cannot be constructed. */
export class Unborn extends LumenizeBase {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    throw Object.assign(new RangeError('not today'), { overloaded: true, retryable: true });
  }

  greet(): string {
    return 'never said';
  }
}

/** A Durable Object that does not use this package. */
export class Plain extends DurableObject {}

/** A Worker entrypoint that does not use this package. */
export class PlainEntrypoint extends WorkerEntrypoint {}

/** What a handler received: the outcome, and the other arguments. */
export type Received = { readonly outcome: unknown; readonly rest: readonly unknown[] };

/** Makes calls for the tests, and records what its handlers receive. */
export class CallerObject extends LumenizeBase {
  readonly received: Received[] = [];
  readonly errors: unknown[] = [];
  readonly infos: CallErrorInfo[] = [];
  #waiting: { count: number; resolve: () => void }[] = [];

  override get svc(): Caller<Cloudflare.Env, this> {
    return inCompany(super.svc);
  }

  /** What becomes of the calls that accompany others. */
  ignore(_outcome: unknown): void {}

  onOutcome(outcome: unknown, ...rest: unknown[]): void {
    this.received.push({ outcome, rest });
    this.#wake();
  }

  /** Awaits a call in a function whose name a stack can show. */
  async awaitUser(remote: Recorded<unknown, Users>, options?: CallOptions): Promise<unknown> {
    const user = await this.svc.callRaw('USERS', 'main', remote, options);
    return user;
  }

  onLast(first: string, outcome: unknown): void {
    this.received.push({ outcome, rest: [first] });
    this.#wake();
  }

  onUser(user: User | Error, id: string): void {
    this.received.push({ outcome: user, rest: [id] });
    this.#wake();
  }

  double(value: number): number {
    return value * 2;
  }

  onThrowing(_outcome: unknown): never {
    throw new Error('the handler threw');
  }

  async onRejecting(_outcome: unknown): Promise<never> {
    throw new Error('the handler rejected');
  }

  async onCounting(outcome: unknown): Promise<void> {
    if (outcome instanceof Error) throw outcome;
    const count = ((await this.ctx.storage.get<number>('count')) ?? 0) + 1;
    await this.ctx.storage.put('count', count);
    this.onOutcome(count);
  }

  async onCountingAny(_outcome: unknown): Promise<void> {
    await this.onCounting(undefined);
  }

  onHanging(outcome: unknown): Promise<never> {
    this.onOutcome(outcome);
    return new Promise(() => {});
  }

  /** Calls again from inside, as often as it is told to. */
  onCountdown(sum: number | Error, left: number): void {
    const next = this.ctn<Calc>().add(Number(sum), 1);
    if (left === 0) this.onOutcome(sum);
    else this.svc.call('CALC', 'countdown', next, this.ctn().onCountdown(next, left - 1));
  }

  /** Asks a stub that it was handed, now and later. */
  async onSession(session: Session | Error, keep: 'as it is' | 'by dup'): Promise<void> {
    if (session instanceof Error) throw session;
    const stub = session as unknown as { dup(): Session; hello(name: string): Promise<string> };
    this.kept = keep === 'by dup' ? stub.dup() : session;
    this.onOutcome(await stub.hello('in the handler'));
  }

  kept: Session | undefined;

  abort(): void {
    this.ctx.abort('told to stop');
  }

  async onOutcomeThenAbort(outcome: unknown): Promise<void> {
    this.onOutcome(outcome);
    this.ctx.abort('told to stop by its handler');
    await scheduler.wait(0);
    this.onOutcome('after it was told to stop');
  }

  override onCallError(error: unknown, info: CallErrorInfo): void {
    this.errors.push(error);
    this.infos.push(info);
    this.#wake();
  }

  async storageIsUntouched(): Promise<boolean> {
    const keys = await this.ctx.storage.list();
    return keys.size === 0 && (await this.ctx.storage.getAlarm()) === null;
  }

  /** Resolves when so many outcomes and errors have arrived in all. */
  arrived(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ count, resolve });
      this.#wake();
    });
  }

  #wake(): void {
    const total = this.received.length + this.errors.length;
    for (const { resolve } of this.#waiting.filter(({ count }) => total >= count)) resolve();
    this.#waiting = this.#waiting.filter(({ count }) => total < count);
  }
}

export default {
  fetch: () => new Response('the worker under test'),
} satisfies ExportedHandler;
