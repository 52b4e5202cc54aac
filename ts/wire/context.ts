/**
 * What travels with a call beside its program: when it settles, who makes it, through whom, and data. The caller says
 * it, so it is worth as much as the caller's word.
 */
import { asyncContext } from '../runtime/async-context.js';
import { time } from '../runtime/clock.js';
import { isDataObject, isPlainObject } from '../runtime/kinds.js';
import { ContextLimit } from '../wasm/lumenize_call.js';
import { CallError, invalidOption } from './errors.js';
import { explain } from './explain.js';
import { CONTEXT } from './protocol.js';
import { copyOfOptions } from './reading.js';
import { tryToRead } from './text.js';

/** Data of a chain of calls. */
export type ContextData = Readonly<Record<string, string | number | boolean>>;

/** Who makes a call, as it says itself. */
export interface CallerInfo {
  /** The name of its class; `undefined` for a Worker without one. */
  readonly class: string | undefined;
  /** The id of a Durable Object. */
  readonly id: string | undefined;
  /** The name of a Durable Object that was made by name. */
  readonly name: string | undefined;
}

/** The call inside which code runs: of a method that was called, or of a handler, that in which its call was made. */
export interface CallContext {
  /**
   * The id of the call in its caller: `CallHandle.id`, or the id of a durable call. `undefined` in a handler, and after
   * the first `await` of a method whose call travelled with others.
   */
  readonly callId: number | string | undefined;
  readonly caller: CallerInfo;
  /** Calls on the way here: 1 where the caller was in no call itself. At most 14. */
  readonly hops: number;
  /** When the call settles, in milliseconds since 1970 by this object's clock; `Infinity` where nobody has said. */
  readonly deadline: number;
  /** What `{ context }` of this call, and of those around it, says. */
  readonly data: ContextData;
}

/** What calls that are made inside of one inherit: the chain of calls, each as `Users.getUser`, and its data. */
export type Origin = readonly [chain: readonly string[], data?: ContextData | undefined];

/** A caller, as it travels. */
export type SentCaller = readonly [
  class_?: string | undefined,
  id?: string | undefined,
  name?: string | undefined,
];

/** A call that is about to be sent. */
interface Sent {
  readonly id: number;
  /** Milliseconds until its deadline. */
  readonly left: number;
  readonly origin: Origin | undefined;
  readonly isRepeat: boolean;
}

/**
 * What is known of the call inside which code runs. Calls of one message that have the same deadline and inherit the
 * same share it, since an async context of its own costs a call more than all the rest of it.
 */
export class Context {
  /** The call whose method has begun and not yet waited for anything. */
  callId: number | string | undefined;
  /** How many calls of it have begun, and how many of those have not ended. */
  #begun = 0;
  #open = 0;
  #only: number | string | undefined;
  #origin: Origin | undefined;
  #shownCaller: CallerInfo | undefined;

  constructor(
    readonly caller: SentCaller,
    readonly deadline: number,
    /** What the calls themselves inherited. */
    readonly inherited: Origin | undefined,
    /** What runs, as it stands in a chain. */
    private readonly place: string,
  ) {}

  begin(callId: number | string | undefined): void {
    this.#begun += 1;
    this.#open += 1;
    this.#only = callId;
    this.callId = callId;
  }

  end(): void {
    this.#open -= 1;
  }

  /** Until the last of its calls has ended nothing inside of it may last longer. */
  get isOpen(): boolean {
    return this.#open > 0;
  }

  /** What a call inside of this one inherits. */
  get origin(): Origin {
    if (this.#origin) return this.#origin;
    const [chain = [], data] = this.inherited ?? [];
    const origin: Origin = [[...chain, this.place], data];
    this.#origin = origin;
    return origin;
  }

  /** Who makes it, as users see it: one object for all of its calls. */
  get shownCaller(): CallerInfo {
    if (!this.#shownCaller) {
      const [class_, id, name] = this.caller;
      this.#shownCaller = Object.freeze({ class: class_, id, name });
    }
    return this.#shownCaller;
  }

  /** As its user sees it. */
  shown(callId = this.callId ?? (this.#begun > 1 ? undefined : this.#only)): CallContext {
    const { deadline, inherited: [chain = [], data = {}] = [] } = this;
    // Calls of one message share it.
    Object.freeze(data);
    return { callId, caller: this.shownCaller, hops: chain.length + 1, deadline, data };
  }
}

const current = asyncContext<Context>();

/** The call inside which this code runs. */
export function currentContext(): Context | undefined {
  return current?.getStore();
}

/** Runs code inside of a call. */
export function within<A, R>(context: Context | undefined, run: (arg: A) => R, arg: A): R {
  if (!current || !context || current.getStore() === context) return run(arg);
  return current.run(context, run, arg);
}

/** An object that calls, as it says of itself. */
export function callerNamed(self: object, ctx: object | undefined): SentCaller {
  const { id } = (ctx ?? {}) as { id?: DurableObjectId };
  const class_ = classOf(self);
  if (id === undefined) return class_ === 'Object' ? [] : [class_];
  return [class_, id.toString(), id.name?.slice(0, ContextLimit.Name)];
}

/** What a call says and does not have is as in the call around it. Throws `CallError` with code `invalid-option`. */
export function originOf(
  around: Context | undefined,
  data: ContextData | undefined,
): Origin | undefined {
  if (data === undefined) return around?.origin;
  const [chain, inherited] = around?.origin ?? [[]];
  const all = inherited ? { ...inherited, ...data } : data;
  const mistake = mistakeIn(all);
  if (mistake) throw invalidOption(`context${mistake}`);
  return [chain, all];
}

/** The option `context`, read once. */
export function checkData(context: unknown): ContextData {
  if (isPlainObject(context)) {
    const data = copyOfOptions('context', context);
    const mistake = mistakeIn(data);
    if (mistake === undefined) return data as ContextData;
    throw invalidOption(`context${mistake}`);
  }
  throw invalidOption(`context is ${explain(context)}: pass an object, as in { tenant: 't1' }`);
}

function mistakeIn(data: object): string | undefined {
  const entries = Object.entries(data);
  if (entries.length > ContextLimit.Entries) {
    return ` has ${entries.length} entries: ${ContextLimit.Entries} are allowed`;
  }
  let units = 0;
  for (const [key, value] of entries) {
    const isPlain =
      typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
    if (!isPlain)
      return `.${key} is ${explain(value)}: pass a string, a finite number or a boolean`;
    units += key.length + (typeof value === 'string' ? value.length : 0);
  }
  if (units <= ContextLimit.Text) return undefined;
  return ` has ${units} UTF-16 code units: ${ContextLimit.Text} are allowed`;
}

/** What travels with a call that is alone. */
export function contextOf(caller: SentCaller, { id, left, origin, isRepeat }: Sent): unknown {
  const times = [id, left];
  if (isRepeat) return [CONTEXT, caller, times, origin && [origin], true];
  return origin ? [CONTEXT, caller, times, [origin]] : [CONTEXT, caller, times];
}

/** What travels with several calls. */
export function contextOfAll(caller: SentCaller, calls: readonly Sent[]): unknown {
  const times = new Float64Array(2 * calls.length);
  let hasOrigin = false;
  for (let at = 0; at < calls.length; at++) {
    const call = calls[at] as Sent;
    times[2 * at] = call.id;
    times[2 * at + 1] = call.left;
    hasOrigin ||= call.origin !== undefined;
  }
  if (!hasOrigin) return [CONTEXT, caller, times];
  return [CONTEXT, caller, times, calls.map(({ origin }) => origin)];
}

/** What came with a message. */
export class Contexts {
  readonly #now = time.machine.Date.now();
  #latest: Context | undefined;

  private constructor(
    readonly caller: SentCaller,
    private readonly times: ArrayLike<number>,
    private readonly origins: readonly (Origin | undefined)[] | undefined,
    /** Whether a call that is alone may have run before. */
    readonly isRepeat: boolean,
  ) {}

  /**
   * @param sent - What stands behind the arguments. Of an older caller it is nothing, or what a tool has appended.
   * @throws `CallError` with code `protocol`.
   */
  static of(sent: unknown, count: number): Contexts {
    if (!Array.isArray(sent) || sent[0] !== CONTEXT) return new Contexts([], [], undefined, false);
    const [, caller, times, origins, isRepeat] = sent as unknown[];
    if (!isCaller(caller) || !areTimes(times, count) || !areOrigins(origins, count)) {
      throw new CallError('protocol', 'what came with the call is no context of a call');
    }
    return new Contexts(caller, times, origins, isRepeat === true);
  }

  idOf(call: number): number | undefined {
    return this.times[2 * call];
  }

  /** The context of one call: that of the call before it, where it is the same. */
  for(call: number, self: object, entries: readonly string[]): Context {
    const deadline = this.#now + (this.times[2 * call + 1] ?? Number.POSITIVE_INFINITY);
    const origin = this.origins?.[call];
    const latest = this.#latest;
    if (latest && latest.deadline === deadline && latest.inherited === origin) return latest;
    this.#latest = new Context(this.caller, deadline, origin, placeOf(self, entries));
    return this.#latest;
  }
}

function isCaller(caller: unknown): caller is SentCaller {
  return Array.isArray(caller) && caller.length <= 3 && caller.every(isNameOrNone);
}

function isNameOrNone(name: unknown): boolean {
  return name === undefined || isName(name);
}

function isName(name: unknown): boolean {
  return typeof name === 'string' && name.length <= ContextLimit.Name;
}

function areTimes(times: unknown, count: number): times is ArrayLike<number> {
  if (!Array.isArray(times) && !(times instanceof Float64Array)) return false;
  if (times.length !== 2 * count) return false;
  for (const time of times) if (typeof time !== 'number' || !(time >= 0)) return false;
  return true;
}

function areOrigins(
  origins: unknown,
  count: number,
): origins is readonly (Origin | undefined)[] | undefined {
  if (origins === undefined) return true;
  // What calls share is checked once.
  return (
    Array.isArray(origins) && origins.length <= count && [...new Set(origins)].every(isOriginOrNone)
  );
}

function isOriginOrNone(origin: unknown): boolean {
  if (origin === undefined) return true;
  if (!Array.isArray(origin)) return false;
  const [chain, data] = origin as unknown[];
  const isChain = Array.isArray(chain) && chain.length <= ContextLimit.Hops && chain.every(isName);
  return isChain && (data === undefined || (isDataObject(data) && mistakeIn(data) === undefined));
}

/** The name of an object's class. It never throws. */
export function classOf(self: object): string | undefined {
  const maker: unknown = self.constructor;
  const name = typeof maker === 'function' ? tryToRead(maker, 'name')?.value : undefined;
  return isName(name) ? (name as string) : undefined;
}

/** What a call runs, as `Users.getUser`. */
export function placeOf(self: object, entries: readonly string[]): string {
  const text = `${classOf(self) ?? ''}.${entries.join('+')}`;
  return text.slice(0, ContextLimit.Name);
}
