/**
 * Calling: checks what the programmer wrote, sends the program, and gives the outcome to the
 * handler or the awaiting caller, once.
 */
import { Outbox, type Sender } from './batch.js';
import { Call, type Settle } from './call.js';
import { isObserved, publish, type Settlement, settlementOf } from './channel.js';
import { invalid } from './copy.js';
import { callErrorCodes } from './core.js';
import { CallError, type CallErrorDetails } from './errors.js';
import { type Bound, handlerOf, messageOf } from './flatten.js';
import { type CheckedOptions, checkOptions } from './options.js';
import { type Outcome, readOutcome, release } from './outcome.js';
import { Pending } from './pending.js';
import { platformError } from './platform.js';
import {
  boundContinuation,
  explainNode,
  isForeign,
  isPlainObject,
  isStart,
  type Node,
  nodeOf,
  notRecorded,
  recorded,
  routeOf,
  unbound,
} from './record.js';
import { type HandlerFunction, runFunction, runHandler } from './run.js';
import { type Section, sectionOf } from './sections.js';
import { addStack, foldStack, startAt } from './stack.js';
import { type Instance, type Target, Targets, unknownName } from './target.js';
import type {
  AnyTarget,
  Behind,
  BindingName,
  BoundStarts,
  CallFunction,
  InstanceOf,
  TargetOf,
} from './targets.js';
import { endOfTurn, soon } from './turn.js';
import type { Recorded, Sendable } from './types.js';
import type { CallOptions } from './wasm/lumenize_call.js';

/** A call that was made. */
export interface CallHandle {
  /** Identifies the call in its object; `CallError.callId`. */
  readonly id: number;
  /**
   * Settles the call as `cancelled` if it is still pending; the remote method may have run all the
   * same, or may still run.
   *
   * @param reason - Becomes the `cause` of the error that the handler receives.
   * @returns Whether the call was pending.
   */
  cancel(reason?: unknown): boolean;
}

/** What `onCallError` learns beside the error. */
export interface CallErrorInfo extends CallErrorDetails {
  /** The handler, as `explain` writes it; `undefined` where the call has none. */
  readonly handler: string | undefined;
}

/** What the calls of one object have come to since it began. */
export interface CallStats {
  /** Calls that wait for their outcome. */
  readonly pending: number;
  /**
   * Calls that have theirs, by what it was: `value`, or the code of the `CallError`. Whatever else the
   * remote method threw counts as `remote-threw`.
   */
  readonly settled: Readonly<Record<Settlement, number>>;
  /** Messages sent: each is one Workers RPC call. */
  readonly frames: number;
  /** Programs in them, one for each call: `programs / frames` says how well calls share messages. */
  readonly programs: number;
  /** Bytes of encoded programs. Arguments travel beside them, and nobody knows their size. */
  readonly bytes: number;
}

/** The object that makes calls: its handlers run on it. */
export interface Owner {
  readonly self: object;
  readonly env: object;
  /** The context of a Durable Object, whose sections keep other events out. */
  readonly ctx?: object | undefined;
  /** Receives the errors that nobody else sees. */
  report(error: unknown, info: CallErrorInfo): void;
  /** Keeps what ends with its request, as a Worker does, until a call and its handler have ended. */
  readonly waitUntil?: ((ended: Promise<unknown>) => void) | undefined;
}

/** `this.svc`: calls of one object. */
export class Caller<Env, Self = never> {
  readonly #owner: Owner;
  readonly #targets: Targets;
  readonly #pending = this.#createPending();
  /** What is pending in sections of the object, which have timers of their own. */
  readonly #inSections = new Map<Section, Pending<Call>>();
  #greatestId = 0;
  readonly #outbox: Outbox<Call> = new Outbox<Call>(this.#sender());

  #values = 0;
  readonly #failures = new Map<Settlement, number>();

  /** Calls a method of another object and returns at once. */
  readonly call: CallFunction<Env, Self>;
  /** `this.ctn(binding, instance)`, for where there is no `this.ctn`. */
  readonly ctn: BoundStarts<Env>;

  constructor(owner: Owner) {
    this.#owner = owner;
    this.#targets = new Targets(owner.env, owner.ctx);
    const call = (
      first: unknown,
      second: unknown,
      third?: unknown,
      fourth?: unknown,
      fifth?: unknown,
    ): CallHandle => {
      try {
        return this.#call(first, second, third, fourth, fifth);
      } catch (error) {
        throw startAt(error, call);
      }
    };
    this.call = Object.assign(call, { stats: () => this.#stats() }) as CallFunction<Env, Self>;
    this.ctn = this.#ctn.bind(this) as BoundStarts<Env>;
  }

  /**
   * Calls a method of another object and awaits the answer: one round trip.
   *
   * @param remote - Recorded by `this.ctn(binding, instance)`. It is sent each time it is passed.
   * @returns What the remote method returns, as it arrives; where that holds stubs they are yours to
   *   dispose, as with Workers RPC. The promise rejects with what the remote method throws, or with a
   *   `CallError`.
   * @example
   * ```ts
   * const calc = this.ctn('CALC', 'main');
   * const sum = await this.svc.callRaw(calc.add(1, 10), { timeout: 500 });
   * ```
   */
  callRaw<V>(remote: Sendable<V>, options?: CallOptions): Promise<V>;
  /**
   * The same for what was recorded by `this.ctn<T>()`, which does not know its target.
   *
   * @param target - The name of a Durable Object namespace or service in `env`, or one itself; or a stub.
   * @param instance - Name, id or 64-digit hexadecimal id of the Durable Object; `undefined` for what is
   *   no namespace.
   * @example
   * ```ts
   * const sum = await this.svc.callRaw('CALC', 'main', this.ctn<Calc>().add(1, 10));
   * ```
   */
  callRaw<B extends BindingName<Env> | AnyTarget, R>(
    target: B,
    instance: InstanceOf<Behind<Env, B>>,
    remote: Recorded<R, TargetOf<Behind<Env, B>>>,
    options?: CallOptions,
  ): Promise<R>;
  callRaw(first: unknown, second: unknown, third?: unknown, fourth?: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      try {
        const node = nodeOf(first);
        const remote = node ?? recorded(third);
        const options = checkOptions(node ? second : fourth);
        const target = this.#targetOf(node, first, second, options);
        this.#sendAwaited(target, remote, options, resolve, reject);
      } catch (error) {
        throw startAt(error, this.callRaw);
      }
    }).catch(throwWithStack);
  }

  #call(
    first: unknown,
    second: unknown,
    third?: unknown,
    fourth?: unknown,
    fifth?: unknown,
  ): CallHandle {
    const node = nodeOf(first);
    const remote = node ?? recorded(third);
    const written = node ? second : fourth;
    const handler = this.#handlerOf(written, remote);
    const options = checkOptions(node ? third : fifth);
    const target = this.#targetOf(node, first, second, options);
    const call = this.#send(target, remote, options, true, (outcome, failed) => {
      const report = (error: unknown): void => {
        if (handler) foldStack(error);
        this.#owner.report(error, { ...call.details(), handler: textOfHandler(written) });
      };
      if (handler) return this.#handle(handler, outcome, report);
      if (failed) report(outcome);
      else release(outcome);
    });
    return { id: call.id, cancel: (reason) => this.#cancel(call, reason) };
  }

  #ctn(binding: string | object, instance: Instance): unknown {
    const target = this.#targets.find(binding, instance);
    const send = (node: Node): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const options = checkOptions(undefined);
        this.#sendAwaited(this.#targets.again(target), node, options, resolve, reject);
      }).catch(throwToAwaiter);
    return boundContinuation({ target, send });
  }

  #sendAwaited(
    target: Target,
    remote: Node,
    options: CheckedOptions,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ): void {
    const call = this.#send(target, remote, options, false, (outcome, failed): void => {
      if (failed) reject(outcome);
      else if (isThenable(outcome)) reject(call.thenableError(outcome));
      else resolve(outcome);
    });
  }

  /** Where a call goes: what was recorded for a target knows, otherwise the caller has said so. */
  #targetOf(
    bound: Node | undefined,
    binding: unknown,
    instance: unknown,
    { stub }: CheckedOptions,
  ): Target {
    if (!bound) return this.#targets.find(binding as string, instance as Instance, stub);
    const route = routeOf(bound);
    if (!route) throw unbound(bound);
    if (route.target.targets === this.#targets) return this.#targets.again(route.target, stub);
    throw invalid(
      `${explainNode(bound)} was recorded by another object: begin it with this object's ctn()`,
    );
  }

  #handlerOf(handler: unknown, remote: Node): Bound | HandlerFunction | undefined {
    if (handler === undefined) return undefined;
    const node = nodeOf(handler);
    if (node) {
      const bound = handlerOf(node, remote);
      checkHandler(node, this.#owner.self);
      return bound;
    }
    if (typeof handler === 'function' && !isForeign(handler)) return handler as HandlerFunction;
    const remedy = isPlainObject(handler)
      ? 'options come after it, as in call(remote, undefined, options)'
      : 'pass a function, or record one, as in this.ctn().onUser()';
    throw notRecorded('handler', handler, remedy);
  }

  #createPending(onRest = (): void => {}): Pending<Call> {
    return new Pending<Call>(
      (calls) => this.#settleAll(calls, (call) => ({ outcome: call.timeoutError(), failed: true })),
      () => {
        onRest();
        this.#outbox.rest();
      },
    );
  }

  /** Where a call that is made now waits: its timer has to be made in the section in which it is. */
  #pendingNow(): Pending<Call> {
    const section = sectionOf(this.#owner.ctx);
    if (!section) return this.#pending;
    let pending = this.#inSections.get(section);
    if (!pending) {
      const made = this.#createPending(() => {
        if (made.size === 0) this.#inSections.delete(section);
      });
      this.#inSections.set(section, made);
      pending = made;
    }
    return pending;
  }

  #sender(): Sender<Call> {
    const main = this.#pending;
    const inSections = this.#inSections;
    return {
      receive: (calls, sent) => this.#receive(calls, sent),
      receiveOne: (call, sent) => this.#receiveOne(call, sent),
      fail: (calls, rejected, isLocal) => this.#fail(calls, rejected, isLocal),
      get willRest() {
        return (
          main.isResting ||
          (inSections.size > 0 && [...inSections.values()].some((each) => each.isResting))
        );
      },
    };
  }

  #stats(): CallStats {
    const failures = callErrorCodes.map((code) => [code, this.#failures.get(code) ?? 0]);
    const pending = [this.#pending, ...this.#inSections.values()];
    return {
      pending: pending.reduce((sum, { size }) => sum + size, 0),
      settled: { value: this.#values, ...Object.fromEntries(failures) } as CallStats['settled'],
      ...this.#outbox.sent,
    };
  }

  /** Runs a handler. What it throws, now or later, is reported and goes no further. */
  #handle(
    handler: Bound | HandlerFunction,
    outcome: unknown,
    report: (error: unknown) => void,
  ): void | Promise<void> {
    const { self } = this.#owner;
    try {
      const ended =
        typeof handler === 'function'
          ? runFunction(handler, self, outcome)
          : runHandler(handler.program, handler.slots, self, outcome);
      if (ended !== undefined) return ended.catch(report).then(() => release(outcome));
    } catch (error) {
      report(error);
    }
    return release(outcome);
  }

  #send(
    target: Target,
    remote: Node,
    { timeout, signal, batch }: CheckedOptions,
    hasHandler: boolean,
    settle: Settle,
  ): Call {
    const message = messageOf(remote, target);
    const pending = this.#pendingNow();
    this.#greatestId += 1;
    const id = this.#greatestId;
    const call = new Call(id, target, remote, message, timeout, pending, settle);
    call.isObserved = isObserved();
    // Code that awaits the outcome has its async context already.
    if (hasHandler || call.isObserved) call.keepContext();
    pending.open(call);
    try {
      this.#owner.waitUntil?.(call.ended());
      if (signal) call.watch(signal, (reason) => this.#cancel(call, reason));
      if (signal?.aborted) this.#cancel(call, signal.reason);
      else if (message.failure) this.#refuse(call, message.failure.cause);
      else if (batch) this.#outbox.add(call);
      else this.#outbox.addAlone(call);
    } catch (error) {
      // The call is accepted: its handler runs later, as for any other outcome.
      soon(() => this.#fail([call], error));
    }
    // Now that it has its place, since a listener may make calls of its own.
    if (call.isObserved) publish({ event: 'start', ...call.eventDetails() });
    return call;
  }

  #cancel(call: Call, reason: unknown): boolean {
    if (call.isWaiting) {
      // Its outcome has come, and waits for its turn.
      if (call.isCancelled) return false;
      call.isCancelled = true;
      call.reason = reason;
      return true;
    }
    if (!call.pending.close(call)) return false;
    this.#settleSoon(call, call.cancelledError(reason));
    return true;
  }

  /** Fails a call of which nothing was sent: reading an argument threw `cause`. */
  #refuse(call: Call, cause: unknown): void {
    if (call.pending.close(call)) this.#settleSoon(call, call.unreadableError(cause));
  }

  #settleSoon(call: Call, error: CallError): void {
    call.isSettled = true;
    soon(() => call.enter(() => void this.#settle(call, error, true)));
  }

  #receiveOne(call: Call, sent: unknown): void {
    if (!call.pending.close(call)) {
      release(sent);
      return;
    }
    call.answer = sent;
    call.isWaiting = true;
    call.enter(() => void this.#settleWaiting(call, readAnswer));
  }

  #receive(calls: readonly Call[], sent: readonly unknown[]): void {
    const open: Call[] = [];
    for (let at = 0; at < calls.length; at++) {
      const call = calls[at] as Call;
      if (call.pending.close(call)) {
        open.push(call);
        call.answer = sent[at];
      } else release(sent[at]);
    }
    this.#settleAll(open, readAnswer);
  }

  #fail(calls: readonly Call[], rejected: unknown, isLocal = false): void {
    const open = calls.filter((call) => call.pending.close(call));
    this.#settleAll(open, (call) => ({
      outcome: platformError(rejected, call.details(), { isSent: call.isSent, isLocal }),
      failed: true,
    }));
  }

  #settle(call: Call, outcome: unknown, failed: boolean): void | Promise<void> {
    if (failed || call.isObserved) this.#note(call, settlementOf(outcome, failed));
    else this.#values += 1;
    return call.settle(outcome, failed);
  }

  #note(call: Call, code: Settlement): void {
    if (code === 'value') this.#values += 1;
    else this.#failures.set(code, (this.#failures.get(code) ?? 0) + 1);
    if (!call.isObserved) return;
    publish({
      event: 'settle',
      ...call.eventDetails(),
      code,
      ms: call.pending.now() - call.openedAt,
    });
  }

  /** Settles a call whose turn has come, unless it was cancelled meanwhile. */
  #settleWaiting(call: Call, outcomeOf: (call: Call) => Outcome): void | Promise<void> {
    call.isWaiting = false;
    const { answer } = call;
    if (call.isCancelled) {
      release(answer);
      call.answer = undefined;
      return this.#settle(call, call.cancelledError(call.reason), true);
    }
    const { outcome, failed } = outcomeOf(call);
    call.answer = undefined;
    return this.#settle(call, outcome, failed);
  }

  /**
   * Settles calls that have been taken out of the table, so that no deadline passes while one waits for
   * the handlers before it. Each handler has its turn, in the async context in which its call was made.
   */
  #settleAll(calls: readonly Call[], outcomeOf: (call: Call) => Outcome): void {
    for (const call of calls) call.isWaiting = true;
    let next = 0;
    const settleNext = (): void => {
      const call = calls[next++];
      call?.enter(() => {
        const ended = this.#settleWaiting(call, outcomeOf);
        if (ended === undefined) settleNext();
        else void endOfTurn(ended, this.#owner.self).then(settleNext);
      });
    };
    settleNext();
  }
}

function readAnswer(call: Call): Outcome {
  return readOutcome(call.answer, call);
}

/** Whether a promise would wait for a value, or take an outcome from it, instead of holding it. */
function isThenable(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

/** Throws `CallError` with code `invalid-continuation` where a handler begins with what is not there. */
function checkHandler(handler: Node, self: object): void {
  let first = handler;
  while (first.of && !isStart(first.of)) first = first.of;
  const { name } = first;
  if (name === undefined || name in self) return;
  const names = new Set<string>();
  for (let at: object = self; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const each of Object.getOwnPropertyNames(at)) names.add(each);
  }
  throw invalid(
    `the handler ${explainNode(handler)} cannot run: ${unknownName('method', name, [...names].filter(isHandlerName))}`,
  );
}

function isHandlerName(name: string): boolean {
  return name !== 'constructor' && !name.startsWith('__');
}

function textOfHandler(handler: unknown): string | undefined {
  if (handler === undefined) return undefined;
  const node = nodeOf(handler);
  if (node) return explainNode(node);
  const { name } = handler as { readonly name: string };
  return name ? `function ${name}` : '(outcome) => …';
}

/** What was refused when it was awaited has nobody else's line in its stack than that of who waits. */
function throwToAwaiter(error: unknown): never {
  const isRefused = error instanceof CallError && error.callId === undefined;
  if (isRefused) throw startAt(error, throwToAwaiter);
  return throwWithStack(error);
}

function throwWithStack(error: unknown): never {
  addStack(error, throwWithStack);
  throw error;
}
