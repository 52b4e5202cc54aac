/** A class with legacy decorators (`experimentalDecorators`). */
import { callable } from '@lumenize/call';
import { Parent } from './receivers.js';

export class Legacy extends Parent {
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
