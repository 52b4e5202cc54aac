/** Marks of legacy decorators, with another decorator around them. */
import { callable, LumenizeBase } from '@lumenize/call';
import { around } from './entries.js';

/** In either dialect as far as the compiler is concerned: it reads this file in both. */
function logged(...args: unknown[]): void {
  const descriptor = args[2] as PropertyDescriptor;
  descriptor.value = around(descriptor.value);
}

export class MarkedLegacy extends LumenizeBase {
  @logged
  @callable()
  open(): string {
    return 'open';
  }

  wipe(): string {
    return 'wiped';
  }
}
