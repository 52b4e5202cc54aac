/** One object that makes calls by the thousand, to one target or to many, and counts what came. */
import { RpcTarget } from 'cloudflare:workers';
import { CallError, type CallHandle, LumenizeBase } from '@lumenize/call';
import { initSync } from '../../pkg/wasm/lumenize_call.js';

interface Env {
  readonly SOURCE: DurableObjectNamespace<Source>;
  readonly TARGET: DurableObjectNamespace<Target>;
}

/** There by a flag of V8. */
declare function gc(): void;

let unhandled = 0;
addEventListener('unhandledrejection', () => {
  unhandled += 1;
});

/** What a target does with a call. */
type Kind = 'fast' | 'slow' | 'failing' | 'hung';

/** How calls of the soak end, in turn. */
type Fate = 'fast' | 'alone' | 'signalled' | 'failing' | 'cancelled' | 'late';

const FATES: readonly Fate[] = [
  ...Array<Fate>(43).fill('fast'),
  'alone',
  'signalled',
  'signalled',
  'failing',
  'failing',
  'cancelled',
  'late',
];

/** Percent of the calls. */
const SHARE = 5;

/** Milliseconds. */
const SLOW = 50;

export class Target extends LumenizeBase<Env> {
  fast(n: number): number {
    return n;
  }

  async slow(n: number): Promise<number> {
    await scheduler.wait(SLOW + (n % SLOW));
    return n;
  }

  failing(n: number): never {
    throw new RangeError(String(n));
  }

  hung(_n: number): Promise<never> {
    return new Promise(() => {});
  }

  session(): Session {
    return new Session();
  }

  async sessionLater(): Promise<Session> {
    await scheduler.wait(SLOW);
    return new Session();
  }

  /** A session of another target: it passes through this one. */
  sessionOf(instance: string): Promise<Session> {
    return this.env.TARGET.getByName(instance).session() as unknown as Promise<Session>;
  }

  greetedBy(session: Session): Promise<string> {
    return session.hello() as unknown as Promise<string>;
  }
}

/** What crosses as a stub, which somebody has to dispose. */
export class Session extends RpcTarget {
  hello(): string {
    return 'hello';
  }
}

export interface Flight {
  readonly calls: number;
  readonly handledOnce: number;
  readonly wrong: number;
  /** Milliseconds from the latest deadline to the last handler. */
  readonly lateness: number;
  /** Milliseconds from a call's own deadline to its handler, at the worst. */
  readonly worst: number;
  readonly stillPending: number;
}

export class Source extends LumenizeBase<Env> {
  #handled = new Uint8Array();
  #deadlines = new Float64Array();
  #left = 0;
  #wrong = 0;
  #worst = 0;
  #landed = (): void => {};

  /** Makes all calls in one turn and waits until each has been handled. */
  async fly(calls: number, targets: number): Promise<Flight> {
    this.#handled = new Uint8Array(calls);
    this.#deadlines = new Float64Array(calls);
    this.#left = calls;
    this.#wrong = 0;
    this.#worst = 0;
    const handles: CallHandle[] = [];
    const landed = new Promise<void>((resolve) => {
      this.#landed = resolve;
    });
    for (let n = 0; n < calls; n++) {
      const kind = kindOf(n);
      const remote = this.ctn<Target>()[kind](n);
      // What hangs ends at one of a thousand deadlines; nothing else does.
      const timeout = kind === 'hung' ? 2_000 + (n % 1_000) : 60_000;
      if (kind === 'hung') this.#deadlines[n] = Date.now() + timeout;
      const target = `target ${n % targets}`;
      handles.push(
        this.svc.call('TARGET', target, remote, this.ctn().onOutcome(remote, n), { timeout }),
      );
    }
    await landed;
    const now = Date.now();
    return {
      calls,
      handledOnce: this.#handled.filter((times) => times === 1).length,
      wrong: this.#wrong,
      lateness: now - Math.max(...this.#deadlines),
      worst: this.#worst,
      stillPending: handles.filter((handle) => handle.cancel()).length,
    };
  }

  onOutcome(outcome: unknown, n: number): void {
    this.#handled[n] = (this.#handled[n] ?? 0) + 1;
    if (!isRight(outcome, n)) this.#wrong += 1;
    if (kindOf(n) === 'hung') {
      this.#worst = Math.max(this.#worst, Date.now() - (this.#deadlines[n] ?? 0));
    }
    this.#left -= 1;
    if (this.#left === 0) this.#landed();
  }

  /**
   * Calls in groups, each of which is in flight at once: most with a handler; some fail, are
   * cancelled, pass their deadline while the answer is on its way, or carry a signal that outlives
   * them. Returns how many ended as they should.
   */
  async soak(calls: number, atOnce: number): Promise<number> {
    this.#right = 0;
    const { signal } = new AbortController();
    for (let made = 0; made < calls; made += atOnce) {
      await new Promise<void>((resolve) => {
        this.#left = atOnce;
        this.#landed = resolve;
        for (let n = made; n < made + atOnce; n++) this.#makeOne(n, signal);
      });
    }
    return this.#right;
  }

  #right = 0;

  #makeOne(n: number, signal: AbortSignal): void {
    const kind = FATES[n % FATES.length] ?? 'fast';
    const method = kind === 'failing' ? 'failing' : kind === 'late' ? 'slow' : 'fast';
    const remote = this.ctn<Target>()[method](n);
    const timeout = kind === 'late' ? 1 : 60_000;
    const handler = this.ctn().onFate(remote, n, kind);
    const handle = this.svc.call('TARGET', 'target 0', remote, handler, {
      timeout,
      ...(kind === 'signalled' ? { signal } : {}),
      batch: kind !== 'alone',
    });
    if (kind === 'cancelled') handle.cancel();
  }

  onFate(outcome: unknown, n: number, kind: Fate): void {
    const isRight: Record<Fate, boolean> = {
      fast: outcome === n,
      alone: outcome === n,
      signalled: outcome === n,
      failing: outcome instanceof RangeError,
      cancelled: outcome instanceof CallError && outcome.code === 'cancelled',
      late: outcome instanceof CallError && outcome.code === 'timeout',
    };
    if (isRight[kind]) this.#right += 1;
    this.#left -= 1;
    if (this.#left === 0) this.#landed();
  }

  /** Leaves a stub to the garbage collector, to show that the runtime complains of it. */
  async forget(): Promise<void> {
    await this.env.TARGET.getByName('target 0').session();
  }

  /** Leaves a rejected promise to nobody, to show that the runtime complains of it. */
  reject(): void {
    void Promise.reject(new Error('left to nobody, on purpose'));
  }

  /** Stubs on all ways there are: none is left to the garbage collector. */
  async borrow(times: number): Promise<number> {
    const on = this.ctn<Target>();
    const call = this.svc.callRaw.bind(this.svc);
    let greeted = 0;
    for (let n = 0; n < times; n++) {
      await new Promise<void>((resolve) => {
        const session = on.session();
        this.#greeted = resolve;
        this.svc.call('TARGET', 'target 0', session, this.ctn().onSession(session));
      });
      const late = call('TARGET', 'target 0', on.sessionLater(), { timeout: 1 });
      await late.catch(() => {});
      const hellos = [
        await call('TARGET', 'target 0', on.sessionOf('target 1').hello()),
        await call('TARGET', 'target 0', on.greetedBy(new Session())),
      ];
      greeted += hellos.filter((hello) => hello === 'hello').length;
    }
    // The late ones have come by now.
    await call('TARGET', 'target 0', on.slow(0));
    return greeted;
  }

  #greeted = (): void => {};

  async onSession(session: Session | Error): Promise<void> {
    if (session instanceof Error) throw session;
    await session.hello();
    this.#greeted();
  }

  /** Collects all that can be: finalizers run between one collection and the next. */
  async collect(): Promise<void> {
    for (let round = 0; round < 3; round++) {
      gc();
      await scheduler.wait(5);
    }
  }

  wasmBytes(): number {
    return initSync({} as never).memory.buffer.byteLength;
  }
}

function kindOf(n: number): Kind {
  const percent = n % 100;
  if (percent < SHARE) return 'slow';
  if (percent < 2 * SHARE) return 'failing';
  return percent < 3 * SHARE ? 'hung' : 'fast';
}

function isRight(outcome: unknown, n: number): boolean {
  switch (kindOf(n)) {
    case 'failing':
      return outcome instanceof RangeError && outcome.message === String(n);
    case 'hung':
      return outcome instanceof CallError && outcome.code === 'timeout';
    default:
      return outcome === n;
  }
}

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const [first = 0, second = 0] = searchParams.getAll('n').map(Number);
    const source = env.SOURCE.getByName('main');
    switch (pathname) {
      case '/fly':
        return Response.json(await source.fly(first, second));
      case '/soak':
        return Response.json(await source.soak(first, second));
      case '/forget':
        return Response.json(await source.forget().then(() => 'forgotten'));
      case '/reject':
        return Response.json((await source.reject()) ?? null);
      case '/unhandled':
        return Response.json(unhandled);
      case '/borrow':
        return Response.json(await source.borrow(first));
      case '/collect':
        return Response.json(await source.collect().then(() => 'collected'));
      case '/wasm':
        return Response.json(await source.wasmBytes());
      default:
        return new Response(`there is no ${pathname}`, { status: 404 });
    }
  },
} satisfies ExportedHandler<Env>;
