/**
 * The controller: an object that makes the same operations in the ways that are registered here, for
 * a driver outside, which has the clock. It is the same whether it runs locally or is deployed.
 *
 * `GET /variations` lists them. A WebSocket to `/run?object=…` takes batches and says how far they are.
 * `GET /checked?object=…` says how many results of the last batch were right.
 */
import { Callers, Target, type Way } from '../../bench/ways.js';

export { Target };

interface Env {
  readonly CONTROLLER: DurableObjectNamespace<Controller>;
}

/** One way to make operations. */
interface Variation {
  readonly title: string;
  readonly description: string;
  /** Whether it is there for the driver to see that it would notice something. */
  readonly isSelfCheck?: boolean;
  /** Makes so many operations at once, waits for all, and checks each result. */
  run(controller: Controller, operations: number): Promise<unknown>;
}

/** A batch as the driver asks for it: so many operations at once, so many times in a row. */
interface Batch {
  readonly batch: number;
  readonly variation: string;
  readonly operations: number;
  readonly repetitions: number;
}

/** More at once says nothing new, and is near the platform's limit for one event. */
const MOST_OPERATIONS = 10_000;
/** Milliseconds that the variation takes which seems to hang. */
const STALLED = 10_000;

const VARIATIONS: Readonly<Record<string, Variation>> = {
  empty: {
    title: 'empty run',
    description: 'No operation: what the WebSocket and the progress messages take.',
    run: async () => {},
  },
  rpc: {
    title: 'Workers RPC',
    description: 'stub.add(n, 1), all awaited together.',
    run: (controller, operations) => controller.make('rpc', operations),
  },
  v1: {
    title: 'V1: awaited',
    description: 'svc.callRaw with batch: false, all awaited together.',
    run: (controller, operations) => controller.make('awaited', operations),
  },
  v2: {
    title: 'V2: handler',
    description: 'svc.call with a handler and batch: false.',
    run: (controller, operations) => controller.make('handler', operations),
  },
  v3: {
    title: 'V3: batched',
    description: 'svc.call with a handler: calls of one turn are one message.',
    run: (controller, operations) => controller.make('batched', operations),
  },
  blocked: {
    title: 'blockConcurrencyWhile',
    description: 'V1 with ctx.blockConcurrencyWhile around each call.',
    run: (controller, operations) => controller.makeBlocked(operations),
  },
  stalled: {
    title: 'a call that takes too long',
    description: `Workers RPC to a method that answers after ${STALLED / 1_000} s.`,
    isSelfCheck: true,
    run: (controller) => controller.stall(),
  },
  forgetful: {
    title: 'one result is never checked',
    description: 'Workers RPC with one operation fewer than asked for.',
    isSelfCheck: true,
    run: (controller, operations) => controller.make('rpc', operations - 1),
  },
};

export class Controller extends Callers {
  #batch = 0;
  #checked = 0;

  /** The addition, with its right results counted. */
  readonly #counted: Callers['addition'] = {
    ...this.addition,
    isRight: (answer, n) => {
      const isRight = this.addition.isRight(answer, n);
      if (isRight) this.#checked += 1;
      return isRight;
    },
  };

  /** Each controller has a target of its own: what befalls one touches no other. */
  readonly #targetOf = (): string => `target of ${this.ctx.id}`;

  make(way: Way, operations: number): Promise<void> {
    return this.at(way, this.#counted, operations, this.#targetOf);
  }

  async makeBlocked(operations: number): Promise<void> {
    const calls = Array.from({ length: operations }, (_, n) =>
      this.ctx.blockConcurrencyWhile(async () => {
        const remote = this.#counted.recorded(n);
        const answer = await this.svc.callRaw('TARGET', this.#targetOf(), remote, { batch: false });
        if (!this.#counted.isRight(answer, n)) throw new Error('wrong answer');
      }),
    );
    await Promise.all(calls);
  }

  stall(): Promise<number> {
    return this.stub(this.#targetOf()).slow(STALLED);
  }

  override fetch(request: Request): Response {
    if (new URL(request.url).pathname === '/checked') {
      return Response.json({ batch: this.#batch, checked: this.#checked });
    }
    const { 0: client, 1: server } = new WebSocketPair();
    // Accepted by the object, not by this request: each message is an event with limits of its own.
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const send = (report: object): void => {
      try {
        socket.send(JSON.stringify(report));
      } catch {
        // The driver has given this batch up.
      }
    };
    try {
      const asked = batchOf(message);
      this.#batch = asked.batch;
      this.#checked = 0;
      for (let done = 0; done < asked.repetitions; done++) {
        send({ batch: asked.batch, done });
        await variationOf(asked).run(this, asked.operations);
      }
      send({ batch: asked.batch, done: asked.repetitions, isEnd: true });
    } catch (error) {
      send({ failed: String(error) });
    }
  }

  override webSocketClose(socket: WebSocket): void {
    socket.close();
  }
}

function batchOf(message: string | ArrayBuffer): Batch {
  const asked = JSON.parse(String(message)) as Batch;
  for (const key of ['batch', 'operations', 'repetitions'] as const) {
    if (!Number.isInteger(asked[key]) || asked[key] < 1 || asked[key] > 1_000_000) {
      throw new RangeError(`${key} has to be a whole number from 1 to 1,000,000`);
    }
  }
  if (asked.operations > MOST_OPERATIONS) {
    throw new RangeError(`operations can be at most ${MOST_OPERATIONS}`);
  }
  return asked;
}

function variationOf({ variation }: Batch): Variation {
  const found = Object.hasOwn(VARIATIONS, variation) ? VARIATIONS[variation] : undefined;
  if (found) return found;
  const known = Object.keys(VARIATIONS).join(', ');
  throw new RangeError(`there is no variation '${variation}': there is ${known}`);
}

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/variations') {
      const variations = Object.entries(VARIATIONS).map(([name, variation]) => ({
        name,
        title: variation.title,
        description: variation.description,
        isSelfCheck: variation.isSelfCheck ?? false,
      }));
      return Response.json({ experiment: 'calls', colo: request.cf?.colo ?? null, variations });
    }
    const object = searchParams.get('object');
    if (!object || (pathname !== '/run' && pathname !== '/checked')) {
      return new Response('there is /variations, /run?object=… and /checked?object=…\n', {
        status: 404,
      });
    }
    if (pathname === '/run' && request.headers.get('Upgrade') !== 'websocket') {
      return new Response('/run takes a WebSocket\n', { status: 426 });
    }
    return env.CONTROLLER.getByName(object).fetch(request);
  },
} satisfies ExportedHandler<Env>;
