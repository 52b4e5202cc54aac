/** The same calls along the same paths: by this package, and inside blockConcurrencyWhile. */
import { DurableObject } from 'cloudflare:workers';
import { LumenizeBase } from '@lumenize/call';

interface Env {
  readonly FREE: DurableObjectNamespace<Free>;
  readonly LOCKED: DurableObjectNamespace<Locked>;
}

export class Free extends LumenizeBase<Env> {
  /** Calls the next object of the path, which calls the one after it. Returns how many were called. */
  async along(path: readonly string[]): Promise<number> {
    const [next, ...rest] = path;
    if (next === undefined) return 0;
    return 1 + (await this.svc.callRaw('FREE', next, this.ctn<Free>().along(rest)));
  }
}

export class Locked extends DurableObject<Env> {
  async along(path: readonly string[]): Promise<number> {
    const [next, ...rest] = path;
    if (next === undefined) return 0;
    const call = (): Promise<number> => this.env.LOCKED.getByName(next).along(rest);
    return 1 + (await this.ctx.blockConcurrencyWhile(call));
  }
}

export default {
  async fetch(request, env) {
    const { mode, paths }: { mode: 'FREE' | 'LOCKED'; paths: string[][] } = await request.json();
    const calls = paths.map(
      ([first = '', ...rest]): Promise<number> => env[mode].getByName(first).along(rest),
    );
    const outcomes = await Promise.allSettled(calls);
    return Response.json(
      outcomes.map((outcome) =>
        outcome.status === 'fulfilled' ? outcome.value : String(outcome.reason),
      ),
    );
  },
} satisfies ExportedHandler<Env>;
