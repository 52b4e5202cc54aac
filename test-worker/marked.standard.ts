/** Marks of standard decorators, with another decorator around them. */
import { callable, LumenizeBase } from '@lumenize/call';
import { around } from './entries.js';

/** In either dialect as far as the compiler is concerned: it reads this file in both. */
const logged = (...args: unknown[]): never => around(args[0] as () => unknown) as never;

export class MarkedStandard extends LumenizeBase {
  @logged
  @callable()
  open(): string {
    return 'open';
  }

  wipe(): string {
    return 'wiped';
  }
}

export class GuardedByMarks extends LumenizeBase {
  static readonly closedToRpc = true;

  @callable()
  open(): string {
    return 'open';
  }

  wipe(): string {
    return 'wiped';
  }
}
