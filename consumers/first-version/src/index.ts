// The first version had these lines instead:
//   import '@lumenize/call';
//   import type { Unprotected } from '@lumenize/core';
//   import { newContinuation } from '@lumenize/core';
//   import { LumenizeBase } from '@lumenize/lumenize-base';
import { LumenizeBase, newContinuation, type Unprotected } from '@lumenize/call';

export interface Env {
  ORIGIN_DO: DurableObjectNamespace<OriginDO>;
  REMOTE_DO: DurableObjectNamespace<RemoteDO>;
}

export class RemoteDO extends LumenizeBase<Env> {
  // The one line that the first version did not ask for: it let every caller into `ctx`.
  static exposes = ['ctx'] as const;

  #executed: string[] = [];

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.kv.put('made', true);
  }

  getUserData(userId: string) {
    this.#executed.push('getUserData');
    return { userId, name: 'Ada' };
  }

  add(a: number, b: number): number {
    this.#executed.push('add');
    return a + b;
  }

  throwError(message: string): never {
    throw new Error(message);
  }

  async slow(value: string, delayMs: number) {
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    return `slow: ${value}`;
  }

  getExecuted() {
    return this.#executed;
  }
}

type Result = { type: 'success' | 'error'; value: unknown; userId?: string };

export class OriginDO extends LumenizeBase<Env> {
  #results: Result[] = [];

  async initialize(instanceNameOrId?: string) {
    await this.__lmzInit({
      doBindingName: 'ORIGIN_DO',
      doInstanceNameOrId: instanceNameOrId || this.ctx.id.toString(),
    });
  }

  async twoLines(userId: string) {
    const userData = this.ctn<RemoteDO>().getUserData(userId);
    const handler = this.ctn().handleUserData(userData, userId);
    await this.svc.call('REMOTE_DO', 'remote', userData, handler);
  }

  inline(userId: string) {
    const userData = this.ctn<RemoteDO>().getUserData(userId);
    this.svc.call('REMOTE_DO', 'remote', userData, this.ctn().handleUserData(userData, userId));
  }

  marker(userId: string) {
    this.svc.call(
      'REMOTE_DO',
      'remote',
      this.ctn<RemoteDO>().getUserData(userId),
      this.ctn().handleUserData(this.ctn().$result, userId),
    );
  }

  error(message: string) {
    const remote = this.ctn<RemoteDO>().throwError(message);
    this.svc.call('REMOTE_DO', 'remote', remote, this.ctn().handleUserData(remote, 'error-user'));
  }

  timeout(delayMs: number, timeout: number) {
    const slow = this.ctn<RemoteDO>().slow('a', delayMs);
    const handler = this.ctn().handleUserData(slow, 'timeout-user');
    this.svc.call('REMOTE_DO', 'remote', slow, handler, { timeout });
  }

  nested() {
    const op1 = this.ctn<RemoteDO>().add(1, 10);
    const op2 = newContinuation<RemoteDO>().add(100, 1000);
    const sum = this.ctn<RemoteDO>().add(op1, op2);
    this.svc.call('REMOTE_DO', 'remote', sum, this.ctn().handleSum(sum));
  }

  byId(id: string) {
    const sum = this.ctn<RemoteDO>().add(2, 3);
    this.svc.call('REMOTE_DO', id, sum, this.ctn().handleSum(sum));
  }

  storage(instance: string) {
    const made = this.ctn<Unprotected<RemoteDO>>().ctx.storage.kv.get('made');
    const handler = this.ctn().ctx.storage.kv.put('fetched', made);
    this.svc.call('REMOTE_DO', instance, made, handler);
  }

  handleUserData(result: unknown, userId: string) {
    if (result instanceof Error) {
      this.#results.push({ type: 'error', value: result.message, userId });
    } else {
      this.#results.push({ type: 'success', value: result, userId });
    }
  }

  handleSum(result: number | Error) {
    if (result instanceof Error) this.#results.push({ type: 'error', value: result.message });
    else this.#results.push({ type: 'success', value: result });
  }

  getFetched() {
    return this.ctx.storage.kv.get('fetched');
  }

  getResults() {
    return this.#results;
  }
}

export default {
  fetch: () => new Response('OK'),
};
