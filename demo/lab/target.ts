/** The object that the lab calls: it works as it is told, and counts what arrives. */
import { LumenizeBase } from '@lumenize/call';
import type { Failure } from './settings.js';

/** What a call of a run is to do. */
export interface Work {
  /** Which call of the run it is. */
  readonly index: number;
  /** Comes back as it is. */
  readonly payload: string;
  /** Milliseconds. */
  readonly delay: number;
  readonly failure: Failure | undefined;
}

export interface Worked {
  readonly index: number;
  readonly payload: string;
}

/** A message as it arrived. */
export interface Arrived {
  readonly calls: number;
  /** The encoded programs; those that are alike come once. */
  readonly frames: readonly string[];
  /** Argument values that came beside the frames. */
  readonly slots: number;
}

export interface Directory {
  readonly id: string;
  readonly name: string;
}

export class LabTarget extends LumenizeBase {
  #arrived: Arrived[] = [];
  #messages = 0;
  #ran: string[] = [];
  readonly #hung: (() => void)[] = [];

  async work({ index, payload, delay, failure }: Work): Promise<Worked> {
    if (delay > 0) await scheduler.wait(delay);
    if (failure === 'hang') await new Promise<void>((resolve) => this.#hung.push(resolve));
    if (failure === 'value') throw `call ${index} was to fail`;
    if (failure === 'error') throw new RangeError(`call ${index} was to fail`);
    return { index, payload };
  }

  /** The same for callers that use Workers RPC: each such call is a message. */
  workByRpc(work: Work): Promise<Worked> {
    this.#messages += 1;
    return this.work(work);
  }

  /** Begins to count anew. */
  begin(): void {
    this.#messages = 0;
    this.#arrived = [];
    this.#ran = [];
  }

  /** How many messages have come since. Whatever hangs is let go; nobody waits for it any more. */
  end(): number {
    for (const resolve of this.#hung.splice(0)) resolve();
    return this.#messages;
  }

  /** What has come since, and what it made run, in this order. */
  trace(): { readonly arrived: readonly Arrived[]; readonly ran: readonly string[] } {
    this.end();
    return { arrived: this.#arrived, ran: this.#ran };
  }

  getUser(id: string): Directory {
    this.#ran.push(`getUser(${JSON.stringify(id)})`);
    if (id !== 'u1') throw new RangeError(`there is no user '${id}'`);
    return { id, name: 'Ada' };
  }

  add(a: number, b: number): number {
    this.#ran.push(`add(${a}, ${b})`);
    return a + b;
  }

  async wait(ms: number): Promise<string> {
    this.#ran.push(`wait(${ms})`);
    await scheduler.wait(ms);
    return `waited ${ms} ms`;
  }

  never(): Promise<void> {
    this.#ran.push('never()');
    return new Promise((resolve) => this.#hung.push(resolve));
  }

  /** A message of one call enters here. */
  override __lmzCall(frame: unknown, ...slots: unknown[]): unknown {
    // What travels with every call stands behind its values.
    this.#arrive({ calls: 1, frames: [String(frame)], slots: slots.length - 1 });
    return super.__lmzCall(frame, ...slots);
  }

  /** A message of several calls enters here. */
  override __lmzCalls(...message: unknown[]): unknown {
    const [frames, , which, slots] = message as [string[], unknown, Uint16Array, unknown[]];
    this.#arrive({ calls: which.length, frames, slots: slots.length });
    return super.__lmzCalls(...message);
  }

  #arrive(message: Arrived): void {
    this.#messages += 1;
    if (this.#arrived.length < 10) this.#arrived.push(message);
  }
}
