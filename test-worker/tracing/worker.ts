/** Objects whose requests are traced: `/single` and so on run one method of the cart each. */
import { tracing } from 'cloudflare:workers';
import { LumenizeBase } from '@lumenize/call';
import { withDurableCalls } from '@lumenize/call/durable';

interface Env {
  readonly CART: DurableObjectNamespace<Cart>;
  readonly USERS: DurableObjectNamespace<Users>;
  readonly STOCK: DurableObjectNamespace<Stock>;
  readonly SHELF: DurableObjectNamespace<Shelf>;
}

export class Users extends LumenizeBase<Env> {
  static readonly retryable = ['failsFirst'];

  override onReceiveError(): void {}

  getUser(id: string): string {
    return tracing.enterSpan('look up', () => `user ${id}`);
  }

  async find(id: string): Promise<string> {
    await scheduler.wait(1);
    return tracing.enterSpan('look up', () => `user ${id}`);
  }

  add(a: number, b: number): number {
    return a + b;
  }

  fail(id: string): never {
    throw new RangeError(`no user ${id}`);
  }

  async failLater(): Promise<never> {
    await scheduler.wait(1);
    throw 'a text';
  }

  /** Ends its object the first time. */
  async failsFirst(): Promise<string> {
    const isFirst = this.ctx.storage.kv.get('failed') !== true;
    this.ctx.storage.kv.put('failed', true);
    await this.ctx.storage.sync();
    if (isFirst) this.ctx.abort('a crash');
    return 'the second time';
  }

  never(): Promise<never> {
    return new Promise(() => {});
  }

  /** The second hop of a chain. */
  reserve(piece: string): Promise<string> {
    return this.svc.callRaw(this.ctn('STOCK', 'main').take(piece));
  }
}

/** Runs one call at a time. */
export class Shelf extends Users {
  static readonly callLimits = { running: 1 };

  async slow(): Promise<void> {
    await scheduler.wait(200);
  }
}

export class Stock extends withDurableCalls(LumenizeBase<Env>) {
  take(piece: string): string {
    return `took ${piece}`;
  }
}

export class Cart extends withDurableCalls(LumenizeBase<Env>) {
  override onCallError(): void {}

  #arrived = (_: unknown): void => {};

  onUser(user: string | Error): void {
    tracing.enterSpan('handled', () => this.#arrived(String(user)));
  }

  onFailing(): never {
    this.#arrived('failing');
    throw new TypeError('as it was asked to');
  }

  async onLater(): Promise<void> {
    await scheduler.wait(5);
    this.#arrived('later');
  }

  single(): Promise<string> {
    return this.svc.callRaw(this.ctn('USERS', 'main').getUser('u1'));
  }

  /** The active span is the same before a call, after it was made, and after its answer. */
  async around(): Promise<boolean> {
    const active = (): string | undefined => tracing.getActiveSpan()?.spanContext().spanId;
    const before = active();
    const call = this.svc.callRaw(this.ctn('USERS', 'main').add(1, 2));
    const meanwhile = active();
    await call;
    return before !== undefined && before === meanwhile && before === active();
  }

  async batch(): Promise<string[]> {
    const users = this.ctn('USERS', 'main');
    const failing = this.svc.callRaw(users.fail('u3')).catch(String);
    const calls = [users.getUser('u1'), users.find('u2')].map((call) => this.svc.callRaw(call));
    return Promise.all([...calls, failing]);
  }

  nested(): Promise<number> {
    const users = this.ctn('USERS', 'main');
    return this.svc.callRaw(users.add(users.add(1, 10), users.add(100, 1_000)));
  }

  failing(): Promise<string> {
    return this.svc.callRaw(this.ctn('USERS', 'main').fail('u1')).catch(String);
  }

  /** The same by Workers RPC. */
  failingByRpc(): Promise<string> {
    const users = this.env.USERS.getByName('main') as unknown as {
      fail(id: string): Promise<string>;
    };
    return users.fail('u1').catch(String);
  }

  failingLater(): Promise<string> {
    return this.svc.callRaw(this.ctn('USERS', 'main').failLater()).catch(String);
  }

  retried(): Promise<string> {
    const remote = this.ctn('USERS', 'second').failsFirst();
    return this.svc.callRaw(remote, { retry: { attempts: 2, delay: 1 } });
  }

  slow(): Promise<void> {
    return this.svc.callRaw(this.ctn('SHELF', 'main').slow());
  }

  waits(): Promise<string> {
    return this.svc.callRaw(this.ctn('SHELF', 'main').getUser('u1'));
  }

  late(): Promise<string> {
    const never = this.ctn('USERS', 'main').never();
    return this.svc.callRaw(never, { timeout: 50 }).catch((error) => error.code);
  }

  async refused(): Promise<string> {
    const users = this.ctn('USERS', 'main') as unknown as { closed(): PromiseLike<string> };
    return users.closed().then(String, ({ code }) => code);
  }

  chain(): Promise<string> {
    return this.svc.callRaw(this.ctn('USERS', 'main').reserve('a chair'));
  }

  /** It returns before the answer. */
  handler(): void {
    const user = this.ctn('USERS', 'main').getUser('u1');
    this.svc.call(user, this.ctn().onUser(user));
  }

  async handlers(): Promise<void> {
    const arrivals = ['a function', 'failing', 'later'];
    await new Promise<void>((resolve) => {
      this.#arrived = (what): void => {
        arrivals.splice(arrivals.indexOf(String(what)), 1);
        if (arrivals.length === 0) resolve();
      };
      const user = this.ctn('USERS', 'main').add(1, 1);
      this.svc.call(user, () => this.#arrived('a function'));
      this.svc.call(user, this.ctn().onFailing());
      this.svc.call(user, this.ctn().onLater());
    });
  }

  durable(): void {
    const piece = this.ctn('STOCK', 'main').take('a chair');
    this.svc.durable.call(piece, this.ctn().onUser(piece));
  }
}

type Story = Exclude<keyof Cart, keyof LumenizeBase>;

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    const cart = env.CART.getByName('c1');
    const answer: unknown = await (cart as unknown as Record<Story, () => Promise<unknown>>)[
      pathname.slice(1) as Story
    ]();
    return Response.json(answer ?? null);
  },
} satisfies ExportedHandler<Env>;
