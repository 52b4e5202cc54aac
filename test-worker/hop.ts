/** Objects that call each other in chains, look at what they receive, and hear of what fails. */
import {
  type CallContext,
  type CallOptions,
  LumenizeBase,
  type ReceivedCall,
} from '@lumenize/call';
import { withDurableCalls } from '@lumenize/call/durable';

type Context = CallContext | undefined;

export class Hop extends withDurableCalls(LumenizeBase<Cloudflare.Env>) {
  /** What `onReceive` has seen, and what `onReceiveError` was given. */
  readonly seen: ReceivedCall[] = [];
  readonly failed: { readonly error: unknown; readonly call: ReceivedCall }[] = [];
  /** Names of methods that have begun, in their order. */
  readonly begun: string[] = [];

  override onReceive(call: ReceivedCall): void | Promise<void> {
    this.seen.push(call);
    const { gate } = call.context.data;
    if (gate === 'closed') throw new RangeError(`${call.method} is closed`);
    if (gate === 'closed later') {
      return scheduler.wait(1).then(() => {
        throw new RangeError(`${call.method} is closed`);
      });
    }
    if (gate === 'slow') return scheduler.wait(1);
  }

  override onReceiveError(error: unknown, call: ReceivedCall): unknown {
    this.failed.push({ error, call });
    const { message } = error as Error;
    if (message === 'secret') return new Error('something failed');
    if (message === 'secret later') return Promise.resolve(new Error('something failed later'));
    if (message === 'secret that cannot be hidden') throw new Error('the hook fails');
    return undefined;
  }

  context(): Context {
    this.begun.push('context');
    return this.svc.context;
  }

  async contextLater(): Promise<Context> {
    await scheduler.wait(1);
    return this.svc.context;
  }

  fail(message: string): never {
    throw new Error(message);
  }

  /** The contexts of a chain of so many objects, the last first. */
  async chain(others: readonly string[], options?: CallOptions): Promise<Context[]> {
    const [next, ...rest] = others;
    const own = this.svc.context;
    if (next === undefined) return [own];
    const further = this.ctn('HOP', next).chain(rest);
    return [...((await this.svc.callRaw(further, options)) as Context[]), own];
  }

  /** The contexts that several calls of one message find. */
  async fan(name: string, options?: CallOptions): Promise<Context[]> {
    const hop = this.ctn('HOP', name);
    const calls = [hop.context(), hop.context(), hop.contextLater()];
    return Promise.all(calls.map((call) => this.svc.callRaw(call, options))) as Promise<Context[]>;
  }

  /** The context in the handler of a call. */
  handled(name: string): Promise<Context> {
    return new Promise((resolve) => {
      this.svc.call(this.ctn('HOP', name).context(), () => resolve(this.svc.context));
    });
  }

  /** Calls itself without end. */
  endless(): Promise<number> {
    return this.svc.callRaw(this.ctn('HOP', 'endless').endless());
  }

  hang(): Promise<never> {
    return new Promise(() => {});
  }

  /** What a call of 10 s comes to inside of this one, and after how many milliseconds. */
  async wait(context?: null): Promise<string> {
    const options = { timeout: 10_000, ...(context === null && { context }) };
    try {
      await this.svc.callRaw(this.ctn('HOP', 'hangs').hang(), options);
      return 'it has answered';
    } catch (error) {
      this.ctx.storage.kv.put('waited', String(error));
      return String(error);
    }
  }

  /** Stores a call inside of this one. */
  store(name: string): void {
    const context = this.ctn('HOP', name).context();
    this.svc.durable.call(context as never, this.ctn().onContext(context as never));
  }

  onContext(context: Context | Error): void {
    this.ctx.storage.kv.put('contexts', [context, this.svc.context]);
  }
}

/** Has no hooks, so that what fails is logged. */
export class Bare extends LumenizeBase<Cloudflare.Env> {
  fail(message: string): never {
    throw new Error(message);
  }
}
