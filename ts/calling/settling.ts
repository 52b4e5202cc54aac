/** Gives calls their outcomes: each once, in its turn, in its async context. */

import { endOfTurn, soon } from '../runtime/turn.js';
import { publish, type Settlement, settlementOf } from '../wire/channel.js';
import { release } from '../wire/dispose.js';
import type { CallError } from '../wire/errors.js';
import { type Outcome, readOutcome } from '../wire/outcome.js';
import type { Call } from './call.js';
import { platformError } from './platform.js';
import { describeOutcome } from './spans.js';
import { type CallStats, Settlements } from './stats.js';

export class Settling {
  readonly #settled = new Settlements();

  counts(): CallStats['settled'] {
    return this.#settled.counts();
  }

  settle(call: Call, outcome: unknown, failed: boolean): void | Promise<void> {
    if (failed || call.isObserved || call.span)
      this.note(call, settlementOf(outcome, failed), outcome);
    else this.#settled.values += 1;
    return call.settle(outcome, failed);
  }

  /** Counts what a call came to, and tells observers. */
  note(call: Call, code: Settlement, outcome: unknown): void {
    this.#settled.add(code);
    if (call.span) describeOutcome(call, call.span, code, outcome);
    if (!call.isObserved) return;
    const { id, binding, instance, operation } = call.eventDetails();
    const ms = call.pending.since(call);
    const event = { event: 'settle', id, binding, instance, operation, code, ms } as const;
    publish(call.attempt > 1 ? { ...event, ...attemptOf(call) } : event);
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

  /** Settles a call that was taken out of the table before anything came. */
  settleSoon(call: Call, error: CallError): void {
    call.isSettled = true;
    soon(() => call.enter(() => void this.settle(call, error, true)));
  }

  receiveOne(call: Call, sent: unknown): void {
    if (!call.pending.close(call)) {
      release(sent);
      return;
    }
    call.answer = sent;
    call.isWaiting = true;
    call.enter(() => void this.settleWaiting(call, readAnswer));
  }

  receive(calls: readonly Call[], sent: readonly unknown[]): void {
    const open: Call[] = [];
    for (let at = 0; at < calls.length; at++) {
      const call = calls[at] as Call;
      if (call.pending.close(call)) {
        open.push(call);
        call.answer = sent[at];
      } else release(sent[at]);
    }
    this.settleAll(open, readAnswer);
  }

  fail(calls: readonly Call[], rejected: unknown, isLocal = false): void {
    const open = calls.filter((call) => call.pending.close(call));
    this.settleAll(open, (call) => ({
      outcome: platformError(rejected, call.details(), { isSent: call.isSent, isLocal }),
      failed: true,
    }));
  }
}

/** Which attempt it is, if not the first: of its event. */
export function attemptOf({ attempt }: Call): { readonly attempt?: number } {
  return attempt > 1 ? { attempt } : {};
}

const readAnswer = (call: Call): Outcome => readOutcome(call.answer, call);
