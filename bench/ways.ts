/**
 * The ways to make a call that are compared. Each makes `count` calls at once, waits for all answers
 * and checks them; what it takes is the caller's time.
 */
import { type CallOptions, LumenizeBase, type Recorded } from '@lumenize/call';

export interface Env {
  readonly DRIVER: DurableObjectNamespace<Callers>;
  readonly TARGET: DurableObjectNamespace<Target>;
}

export const WAYS = [
  'rpc',
  'rpcKept',
  'floor',
  'awaited',
  'handler',
  'batched',
  'batchedAwaited',
  'unhandled',
] as const;

export type Way = (typeof WAYS)[number];

const ALONE: CallOptions = { batch: false };
/** As one writes it who wants nothing special. */
const TOGETHER = undefined;

export class Target extends LumenizeBase<Env> {
  add(a: number, b: number): number {
    return a + b;
  }

  /** What one would write by hand to have many operations in one message. */
  addAll(pairs: readonly (readonly [number, number])[]): number[] {
    return pairs.map(([a, b]) => a + b);
  }

  echo(payload: string): string {
    return payload;
  }

  echoAll(payloads: readonly string[]): readonly string[] {
    return payloads;
  }

  async slow(ms: number): Promise<number> {
    await scheduler.wait(ms);
    return ms;
  }
}

/** What is called: an operation with its answer, as RPC, by hand, and recorded. */
interface Operation<R> {
  rpc(stub: DurableObjectStub<Target>, n: number): Promise<R>;
  floor(stub: DurableObjectStub<Target>, count: number): Promise<readonly R[]>;
  recorded(n: number): Recorded<R, Target>;
  isRight(answer: R, n: number): boolean;
}

export abstract class Callers extends LumenizeBase<Env> {
  readonly #stubs = new Map<string, DurableObjectStub<Target>>();
  #left = 0;
  #wrong = 0;
  #isRight: (answer: never, n: number) => boolean = () => false;
  #done = (): void => {};

  readonly addition: Operation<number> = {
    rpc: (stub, n) => stub.add(n, 1),
    floor: (stub, count) => stub.addAll(Array.from({ length: count }, (_, n) => [n, 1])),
    recorded: (n) => this.ctn<Target>().add(n, 1),
    isRight: (answer, n) => answer === n + 1,
  };

  echoing(payload: string): Operation<string> {
    return {
      rpc: (stub) => stub.echo(payload),
      floor: (stub, count) =>
        stub.echoAll(Array.from({ length: count }, () => payload)) as Promise<readonly string[]>,
      recorded: () => this.ctn<Target>().echo(payload),
      isRight: (answer) => answer.length === payload.length,
    };
  }

  stub(name: string): DurableObjectStub<Target> {
    let stub = this.#stubs.get(name);
    if (!stub) {
      stub = this.env.TARGET.getByName(name);
      this.#stubs.set(name, stub);
    }
    return stub;
  }

  /**
   * Calls to one target share a stub. For many targets each call gets its own, as Workers RPC is written:
   * one that is kept breaks for good when its object is reset.
   */
  #stubOf(targetOf: (n: number) => string, n: number): DurableObjectStub<Target> {
    const name = targetOf(n);
    return name === targetOf(n + 1) ? this.stub(name) : this.env.TARGET.getByName(name);
  }

  /** @param targetOf - The target of each call; by hand, all go to the first. */
  async at<R>(
    way: Way,
    operation: Operation<R>,
    count: number,
    targetOf: (n: number) => string,
  ): Promise<void> {
    switch (way) {
      case 'rpc':
        return this.#check(
          await Promise.all(each(count, (n) => operation.rpc(this.#stubOf(targetOf, n), n))),
          operation,
        );
      case 'rpcKept':
        return this.#check(
          await Promise.all(each(count, (n) => operation.rpc(this.stub(targetOf(n)), n))),
          operation,
        );
      case 'floor':
        return this.#check(await operation.floor(this.stub(targetOf(0)), count), operation);
      case 'awaited':
      case 'batchedAwaited': {
        const options = way === 'awaited' ? ALONE : TOGETHER;
        const answers = each(count, (n) =>
          this.svc.callRaw('TARGET', targetOf(n), operation.recorded(n), options),
        );
        return this.#check(await Promise.all(answers), operation);
      }
      case 'unhandled': {
        // The last one is awaited: calls to one target are answered in their order.
        for (let n = 1; n < count; n++) {
          this.svc.call('TARGET', targetOf(n), operation.recorded(n));
        }
        const last = await this.svc.callRaw('TARGET', targetOf(0), operation.recorded(0));
        return this.#check([last], operation);
      }
      default:
        return this.#handle(way === 'handler' ? ALONE : TOGETHER, operation, count, targetOf);
    }
  }

  #check<R>(answers: readonly R[], operation: Operation<R>): void {
    if (!answers.every((answer, n) => operation.isRight(answer, n)))
      throw new Error('wrong answer');
  }

  async #handle<R>(
    options: CallOptions | undefined,
    operation: Operation<R>,
    count: number,
    targetOf: (n: number) => string,
  ): Promise<void> {
    this.#left = count;
    this.#wrong = 0;
    this.#isRight = operation.isRight;
    const done = new Promise<void>((resolve) => {
      this.#done = resolve;
    });
    for (let n = 0; n < count; n++) {
      const remote = operation.recorded(n);
      this.svc.call('TARGET', targetOf(n), remote, this.ctn().onAnswer(remote, n), options);
    }
    await done;
    if (this.#wrong > 0) throw new Error(`${this.#wrong} wrong answers`);
  }

  onAnswer(answer: unknown, n: number): void {
    if (!this.#isRight(answer as never, n)) this.#wrong += 1;
    this.#left -= 1;
    if (this.#left === 0) this.#done();
  }
}

function each<R>(count: number, make: (n: number) => R): R[] {
  return Array.from({ length: count }, (_, n) => make(n));
}
