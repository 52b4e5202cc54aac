/** The object that calls: each chapter of the story is one of its methods. */
import { explain, LumenizeBase, type Recorded } from '@lumenize/call';
import type { Calc, User, Users } from './targets.js';

/** What one chapter came to. */
export interface Chapter {
  readonly title: string;
  /** What was called, by `explain`. */
  readonly called: string;
  readonly came: string;
  readonly ms: number;
  readonly ok: boolean;
}

/** How many calls are in flight at once, and how often that is measured, after how much warm-up. */
const CONCURRENT = 200;
const ROUNDS = 9;
const WARM_UP = 10;

export class Cart extends LumenizeBase {
  readonly #settled = new Map<string, (outcome: unknown) => void>();
  #handled: number[] = [];
  #handlersRun = 0;
  #allHandled = (): void => {};

  /** The handler of the first chapters: it runs with the user, or with what went wrong. */
  onUser(user: User | Error, chapter: string): void {
    this.#settled.get(chapter)?.(user);
  }

  /** The handler of the concurrent calls. */
  onSum(sum: number | Error, index: number): void {
    if (sum === index + 1) this.#handled[index] = (this.#handled[index] ?? 0) + 1;
    this.#handlersRun += 1;
    if (this.#handlersRun === CONCURRENT) this.#allHandled();
  }

  async handler(): Promise<Chapter> {
    const user = this.ctn<Users>().getUser('u1');
    const arrived = this.#outcomeOf('handler');
    const start = performance.now();
    this.svc.call('USERS', 'main', user, this.ctn().onUser(user, 'handler'));
    const outcome = (await arrived) as User;
    return {
      title: 'A typed call that returns at once; its handler runs with the answer',
      called: `USERS/main ${explain(user)}`,
      came: `onUser(${JSON.stringify(outcome)})`,
      ms: performance.now() - start,
      ok: outcome.name === 'Ada',
    };
  }

  async awaited(): Promise<Chapter> {
    return this.#await('The same, awaited', this.ctn<Calc>().add(1, 10), 11);
  }

  async chain(): Promise<Chapter> {
    const name = this.ctn<Users>().getUser('u1').name.toUpperCase();
    const start = performance.now();
    const came = await this.svc.callRaw('USERS', 'main', name);
    return {
      title: 'A chain of a method, a property and a method, in one round trip',
      called: `USERS/main ${explain(name)}`,
      came,
      ms: performance.now() - start,
      ok: came === 'ADA',
    };
  }

  async nested(): Promise<Chapter> {
    const on = this.ctn<Calc>();
    const before = await this.env.CALC.getByName('main').messages();
    const chapter = await this.#await(
      'Three operations nested, in one round trip',
      on.add(on.add(1, 10), on.add(100, 1000)),
      1111,
    );
    const messages = (await this.env.CALC.getByName('main').messages()) - before;
    return {
      ...chapter,
      came: `${chapter.came}, in ${messages} message counted at the target`,
      ok: chapter.ok && messages === 1,
    };
  }

  async failing(): Promise<Chapter> {
    const user = this.ctn<Users>().getUser('nobody');
    const arrived = this.#outcomeOf('failing');
    const start = performance.now();
    this.svc.call('USERS', 'main', user, this.ctn().onUser(user, 'failing'));
    const outcome = await arrived;
    return {
      title: 'A remote error arrives in the handler, as its own class',
      called: `USERS/main ${explain(user)}`,
      came: `onUser(${outcome})`,
      ms: performance.now() - start,
      ok: outcome instanceof RangeError,
    };
  }

  async hanging(): Promise<Chapter> {
    const never = this.ctn<Users>().never();
    const arrived = this.#outcomeOf('hanging');
    const start = performance.now();
    this.svc.call('USERS', 'main', never, this.ctn().onUser(never, 'hanging'), { timeout: 250 });
    const outcome = (await arrived) as Error & { code: string };
    return {
      title: 'A method that never answers: the deadline settles the call',
      called: `USERS/main ${explain(never)}, { timeout: 250 }`,
      came: `onUser(CallError '${outcome.code}': ${outcome.message})`,
      ms: performance.now() - start,
      ok: outcome.code === 'timeout',
    };
  }

  async concurrent(): Promise<Chapter> {
    const rpc: number[] = [];
    const ours: number[] = [];
    let handlersRun = 0;
    for (let round = -WARM_UP; round < ROUNDS; round++) {
      const [rpcTime, ourTime] = [await this.#byWorkersRpc(), await this.#byCalls()];
      if (round < 0) continue;
      rpc.push(rpcTime);
      ours.push(ourTime);
      handlersRun += this.#handled.filter((times) => times === 1).length;
    }
    const ratio = median(rpc) / median(ours);
    return {
      title: `${CONCURRENT} concurrent calls beside ${CONCURRENT} Workers RPC calls, ${ROUNDS} rounds of each`,
      called: `CALC/main ${explain(this.ctn<Calc>().add(0, 1))}, …`,
      came: `${handlersRun} of ${CONCURRENT * ROUNDS} handlers ran once; Workers RPC time ÷ ours = ${ratio.toFixed(1)}`,
      ms: median(ours),
      ok: handlersRun === CONCURRENT * ROUNDS,
    };
  }

  async #byWorkersRpc(): Promise<number> {
    const stub = this.env.CALC.getByName('main');
    const start = performance.now();
    await Promise.all(Array.from({ length: CONCURRENT }, (_, index) => stub.add(index, 1)));
    return performance.now() - start;
  }

  async #byCalls(): Promise<number> {
    this.#handled = [];
    this.#handlersRun = 0;
    const start = performance.now();
    await new Promise<void>((resolve) => {
      this.#allHandled = resolve;
      for (let index = 0; index < CONCURRENT; index++) {
        const sum = this.ctn<Calc>().add(index, 1);
        this.svc.call('CALC', 'main', sum, this.ctn().onSum(sum, index));
      }
    });
    return performance.now() - start;
  }

  async #await(title: string, remote: Recorded<number, Calc>, expected: number): Promise<Chapter> {
    const start = performance.now();
    const came = await this.svc.callRaw('CALC', 'main', remote);
    return {
      title,
      called: `CALC/main ${explain(remote)}`,
      came: String(came),
      ms: performance.now() - start,
      ok: came === expected,
    };
  }

  #outcomeOf(chapter: string): Promise<unknown> {
    return new Promise((resolve) => this.#settled.set(chapter, resolve));
  }
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number;
}
