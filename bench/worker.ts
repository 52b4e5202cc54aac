/** What the benchmark measures: `/measure` takes a row, a way and how often, and returns milliseconds. */
import { tracing } from 'cloudflare:workers';
import { callChannel } from '@lumenize/call';
import { checkTimeout, recover } from '../pkg/wasm/lumenize_call.js';
import { Callers, type Env, Target, WAYS, type Way } from './ways.js';

export { Target };

/** Milliseconds that the slow call takes. */
const SLOW = 200;

function ignore(): void {}

/** The spans of a call, its handler and its method, which cost what the runtime takes for them. */
function spansByHand(call: number): void {
  const rpc = { 'rpc.system': 'cloudflare_workers', 'rpc.service': 'TARGET', 'rpc.method': 'add' };
  const span = tracing.startSpan('TARGET.add');
  tracing.withActiveSpan(span, () => {
    const method = tracing.startSpan('Target.add');
    method.setAttributes({ ...rpc, 'lumenize.call.id': call });
    method.end();
    tracing.startSpan('Driver.onSum').end();
  });
  const more = { 'lumenize.target.instance': 'main', 'lumenize.batch.size': 200 };
  const came = { 'lumenize.call.code': 'value', 'lumenize.call.wait_ms': 1 };
  span.setAttributes({ ...rpc, ...more, ...came, 'lumenize.call.id': call });
  span.end();
}

export class Driver extends Callers {
  /** Runs one cell of the table `times` times and returns the milliseconds that it took in all. */
  async measure(row: string, way: Way, size: number, times: number): Promise<number> {
    const run = this.#cell(row, way, size);
    const start = performance.now();
    for (let time = 0; time < times; time++) await run();
    return performance.now() - start;
  }

  #cell(row: string, way: Way, size: number): () => Promise<void> {
    const main = (): string => 'main';
    switch (row) {
      case 'concurrent':
        return () => this.at(way, this.addition, size, main);
      case 'traced':
        return () => this.at(way, this.addition, size, main);
      case 'spans by hand':
        return async () => {
          for (let call = 0; call < size; call++) spansByHand(call);
        };
      case 'context':
        return () => this.#withContext(size);
      case 'listening':
        return async () => {
          callChannel.subscribe(ignore);
          try {
            await this.at(way, this.addition, size, main);
          } finally {
            callChannel.unsubscribe(ignore);
          }
        };
      case 'targets':
        return () => this.at(way, this.addition, size, (n) => `target ${n}`);
      case 'targets by 30':
        return () => this.#inGroups(way, size, 30);
      case 'payload': {
        const echo = this.echoing('x'.repeat(size));
        return () => this.at(way, echo, 1, main);
      }
      case 'payload by 20': {
        const echo = this.echoing('x'.repeat(size));
        return () => this.at(way, echo, 20, main);
      }
      case 'nested':
        return () => this.#nested(way, size);
      case 'beside a slow one':
        return () => this.at(way, this.addition, size, main);
      default:
        throw new Error(`there is no row ${row}`);
    }
  }

  async #withContext(size: number): Promise<void> {
    const users = this.ctn('TARGET', 'main');
    const options = { context: { tenant: 't1' } };
    await Promise.all(
      Array.from({ length: size }, (_, n) => this.svc.callRaw(users.add(n, 1), options)),
    );
  }

  /** One call to each target, to not more than so many at once. */
  async #inGroups(way: Way, targets: number, group: number): Promise<void> {
    for (let first = 0; first < targets; first += group) {
      const count = Math.min(group, targets - first);
      await this.at(way, this.addition, count, (n) => `target ${first + n}`);
    }
  }

  /** Three operations of which two feed the third, `depth` times over. */
  async #nested(way: Way, depth: number): Promise<void> {
    const stub = this.stub('main');
    const on = this.ctn<Target>();
    let sum: number;
    if (way === 'rpc') {
      sum = await stub.add(await stub.add(1, 10), await stub.add(100, 1_000));
      for (let level = 1; level < depth; level++) sum = await stub.add(sum, 1);
    } else {
      let remote = on.add(on.add(1, 10), on.add(100, 1_000));
      for (let level = 1; level < depth; level++) remote = on.add(remote, 1);
      sum = await this.svc.callRaw('TARGET', 'main', remote);
    }
    if (sum !== 1_110 + depth) throw new Error(`${sum} is wrong`);
  }

  /**
   * Milliseconds for `times` turns in which `size` fast calls are made, with a slow one before them or
   * without. The slow ones are waited for at the end, and not counted.
   */
  async besideSlow(isSlowThere: boolean, size: number, times: number): Promise<number> {
    const slow: Promise<number>[] = [];
    const start = performance.now();
    for (let time = 0; time < times; time++) {
      if (isSlowThere) {
        slow.push(this.svc.callRaw('TARGET', 'main', this.ctn<Target>().slow(SLOW)));
      }
      await this.at('batchedAwaited', this.addition, size, () => 'main');
    }
    const took = performance.now() - start;
    await Promise.all(slow);
    return took;
  }

  /** Milliseconds for `times` calls one after the other while `pending` others wait. */
  async whilePending(pending: number, times: number): Promise<number> {
    const controller = new AbortController();
    const { signal } = controller;
    // To a target of their own, in a few messages.
    const waiting = Array.from({ length: pending }, () =>
      this.svc.callRaw('TARGET', 'busy', this.ctn<Target>().slow(600_000), { signal }),
    );
    const settled = Promise.allSettled(waiting);
    await this.at('awaited', this.addition, 1, () => 'main');
    const start = performance.now();
    for (let time = 0; time < times; time++) {
      await this.at('awaited', this.addition, 1, () => 'main');
    }
    const took = performance.now() - start;
    controller.abort();
    await settled;
    return took;
  }

  /** Milliseconds for one start of the core: instance, memory and imports, compiled before. */
  startUp(times: number): number {
    const start = performance.now();
    for (let time = 0; time < times; time++) {
      recover();
      checkTimeout(1);
    }
    return (performance.now() - start) / times;
  }
}

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const number = (name: string): number => Number(searchParams.get(name) ?? 1);
    const driver = (env as unknown as { DRIVER: DurableObjectNamespace<Driver> }).DRIVER.getByName(
      'driver',
    );
    const way = WAYS.find((each) => each === searchParams.get('way')) ?? 'rpc';
    const row = searchParams.get('row') ?? '';
    switch (pathname) {
      case '/measure':
        return Response.json(await driver.measure(row, way, number('size'), number('times')));
      case '/slow':
        return Response.json(
          await driver.besideSlow(number('slow') === 1, number('size'), number('times')),
        );
      case '/pending':
        return Response.json(await driver.whilePending(number('size'), number('times')));
      case '/start':
        return Response.json(await driver.startUp(number('times')));
      default:
        return new Response(`there is no ${pathname}`, { status: 404 });
    }
  },
} satisfies ExportedHandler<Env>;
