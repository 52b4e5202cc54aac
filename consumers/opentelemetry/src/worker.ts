/** A cart that calls users, each class instrumented by an OpenTelemetry exporter. */
import { instrument, instrumentDO } from '@inference-net/otel-cf-workers';
import { LumenizeBase, type ReceivedCall } from '@lumenize/call';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';

/** What would have been sent; `/spans` shows it. */
const spans: ReadableSpan[] = [];

const exporter: SpanExporter = {
  export(ended, done) {
    spans.push(...ended);
    done({ code: 0 });
  },
  shutdown: async () => {},
};

const config = { service: { name: 'shop' }, trace: { exporter } };

const tracer = trace.getTracer('shop');

class UsersClass extends LumenizeBase<Env> {
  getUser(id: string): string {
    if (id === 'nobody') throw new RangeError(`there is no user '${id}'`);
    return `user ${id}`;
  }

  override onReceiveError(error: unknown, { method }: ReceivedCall): void {
    tracer.startActiveSpan(`Users.${method}`, (span) => {
      span.recordException(error as Error);
      span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    });
  }
}

class CartClass extends LumenizeBase<Env> {
  /** Its own span is around the calls, which are made of any code. */
  override async fetch(request: Request): Promise<Response> {
    const ids = new URL(request.url).searchParams.getAll('id');
    return tracer.startActiveSpan('Cart.fetch', async (span) => {
      const users = this.ctn('USERS', 'main');
      const calls = ids.map((id) => this.svc.callRaw(users.getUser(id)).catch(String));
      const names = await Promise.all(calls);
      span.end();
      return Response.json(names);
    });
  }
}

export const Users = instrumentDO(UsersClass as never, config) as unknown as typeof UsersClass;
export type Users = UsersClass;
export const Cart = instrumentDO(CartClass as never, config) as unknown as typeof CartClass;
export type Cart = CartClass;

export default instrument(
  {
    async fetch(request, env: Env) {
      if (new URL(request.url).pathname !== '/spans') {
        return env.CART.getByName('c1').fetch(request);
      }
      return Response.json(
        spans.map(({ name, events }) => ({
          name,
          exceptions: events.map(({ attributes }) => attributes?.['exception.message']),
        })),
      );
    },
  },
  config,
);
