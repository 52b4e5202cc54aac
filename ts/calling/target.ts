/** Targets: what a binding and an instance name, and the stub through which it is reached. */

import type { CallOptions } from '../wasm/lumenize_call.js';
import type { Receiver } from '../wire/protocol.js';
import { saysGone } from './platform.js';
import type { Targets } from './targets.js';

/**
 * A stub with its two methods. Reading a method of a stub creates a runtime object, which
 * costs a twentieth of a call, so each is read once.
 */
export class Connection {
  readonly #stub: Receiver;
  #callOne: Receiver['__lmzCall'] | undefined;
  #callSeveral: Receiver['__lmzCalls'] | undefined;

  constructor(stub: Receiver) {
    this.#stub = stub;
  }

  callOne(frame: string, slots: readonly unknown[], context?: unknown): PromiseLike<unknown> {
    this.#callOne ??= this.#stub.__lmzCall;
    // The method knows its stub. Its `call` and `apply` would be remote methods.
    const callOne = this.#callOne;
    return callOne(frame, ...slots, context);
  }

  callSeveral(...message: Parameters<Receiver['__lmzCalls']>): PromiseLike<unknown> {
    this.#callSeveral ??= this.#stub.__lmzCalls;
    const callSeveral = this.#callSeveral;
    return callSeveral(...message);
  }

  /**
   * Why an object is gone. Of what it has lent the runtime only says that; its stub knows, and says so of
   * any message, such as one that cannot run.
   */
  async reasonFor(rejected: unknown): Promise<unknown> {
    if (!saysGone(rejected)) return rejected;
    try {
      await this.callOne('', []);
      return rejected;
    } catch (reason) {
      return reason;
    }
  }
}

/** One Durable Object or Worker entrypoint, as its caller knows it. */
export class Target {
  #connection: Connection | undefined;
  #messagesInFlight = 0;
  /** The name of the binding, or what is called in its place. */
  readonly binding: string;
  readonly instance: string | undefined;

  constructor(
    /** Whose it is: each object that calls has its own. */
    readonly targets: Targets,
    /** By what it was asked for: the name of a binding, or an object. */
    readonly key: string | object,
    /** As it was named: nothing, where the key is not a namespace. */
    readonly named: Instance,
    readonly place: Place,
  ) {
    this.binding = place.binding;
    this.instance = place.instance;
  }

  /** Whether both are one object for one caller; the stub through which it is reached may differ. */
  isSame(other: Target): boolean {
    if (this === other) return true;
    const { targets, key, instance } = other;
    return this.targets === targets && this.key === key && this.instance === instance;
  }

  /** Its id, if it is a Durable Object whose id is known here. */
  get id(): DurableObjectId | undefined {
    return this.place.id;
  }

  /**
   * The id that Workers RPC says with an error from there: that of the Durable Object that called; where a
   * Worker did, that of the target, unless the error is a `DOMException`. Found by running it.
   */
  durableObjectIdWith(error: Error): string | undefined {
    const ofTarget = error instanceof DOMException ? undefined : this.place.id;
    return (this.targets.ownId ?? ofTarget)?.toString();
  }

  /** Calls that wait for the end of the turn; it belongs to the outbox. */
  waiting: unknown[] = [];

  get isIdle(): boolean {
    return this.#messagesInFlight === 0 && this.waiting.length === 0;
  }

  /** Takes the connection for one message. One stub keeps the order, so it stays while any is in flight. */
  take(): Connection {
    this.#connection ??= new Connection(this.place.connect());
    this.#messagesInFlight += 1;
    return this.#connection;
  }

  /**
   * Ends one message, if it had a connection. One that a failure has broken is forgotten, unless another
   * has replaced it.
   */
  giveBack(connection: Connection | undefined, isHealthy: boolean): void {
    if (!connection) return;
    this.#messagesInFlight -= 1;
    if (!isHealthy) this.forget(connection);
  }

  /** Drops an unused stub, which breaks unnoticed if its object is reset while no message is in flight. */
  forgetUnused(): void {
    if (this.isIdle) this.#connection = undefined;
  }

  /** Forgets one that a failure has broken. */
  forget(connection: Connection): void {
    if (this.#connection === connection) this.#connection = undefined;
  }
}

/** What a caller may pass for the instance of a Durable Object. */
export type Instance = string | DurableObjectId | undefined;

/** Options of a Durable Object namespace's `get`, with which a stub is made. */
export type StubOptions = Pick<CallOptions, 'locationHint' | 'routingMode' | 'retry'>;

/** Where a target is. */
export interface Place {
  readonly binding: string;
  readonly instance: string | undefined;
  readonly id?: DurableObjectId | undefined;
  connect(): Receiver;
}
