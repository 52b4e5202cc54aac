import {
  CallError,
  type CallEvent,
  callChannel,
  LumenizeBase,
  LumenizeWorker,
  registerErrors,
} from '@lumenize/call';

interface Env {
  readonly CALC: DurableObjectNamespace<Calc>;
  readonly CALLER: DurableObjectNamespace<Caller>;
  readonly GREETER: Service<Greeter>;
}

class OutOfStock extends Error {
  override name = 'OutOfStock';

  constructor(readonly item: string) {
    super(`no ${item} left`);
  }
}
registerErrors(OutOfStock);

export class Calc extends LumenizeBase<Env> {
  add(a: number, b: number) {
    return a + b;
  }

  never(): Promise<number> {
    return new Promise(() => {});
  }

  fail(kind: 'registered' | 'built-in' | 'value'): number {
    if (kind === 'registered') throw new OutOfStock('tea');
    if (kind === 'built-in') throw new RangeError('too far', { cause: new TypeError('of a kind') });
    throw 'a string';
  }

  store(key: string, value: string) {
    this.ctx.storage.kv.put(key, value);
    return this.ctx.storage.kv.get<string>(key);
  }
}

export class Greeter extends LumenizeWorker<Env> {
  greet(name: string) {
    return `Hello, ${name}`;
  }
}

/** Every method makes calls and tells, in plain data, what they came to. */
export class Caller extends LumenizeBase<Env> {
  #handled: unknown[] = [];
  #all: (() => void) | undefined;

  onResult(result: number | Error, call: string) {
    this.#handled.push(`${call}: ${result}`);
    if (this.#handled.length === 3) this.#all?.();
  }

  /** Handlers, with a value, with a failure, and past a deadline. */
  async handlers() {
    const all = new Promise<void>((resolve) => {
      this.#all = resolve;
    });
    const sum = this.ctn<Calc>().add(1, 2);
    this.svc.call('CALC', 'main', sum, this.ctn().onResult(sum, 'sum'));
    const failure = this.ctn<Calc>().fail('registered');
    this.svc.call('CALC', 'main', failure, this.ctn().onResult(failure, 'failure'));
    const late = this.ctn<Calc>().never();
    this.svc.call('CALC', 'main', late, this.ctn().onResult(late, 'late'), { timeout: 50 });
    await all;
    return this.#handled;
  }

  async nested() {
    const calc = this.ctn<Calc>();
    return this.svc.callRaw('CALC', 'main', calc.add(calc.add(1, 10), calc.add(100, 1000)));
  }

  async errors() {
    const told: unknown[] = [];
    for (const kind of ['registered', 'built-in', 'value'] as const) {
      try {
        await this.svc.callRaw('CALC', 'main', this.ctn<Calc>().fail(kind));
      } catch (error) {
        told.push(tell(error));
      }
    }
    return told;
  }

  /** So many calls of one turn, and how many messages they took. */
  async batch() {
    const { frames: before } = this.svc.call.stats();
    const calls = Array.from({ length: 50 }, (_, n) =>
      this.svc.callRaw('CALC', 'main', this.ctn<Calc>().add(n, 1)),
    );
    const sums = await Promise.all(calls);
    const { frames } = this.svc.call.stats();
    return { right: sums.every((sum, n) => sum === n + 1), messages: frames - before };
  }

  async entrypoint() {
    return this.svc.callRaw('GREETER', undefined, this.ctn<Greeter>().greet('Ada'));
  }

  async storage() {
    return this.svc.callRaw('CALC', 'stored', this.ctn<Calc>().store('k', 'v'));
  }

  /** The events of one call, by this package's channel and, where there is one, by the runtime's. */
  async events() {
    const ours: string[] = [];
    const runtimes: string[] = [];
    const listen = (to: string[]) => (message: unknown) => {
      const { event, operation } = message as CallEvent;
      to.push(`${event} ${operation}`);
    };
    const channel = nodeChannel();
    const [listener, nodeListener] = [listen(ours), listen(runtimes)];
    callChannel.subscribe(listener);
    channel?.subscribe(nodeListener);
    await this.svc.callRaw('CALC', 'main', this.ctn<Calc>().add(1, 1));
    callChannel.unsubscribe(listener);
    channel?.unsubscribe(nodeListener);
    await this.svc.callRaw('CALC', 'main', this.ctn<Calc>().add(2, 2));
    return { ours, runtimes };
  }
}

function tell(error: unknown) {
  if (error instanceof OutOfStock) return `OutOfStock of ${error.item}`;
  if (error instanceof CallError) return `${error.code}: ${error.cause}`;
  if (error instanceof RangeError) return `RangeError: ${error.message}, ${error.cause}`;
  return `lost: ${error}`;
}

interface NodeChannel {
  subscribe(listener: (message: unknown) => void): void;
  unsubscribe(listener: (message: unknown) => void): void;
}

/** By no import, since half of the time there is none. */
function nodeChannel(): NodeChannel | undefined {
  const { process } = globalThis as {
    process?: {
      getBuiltinModule?(name: string): { channel(name: string): NodeChannel } | undefined;
    };
  };
  return process?.getBuiltinModule?.('node:diagnostics_channel')?.channel('lumenize:call');
}

export default {
  async fetch(request, env) {
    const what = new URL(request.url).pathname.slice(1);
    const caller = env.CALLER.getByName(what);
    return Response.json(await caller[what as 'handlers']());
  },
} satisfies ExportedHandler<Env>;
