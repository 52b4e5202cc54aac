/** The object that is called, in a process that is killed. */
import { LumenizeBase } from '@lumenize/call';

export class Callee extends LumenizeBase<object> {
  #arrived = 0;

  /** It never answers; only its process's death ends the call. */
  hang(): Promise<never> {
    this.#arrived += 1;
    return new Promise(() => {});
  }

  arrived(): number {
    return this.#arrived;
  }
}

/** An object that cannot be constructed. */
export class Unborn extends Callee {
  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env);
    throw Object.assign(new RangeError('not today'), { overloaded: true, retryable: true });
  }
}

export default {
  fetch: () => new Response('callee'),
} satisfies ExportedHandler;
