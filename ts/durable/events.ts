/** What observers learn of durable calls, on the channel of all calls. */

import { type DurableEvent, isObserved, publish } from '../wire/channel.js';

export function announce(event: DurableEvent): void {
  if (isObserved()) publish(event);
}
