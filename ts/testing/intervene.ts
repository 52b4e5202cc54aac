/** Stands between calls and the platform. */

import type { Call } from '../calling/call.js';
import { between, type Outgoing, type Send } from '../calling/outbox.js';
import { useClock } from './clock.js';
import { deliverOne, deliverSeveral } from './deliver.js';
import { actionFor } from './faults.js';
import { note } from './record.js';
import { follow, forget } from './sent.js';

/** From now on every message comes by here, and every deadline goes by the clock of tests. */
export function intervene(): void {
  useClock();
  between.send = deliver;
}

function deliver(outgoing: readonly Outgoing[], send: Send): PromiseLike<unknown> {
  const calls = outgoing as readonly Call[];
  const actions = calls.map(actionFor);
  const settled = note(
    calls,
    actions.map((action) => action?.text),
  );
  calls.forEach((call, at) => {
    follow(call, settled[at] as (typeof settled)[number]);
    if (actions[at]?.isSlow) forget(call);
  });
  const [call] = calls as [Call];
  const [action] = actions;
  if (!actions.some((each) => each !== undefined)) return send(calls);
  return calls.length === 1 && action
    ? deliverOne(call, action, send)
    : deliverSeveral(calls, actions, send);
}
