/** A class with standard (TC39) decorators, lowered by esbuild as wrangler does it. */
import { callable } from '@lumenize/call';
import { Parent } from './receivers.js';

export class Standard extends Parent {
  @callable()
  open(): string {
    return 'open';
  }

  @callable()
  get getter(): string {
    return 'getter';
  }

  @callable()
  override inherited(): string {
    return super.inherited();
  }

  closed(): string {
    return 'closed';
  }
}
