/** One call that passes through three objects, and the tree of what ran inside of what. */
import { type CallEvent, callChannel, LumenizeBase } from '@lumenize/call';
import type { LabStock } from './durable.js';
import type { TraceSpan } from './events.js';

/** Milliseconds that methods wait for something outside. */
const LOOK_UP = 15;
const CHECK = 10;

/** The object where the tree begins. */
export class LabCart extends LumenizeBase {
  /** Asks the users twice; the second time, they ask the stock. Returns all methods that ran. */
  async checkout(): Promise<TraceSpan[]> {
    const users = this.env.LAB_USERS.newUniqueId();
    const stock = String(this.env.LAB_STOCK.newUniqueId());
    const trace = new Trace('LabCart.checkout', String(this.ctx.id), [String(users), stock]);
    try {
      const on = this.ctn<LabUsers>();
      const user = await this.svc.callRaw('LAB_USERS', users, on.getUser('u1'));
      await this.svc.callRaw('LAB_USERS', users, on.reserve('chair', user.id, stock));
    } finally {
      trace.end();
    }
    return trace.spans;
  }
}

/** The object between. */
export class LabUsers extends LumenizeBase {
  async getUser(id: string): Promise<{ readonly id: string; readonly name: string }> {
    await scheduler.wait(LOOK_UP);
    return { id, name: 'Ada' };
  }

  /** Two calls of one turn, in one message. */
  async reserve(sku: string, user: string, stock: string): Promise<string> {
    await scheduler.wait(CHECK);
    const target = this.env.LAB_STOCK.idFromString(stock);
    const [left, price] = await Promise.all([
      this.svc.callRaw('LAB_STOCK', target, this.ctn<LabStock>().countOf(sku)),
      this.svc.callRaw('LAB_STOCK', target, this.ctn<LabStock>().priceOf(sku)),
    ]);
    return `${left} of ${sku} for ${price} to ${user}`;
  }
}

/** A span while its method may still run. */
type Open = { -readonly [K in keyof TraceSpan]: TraceSpan[K] } & {
  /** The object in which it runs, and which call of which caller it is. */
  readonly place: string | undefined;
  readonly call: string;
};

/**
 * What the objects of one story run, as `callChannel` says it. A method is inside of that which its caller ran when it
 * made the call: here each object has one that makes calls.
 */
class Trace {
  readonly #of: ReadonlySet<string>;
  readonly #start = Date.now();
  readonly #open: Open[];
  readonly #listen = (event: CallEvent): void => this.#watch(event);

  constructor(name: string, root: string, others: readonly string[]) {
    this.#of = new Set(others);
    this.#open = [
      {
        name,
        place: root,
        call: '',
        parent: undefined,
        caller: undefined,
        start: 0,
        ms: undefined,
      },
    ];
    callChannel.subscribe(this.#listen);
  }

  get spans(): TraceSpan[] {
    return this.#open.map(({ place: _, call: __, ...span }) => span);
  }

  end(): void {
    callChannel.unsubscribe(this.#listen);
    const [root] = this.#open;
    if (root) root.ms = this.#now();
  }

  #watch(event: CallEvent): void {
    if (event.event !== 'began' && event.event !== 'ended') return;
    if (event.instance === undefined || !this.#of.has(event.instance)) return;
    const { caller, instance, operation } = event;
    const call = `${caller.id} ${event.id}`;
    if (event.event === 'ended') {
      const span = this.#open.find((one) => one.place === instance && one.call === call);
      if (span) span.ms = this.#now() - span.start;
      return;
    }
    const parent = this.#open.findLastIndex(
      ({ place, ms }) => place === caller.id && ms === undefined,
    );
    this.#open.push({
      name: operation,
      place: instance,
      call,
      parent: parent === -1 ? undefined : parent,
      caller: caller.class,
      start: this.#now(),
      ms: undefined,
    });
  }

  #now(): number {
    return Date.now() - this.#start;
  }
}
