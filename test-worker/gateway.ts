/** A Worker entrypoint that calls and is called; each instance lives for one request. */
import { type CallErrorInfo, LumenizeWorker } from '@lumenize/call';
import type { Calc } from './index.js';

export class Gateway extends LumenizeWorker {
  /** What happened after the request was answered, by request: no instance lives on. */
  static readonly log: string[] = [];

  greet(name: string): string {
    return `hello ${name}`;
  }

  throwTypeError(): never {
    throw new TypeError('wrong type');
  }

  add(a: number, b: number): Promise<number> {
    return this.svc.callRaw('CALC', 'behind the gateway', this.ctn<Calc>().add(a, b));
  }

  /** Answers at once; its handler runs when the request is over. */
  addLater(a: number, b: number, request: string): string {
    const sum = this.ctn<Calc>().addSlowly(a, b);
    this.svc.call('CALC', 'behind the gateway', sum, this.ctn().onSum(sum, request));
    return 'accepted';
  }

  async onSum(sum: number | Error, request: string): Promise<void> {
    await scheduler.wait(1);
    Gateway.log.push(`${request}: ${sum}`);
  }

  failLater(request: string): string {
    const remote = this.ctn<Calc>().never();
    this.svc.call('CALC', request, remote, undefined, { timeout: 10 });
    return 'accepted';
  }

  override async onCallError(error: unknown, info: CallErrorInfo): Promise<void> {
    await scheduler.wait(1);
    Gateway.log.push(`${info.instance}: ${(error as { code?: string }).code}`);
  }

  /** Calls itself by its binding: an entrypoint has no instance. */
  greetByItself(name: string): Promise<string> {
    return this.svc.callRaw('GATEWAY', undefined, this.ctn<Gateway>().greet(name));
  }
}
