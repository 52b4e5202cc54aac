/** The object that calls into another process, and lives on when that dies. */
import { type CallError, type CallEvent, callChannel, LumenizeBase } from '@lumenize/call';
import type { Callee } from './callee.js';

interface Env {
  readonly SURVIVOR: DurableObjectNamespace<Survivor>;
  readonly CALLEE: DurableObjectNamespace<Callee>;
  readonly NEVER_STARTED: DurableObjectNamespace<Callee>;
  readonly MISSING: DurableObjectNamespace<Callee>;
  readonly UNBORN: DurableObjectNamespace<Callee>;
}

/** What the script asks for, by path. */
const REQUESTS = [
  'start',
  'arrived',
  'outcomes',
  'others',
  'again',
  'retried',
  'neverStarted',
  'missing',
  'unborn',
] as const;

const CALLS = 100;

export class Survivor extends LumenizeBase<Env> {
  #outcomes: { readonly call: number; readonly code: string; readonly mayHaveRun: boolean }[] = [];

  /** Makes calls that nobody will answer. */
  start(): number {
    for (let call = 0; call < CALLS; call++) {
      const hang = this.ctn<Callee>().hang();
      this.svc.call('CALLEE', 'main', hang, this.ctn().onOutcome(hang, call), { timeout: 120_000 });
    }
    return CALLS;
  }

  onOutcome(outcome: unknown, call: number): void {
    const { code, mayHaveRun } = outcome as CallError;
    this.#outcomes.push({ call, code, mayHaveRun });
  }

  /** How many of them the other process has received. */
  arrived(): Promise<number> {
    return this.svc.callRaw('CALLEE', 'main', this.ctn<Callee>().arrived());
  }

  outcomes(): unknown {
    return this.#outcomes;
  }

  /** Calls to other objects, in this process. */
  async others(): Promise<number> {
    const answers = Array.from({ length: CALLS }, (_, n) =>
      this.svc.callRaw('SURVIVOR', `other ${n}`, this.ctn<Survivor>().answer()),
    );
    return (await Promise.all(answers)).length;
  }

  answer(): string {
    return 'alive';
  }

  /** A call to the process that has died, after that was noticed. */
  again(): Promise<string> {
    return this.arrived().then(String, codeOf);
  }

  /** A call to it that is sent three times. */
  async retried(): Promise<string> {
    let attempts = 0;
    const count = ({ event }: CallEvent): void => {
      if (event === 'start') attempts += 1;
    };
    callChannel.subscribe(count);
    try {
      const call = this.ctn('CALLEE', 'main').arrived();
      const retry = { attempts: 3, delay: 10 };
      const outcome = await this.svc.callRaw(call, { retry }).then(String, codeOf);
      return `${outcome}, ${attempts} attempts`;
    } finally {
      callChannel.unsubscribe(count);
    }
  }

  neverStarted(): Promise<string> {
    return this.#call('NEVER_STARTED');
  }

  missing(): Promise<string> {
    return this.#call('MISSING');
  }

  unborn(): Promise<string> {
    return this.#call('UNBORN');
  }

  #call(binding: 'NEVER_STARTED' | 'MISSING' | 'UNBORN'): Promise<string> {
    const call = this.svc.callRaw(binding, 'main', this.ctn<Callee>().arrived());
    return call.then(String, codeOf);
  }
}

function codeOf(error: CallError): string {
  return `${error.code}, mayHaveRun: ${error.mayHaveRun}`;
}

export default {
  async fetch(request, env) {
    const path = new URL(request.url).pathname.slice(1);
    const asked = REQUESTS.find((name) => name === path);
    if (!asked) return new Response(`there is no request '${path}'`, { status: 404 });
    return Response.json(await env.SURVIVOR.getByName('main')[asked]());
  },
} satisfies ExportedHandler<Env>;
