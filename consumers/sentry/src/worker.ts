/** A cart that calls users, each class instrumented by Sentry. */
import { type CallErrorInfo, LumenizeBase, type ReceivedCall } from '@lumenize/call';
import * as Sentry from '@sentry/cloudflare';

/** What would have been sent. */
export const events: Sentry.ErrorEvent[] = [];
export const spans: string[] = [];

const options = (): Sentry.CloudflareOptions => ({
  dsn: 'https://key@sentry.invalid/1',
  tracesSampleRate: 1,
  beforeSend: (event) => {
    events.push(event);
    return null;
  },
  beforeSendSpan: (span) => {
    spans.push(span.name);
    return span;
  },
  transport: () => ({ send: async () => ({}), flush: async () => true }),
  // Each call of these bindings has one argument more.
  rpcTracePropagationBindings: ['USERS', 'CART'],
});

class UsersBase extends LumenizeBase<Env> {
  getUser(id: string): string {
    if (id.startsWith('nobody')) throw new RangeError(`there is no user '${id}'`);
    return `user ${id}`;
  }

  override onReceiveError(error: unknown, { method }: ReceivedCall): void {
    Sentry.captureException(error, { tags: { method: `Users.${method}` } });
  }
}

class CartBase extends LumenizeBase<Env> {
  seen: string[] = [];
  reported = 0;

  get(id: string): Promise<string> {
    return this.svc.callRaw(this.ctn('USERS', 'main').getUser(id));
  }

  async getClass(id: string): Promise<string> {
    return this.get(id).catch((error) => error.constructor.name);
  }

  getBoth(): Promise<string[]> {
    return Promise.all([this.get('u1'), this.get('u2')]);
  }

  handle(id: string): void {
    const user = this.ctn('USERS', 'main').getUser(id);
    this.svc.call(user, this.ctn().onUser(user));
  }

  onUser(user: string | Error): void {
    this.seen.push(String(user));
    if (user instanceof Error) throw new TypeError(`there is no cart of ${user.message}`);
  }

  handleAgain(id: string): void {
    const user = this.ctn('USERS', 'main').getUser(id);
    this.svc.call(user, this.ctn().onAgain(user));
  }

  onAgain(user: string | Error): never {
    throw user;
  }

  override onCallError(error: unknown, { handler }: CallErrorInfo): void {
    Sentry.captureException(error, { tags: { handler } });
    this.reported += 1;
  }
}

export const Users = Sentry.instrumentDurableObjectWithSentry(options, UsersBase);
export type Users = UsersBase;
export const Cart = Sentry.instrumentDurableObjectWithSentry(options, CartBase);
export type Cart = CartBase;

export default Sentry.withSentry(options, {
  async fetch(request, env) {
    const id = new URL(request.url).pathname.slice(1);
    return new Response(await env.CART.getByName('c1').get(id));
  },
} satisfies ExportedHandler<Env>);
