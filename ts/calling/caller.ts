/**
 * Calling: checks what the programmer wrote, sends the program, and gives the outcome to the
 * handler or the awaiting caller, once.
 */

import { encodeProgram } from '../record/encode.js';
import { boundContinuation, routeOf, unbound } from '../record/record.js';
import { time } from '../runtime/clock.js';
import { isThenableObject } from '../runtime/kinds.js';
import { soon } from '../runtime/turn.js';
import type { Any, Sendable, ValueOf } from '../types/continuations.js';
import type { Owned } from '../types/received.js';
import type {
  Behind,
  BehindTarget,
  BindingName,
  BoundStarts,
  CallFunction,
  CheckedRemote,
  InstanceOf,
  Nameable,
  Named,
  TargetOf,
} from '../types/targets.js';
import { type CallOptions, ContextLimit } from '../wasm/lumenize_call.js';
import { isObserved, publish } from '../wire/channel.js';
import {
  type CallContext,
  callerNamed,
  currentContext,
  originOf,
  type SentCaller,
} from '../wire/context.js';
import { release } from '../wire/dispose.js';
import { type CallError, invalidContinuation } from '../wire/errors.js';
import { explainNode } from '../wire/explain.js';
import { type Node, nodeOf } from '../wire/node.js';
import { foldStack, startAt } from '../wire/stack.js';
import { Attempts } from './attempts.js';
import { throwToAwaiter, throwWithStack } from './awaiting.js';
import { Call, type CallHandle, type Settle } from './call.js';
import { Flights } from './flights.js';
import { handle, handlerFor, textOfHandler } from './handlers.js';
import { type CheckedOptions, checkOptions, DEFAULT_OPTIONS } from './options.js';
import { Outbox, type Sender } from './outbox.js';
import type { Owner } from './owner.js';
import { PendingBySection } from './pending-by-section.js';
import { remoteOf } from './remote.js';
import { attemptOf, Settling } from './settling.js';
import { spanOfCall } from './spans.js';
import type { CallStats } from './stats.js';
import type { Instance, Target } from './target.js';
import { Targets } from './targets.js';

/** `this.svc`: calls of one object. */
export class Caller<Env, Self = never> {
  readonly #owner: Owner;
  readonly #targets: Targets;
  readonly #pending: PendingBySection<Call>;
  #greatestId = 0;
  #name: SentCaller | undefined;
  readonly #outbox: Outbox<Call> = new Outbox<Call>(this.#sender());
  readonly #settling = new Settling();
  readonly #flights: Flights = new Flights(this.#outbox, {
    refuse: (call, error) => this.#refuse(call, error),
    fail: (call, error) => this.#settling.fail([call], error),
  });

  /** Calls a method of another object and returns at once. */
  readonly call: CallFunction<Env, Self>;
  /** `this.ctn(binding, instance)`, for where there is no `this.ctn`. */
  readonly ctn: BoundStarts<Env>;

  constructor(owner: Owner) {
    this.#owner = owner;
    this.#targets = new Targets(owner.env, owner.ctx);
    this.#pending = new PendingBySection<Call>(
      owner.ctx,
      (calls) =>
        this.#settling.settleAll(calls, (call) => ({ outcome: call.timeoutError(), failed: true })),
      () => this.#outbox.forgetUnused(),
    );
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
    const ctn = (binding: string | object, instance?: Instance): unknown => {
      try {
        return this.#ctn(binding, instance);
      } catch (error) {
        throw startAt(error, ctn);
      }
    };
    this.ctn = ctn as BoundStarts<Env>;
  }

  /**
   * Calls a method of another object and awaits the answer: one round trip.
   *
   * @param remote - Recorded by `this.ctn(binding, instance)`. It is sent each time it is passed.
   * @returns What the remote method returns, as it arrives: yours to dispose, as with Workers RPC. The
   *   promise rejects with what the remote method throws, or with a `CallError`.
   * @example
   * ```ts
   * const calc = this.ctn('CALC', 'main');
   * const sum = await this.svc.callRaw(calc.add(1, 10), { timeout: 500 });
   * ```
   */
  callRaw<V = Any>(remote: Sendable<V>, options?: CallOptions): Promise<Owned<V>>;
  /**
   * The same for what was recorded by `this.ctn<T>()`, which does not know its target.
   *
   * @param target - The name of a Durable Object namespace or service in `env`, or one itself; or a stub.
   * @param instance - Name, id or 64-digit hexadecimal id; `undefined` for what is no namespace.
   * @example
   * ```ts
   * const sum = await this.svc.callRaw('CALC', 'main', this.ctn<Calc>().add(1, 10));
   * ```
   */
  callRaw<const B extends Nameable<Env>, C>(
    target: Named<Env, B>,
    instance: InstanceOf<Behind<Env, B>>,
    remote: CheckedRemote<C, TargetOf<Behind<Env, B>>>,
    options?: CallOptions,
  ): Promise<Owned<ValueOf<C>>>;
  /** @ignore An editor lists the names of bindings by it: it takes one argument more than may be written. */
  callRaw(target: BindingName<Env>, ...more: BehindTarget): never;
  callRaw(first: unknown, second: unknown, third?: unknown, fourth?: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      try {
        const node = nodeOf(first);
        const remote = node ?? remoteOf(first, third);
        const options = checkOptions(node ? second : fourth);
        const target = this.#targetOf(node, first, second, options);
        this.#sendAwaited(target, remote, options, resolve, reject);
      } catch (error) {
        throw startAt(error, this.callRaw);
      }
    }).catch(throwWithStack);
  }

  /**
   * The call inside which this code runs: of a method that was called or, in a handler, of the method that made its call.
   * `undefined` outside of any, and where `nodejs_compat` is off. It is the callers' word.
   */
  get context(): CallContext | undefined {
    return currentContext()?.shown();
  }

  #call(
    first: unknown,
    second: unknown,
    third?: unknown,
    fourth?: unknown,
    fifth?: unknown,
  ): CallHandle {
    const node = nodeOf(first);
    const remote = node ?? remoteOf(first, third);
    const written = node ? second : fourth;
    const handler = handlerFor(written, remote, this.#owner.self);
    const options = checkOptions(node ? third : fifth);
    const target = this.#targetOf(node, first, second, options);
    const call = this.#send(target, remote, options, true, (outcome, failed) => {
      const report = (error: unknown): void => {
        if (handler) foldStack(error);
        this.#owner.report(error, { ...call.details(), handler: textOfHandler(written) });
      };
      // What carries a durable call has no handler of the user's: that has a span of its own.
      const isTraced = call.span !== undefined && options.context !== null;
      if (handler) return handle(handler, this.#owner.self, outcome, isTraced, report);
      if (failed) report(outcome);
      else release(outcome);
    });
    const cancel = (reason?: unknown): boolean =>
      call.attempts ? call.attempts.cancel(reason) : this.#cancel(call, reason);
    return { id: call.id, cancel };
  }

  #ctn(binding: string | object, instance: Instance): unknown {
    const target = this.#targets.find(binding, instance);
    const send = (node: Node): Promise<unknown> =>
      new Promise((resolve, reject) => {
        this.#sendAwaited(this.#targets.again(target), node, DEFAULT_OPTIONS, resolve, reject);
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
      else if (isThenableObject(outcome)) reject(call.thenableError(outcome));
      else resolve(outcome);
    });
  }

  /** The target of a call: that of a bound continuation, or the one that the caller named. */
  #targetOf(
    bound: Node | undefined,
    binding: unknown,
    instance: unknown,
    { stub }: CheckedOptions,
  ): Target {
    if (!bound) return this.#targets.find(binding as string, instance as Instance, stub);
    const route = routeOf(bound);
    if (!route) throw unbound(bound);
    // Only callers bind continuations.
    const target = route.target as Target;
    if (target.targets === this.#targets) return this.#targets.again(target, stub);
    throw invalidContinuation(
      `${explainNode(bound)} was recorded by another object: begin it with this object's ctn()`,
    );
  }

  #sender(): Sender<Call> {
    const nameOf = (): SentCaller =>
      (this.#name ??= callerNamed(this.#owner.self, this.#owner.ctx));
    return {
      get name() {
        return nameOf();
      },
      receive: (calls, sent) => this.#settling.receive(calls, sent),
      receiveOne: (call, sent) => this.#settling.receiveOne(call, sent),
      fail: (calls, rejected, isLocal) => this.#settling.fail(calls, rejected, isLocal),
      willForgetUnused: () => this.#pending.isIdling,
    };
  }

  #stats(): CallStats {
    const { unsent } = this.#flights;
    const settled = this.#settling.counts();
    return { pending: this.#pending.size, unsent, settled, ...this.#outbox.sent };
  }

  #send(
    target: Target,
    remote: Node,
    options: CheckedOptions,
    hasHandler: boolean,
    settle: Settle,
  ): Call {
    if (!options.retry) return this.#sendOnce(target, remote, options, hasHandler, settle);
    const send = (each: CheckedOptions, settleOne: Settle): Call =>
      this.#sendOnce(target, remote, each, true, settleOne);
    const cancel = (call: Call, reason: unknown): boolean => this.#cancel(call, reason);
    const { waitUntil } = this.#owner;
    const note = (call: Call, error: CallError): void =>
      this.#settling.note(call, error.code, error);
    return new Attempts(options, settle, { send, cancel, note, waitUntil }).first;
  }

  #sendOnce(
    target: Target,
    remote: Node,
    { timeout, signal, batch, context, attempt, isRepeat }: CheckedOptions,
    hasHandler: boolean,
    settle: Settle,
  ): Call {
    const around = context === null ? undefined : currentContext();
    const origin = originOf(around, context ?? undefined);
    // After its end nobody waits for what is inside of it.
    const left = around?.isOpen ? Math.max(1, around.deadline - time.machine.Date.now()) : timeout;
    const isCutShort = left < timeout;
    const ms = isCutShort ? left : timeout;
    const encoded = encodeProgram(remote, target);
    this.#flights.check(this.#owner.self);
    const pending = this.#pending.now();
    this.#greatestId += 1;
    const id = this.#greatestId;
    const call = new Call(id, target, remote, encoded, ms, isCutShort, origin, pending, settle);
    call.isAlone = !batch;
    call.attempt = attempt;
    call.isRepeat = isRepeat;
    call.isObserved = isObserved();
    call.span = spanOfCall(target, remote);
    // Code that awaits the outcome already runs in its own async context.
    if (hasHandler || call.isObserved) call.keepContext();
    pending.open(call);
    try {
      this.#owner.waitUntil?.(call.ended());
      if (signal) call.watch(signal, (reason) => this.#cancel(call, reason));
      if (signal?.aborted) this.#cancel(call, signal.reason);
      else if (encoded.failure) this.#refuse(call, call.unreadableError(encoded.failure.cause));
      else if (origin && origin[0].length >= ContextLimit.Hops)
        this.#refuse(call, call.tooFarError());
      else this.#flights.send(call);
    } catch (error) {
      // The call was accepted, so its handler runs later, as for any other outcome.
      soon(() => this.#settling.fail([call], error));
    }
    // Published last: the call has its place, and a listener may make calls.
    if (call.isObserved) {
      const { binding, instance, operation } = call.eventDetails();
      publish({ event: 'start', id, binding, instance, operation, ...attemptOf(call) });
    }
    return call;
  }

  #cancel(call: Call, reason: unknown): boolean {
    if (call.isWaiting) {
      // Its outcome has arrived and waits for its turn.
      if (call.isCancelled) return false;
      call.isCancelled = true;
      call.reason = reason;
      return true;
    }
    if (!call.pending.close(call)) return false;
    this.#settling.settleSoon(call, call.cancelledError(reason));
    return true;
  }

  /** Fails a call before sending it. */
  #refuse(call: Call, error: CallError): void {
    if (call.pending.close(call)) this.#settling.settleSoon(call, error);
  }
}
