/**
 * Calling: checks what the programmer wrote, sends the program, and gives the outcome to the
 * handler or the awaiting caller, once.
 */
import { encodeFrame, type Frame } from './core.js';
import { CallError, type CallErrorDetails } from './errors.js';
import { flattenHandler, flattenRemote } from './flatten.js';
import { readOutcome } from './outcome.js';
import { Pending, type PendingCall } from './pending.js';
import { placeOf, platformError } from './platform.js';
import { explain, explainNode, type Node, nodeOf } from './record.js';
import { run } from './run.js';
import { type Instance, type Receiver, type Target, Targets, unknownName } from './target.js';
import type { BindingName, Handler, InstanceOf, Recorded, TargetOf } from './types.js';
import { type CallErrorCode, type CallOptions, DefaultOption } from './wasm/lumenize_call.js';

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

/** The object that makes calls: its handlers run on it. */
export interface Owner {
  readonly self: object;
  readonly env: object;
  /** Receives the errors that nobody else sees. */
  report(error: unknown, info: CallErrorInfo): void;
}

/** `this.svc`: calls of one object. */
export class Caller<Env, Self = never> {
  readonly #owner: Owner;
  readonly #targets: Targets;
  readonly #pending = new Pending();

  constructor(owner: Owner) {
    this.#owner = owner;
    this.#targets = new Targets(owner.env);
  }

  /**
   * Calls a method of another object and returns at once. The handler runs on this object with the
   * outcome, exactly once: with the value, or with an `Error`.
   *
   * The outcome goes where `remote` itself, or `$result`, stands in the handler; where neither
   * does, it becomes the last argument.
   *
   * @param binding - Name of a Durable Object namespace or service in `env`.
   * @param instance - Name, id or 64-digit hexadecimal id of the Durable Object; `undefined` for a
   *   Worker entrypoint.
   * @param remote - What to run there, recorded by `this.ctn<T>()`.
   * @param handler - What to run here with the outcome, recorded by `this.ctn()`. Without one, a
   *   failure goes to `onCallError`.
   * @throws `CallError` at once for what cannot be a call: `invalid-continuation`,
   *   `unknown-binding`, `invalid-target`, `invalid-option`, `limit-exceeded`. Everything that
   *   happens later arrives in the handler.
   * @example
   * ```ts
   * const user = this.ctn<Users>().getUser(userId);
   * this.svc.call('USERS', 'main', user, this.ctn().onUser(user, userId), { timeout: 5_000 });
   * ```
   */
  call<B extends BindingName<Env>, R>(
    binding: B,
    instance: InstanceOf<Env[B]>,
    remote: Recorded<R, TargetOf<Env[B]>>,
    handler?: Handler<NoInfer<R>, Self>,
    options?: CallOptions,
  ): CallHandle {
    const remoteNode = recorded(remote, 'remote');
    const handlerNode = handler === undefined ? undefined : recorded(handler, 'handler');
    const program = handlerNode && flattenHandler(handlerNode, remoteNode);
    const call = this.#send(binding, instance, remoteNode, options, (outcome, failed) => {
      const report = (error: unknown): void => {
        const text = handlerNode && explainNode(handlerNode);
        this.#owner.report(error, { ...call.details(), handler: text });
      };
      if (program) this.#handle(program, outcome, report);
      else if (failed) report(outcome);
    });
    return {
      id: call.id,
      cancel: (reason) => this.#pending.settleLater(call.id, call.cancelledError(reason), true),
    };
  }

  /**
   * Calls a method of another object and awaits the answer: one round trip.
   *
   * @param binding - As in {@link Caller.call}.
   * @param instance - As in {@link Caller.call}.
   * @param remote - As in {@link Caller.call}.
   * @returns What the remote method returns. The promise rejects with what the remote method
   *   throws, or with a `CallError`.
   * @example
   * ```ts
   * const sum = await this.svc.callRaw('CALC', 'main', this.ctn<Calc>().add(1, 10));
   * ```
   */
  callRaw<B extends BindingName<Env>, R>(
    binding: B,
    instance: InstanceOf<Env[B]>,
    remote: Recorded<R, TargetOf<Env[B]>>,
    options?: CallOptions,
  ): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      this.#send(binding, instance, recorded(remote, 'remote'), options, (outcome, failed) => {
        if (failed) reject(outcome);
        else resolve(outcome as R);
      });
    });
  }

  /** Runs a handler. What it throws, now or later, is reported and goes no further. */
  #handle(program: Frame, outcome: unknown, report: (error: unknown) => void): void {
    try {
      const returned = run(program, this.#owner.self, readAny, outcome);
      if (returned instanceof Promise) returned.catch(report);
    } catch (error) {
      report(error);
    }
  }

  #send(
    binding: string,
    instance: Instance,
    remote: Node,
    options: CallOptions | undefined,
    settle: PendingCall['settle'],
  ): Call {
    const target = this.#targets.find(binding, instance);
    const timeout = timeoutOf(options);
    const program = flattenRemote(remote);
    const frame = encodeFrame(program);
    const call = new Call(target, remote, timeout, settle);
    call.id = this.#pending.open(timeout, call);
    let stub: Receiver | undefined;
    const fail = (rejected: unknown): void => {
      const { error, stubIsHealthy } = platformError(rejected, call.details());
      target.giveBack(stub, stubIsHealthy);
      this.#pending.settle(call.id, error, true);
    };
    const receive = (sent: unknown): void => {
      target.giveBack(stub, true);
      const { outcome, failed } = readOutcome(sent, () => call.details());
      this.#pending.settle(call.id, outcome, failed);
    };
    try {
      stub = target.take();
      stub.__lmzCall(frame, ...program.slots).then(receive, fail);
    } catch (error) {
      // The call is accepted: its handler runs later, as for any other outcome.
      queueMicrotask(() => fail(error));
    }
    return call;
  }
}

/** One call, from the moment it is accepted until it has its outcome. */
class Call implements PendingCall {
  /** Given by the table of pending calls. */
  id = 0;

  constructor(
    private readonly target: Target,
    private readonly remote: Node,
    private readonly timeout: number,
    readonly settle: PendingCall['settle'],
  ) {}

  timeoutError(): CallError {
    return this.#error('timeout', `did not answer within ${this.timeout} ms`);
  }

  cancelledError(reason: unknown): CallError {
    return this.#error('cancelled', 'was cancelled', reason);
  }

  details(): CallErrorDetails {
    const { binding, instance } = this.target;
    return { binding, instance, operation: explainNode(this.remote), callId: this.id };
  }

  #error(code: CallErrorCode, what: string, cause?: unknown): CallError {
    const details = { ...this.details(), mayHaveRun: true };
    const message = `${details.operation} on ${placeOf(details)} ${what}`;
    return new CallError(code, message, cause === undefined ? details : { ...details, cause });
  }
}

function recorded(value: unknown, parameter: 'remote' | 'handler'): Node {
  const node = nodeOf(value);
  if (node) return node;
  const example = parameter === 'remote' ? 'this.ctn<Users>().getUser(id)' : 'this.ctn().onUser()';
  throw new CallError(
    'invalid-continuation',
    `the ${parameter} is ${explain(value)}, not a continuation: record one, as in ${example}`,
  );
}

/** The options that there are. */
const OPTIONS: Record<keyof CallOptions, true> = { timeout: true };

function timeoutOf(options: CallOptions | undefined): number {
  if (options === undefined) return DefaultOption.TimeoutMs;
  if (typeof options !== 'object' || options === null) {
    throw invalidOption(
      `the options are ${explain(options)}: pass an object, as in { timeout: 5_000 }`,
    );
  }
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(OPTIONS, name)) {
      throw invalidOption(unknownName('option', name, Object.keys(OPTIONS)));
    }
  }
  const { timeout = DefaultOption.TimeoutMs }: { readonly timeout?: unknown } = options;
  if (typeof timeout === 'number') return timeout;
  throw invalidOption(`timeout is ${explain(timeout)}: it has to be a number of milliseconds`);
}

function invalidOption(message: string): CallError {
  return new CallError('invalid-option', message);
}

/** A handler is the object's own: it may use every member. */
function readAny(receiver: object, name: string): unknown {
  return (receiver as Record<string, unknown>)[name];
}
