/** Gives calls their outcomes: each once, in its turn, in its async context. */

import { endOfTurn } from '../runtime/turn.js';
import { publish, type Settlement, settlementOf } from '../wire/channel.js';
import { release } from '../wire/dispose.js';
import type { Outcome } from '../wire/outcome.js';
import type { Call } from './call.js';
import { type CallStats, Settlements } from './stats.js';

export class Settling {
  readonly #settled = new Settlements();

  counts(): CallStats['settled'] {
    return this.#settled.counts();
  }

  settle(call: Call, outcome: unknown, failed: boolean): void | Promise<void> {
    if (failed || call.isObserved) this.#note(call, settlementOf(outcome, failed));
    else this.#settled.values += 1;
    return call.settle(outcome, failed);
  }

  #note(call: Call, code: Settlement): void {
    this.#settled.add(code);
    if (!call.isObserved) return;
    publish({
      event: 'settle',
      ...call.eventDetails(),
      code,
      ms: call.pending.since(call),
    });
  }

  /** Settles a call in its turn, as cancelled if it was cancelled in the meantime. */
  settleWaiting(call: Call, outcomeOf: (call: Call) => Outcome): void | Promise<void> {
    call.isWaiting = false;
    const { answer } = call;
    if (call.isCancelled) {
      release(answer);
      call.answer = undefined;
      return this.settle(call, call.cancelledError(call.reason), true);
    }
    const { outcome, failed } = outcomeOf(call);
    call.answer = undefined;
    return this.settle(call, outcome, failed);
  }

  /**
   * Settles calls that were taken out of the table, so no deadline passes while a call waits for
   * earlier handlers. Each handler has its own turn, in its call's async context.
   */
  settleAll(calls: readonly Call[], outcomeOf: (call: Call) => Outcome): void {
    for (const call of calls) call.isWaiting = true;
    let next = 0;
    const settleNext = (): void => {
      const call = calls[next++];
      call?.enter(() => {
        const ended = this.settleWaiting(call, outcomeOf);
        if (ended === undefined) settleNext();
        else void endOfTurn(ended).then(settleNext);
      });
    };
    settleNext();
  }
}
