/**
 * Messages with faults. A call that is struck takes the way that it would take if the platform or its target had done
 * it: no answer comes, a rejection, a refusal, or the answer comes later than those of its message.
 */

import type { Call } from '../calling/call.js';
import type { Outgoing, Send } from '../calling/outbox.js';
import { release } from '../wire/dispose.js';
import type { RestStub } from '../wire/protocol.js';
import type { Action } from './actions.js';
import { pause } from './waiting.js';

/** Sends a message of one call that is struck. */
export async function deliverOne(call: Call, action: Action, send: Send): Promise<unknown> {
  // An answer that came in the turn of its message would be the runtime's, which refuses to send it.
  const sent = action.after ? await send([call]) : await pause();
  return action.outcome(call, sent);
}

/** Sends a message of several calls, of which some are struck. */
export async function deliverSeveral(
  calls: readonly Call[],
  actions: readonly (Action | undefined)[],
  send: Send,
): Promise<unknown> {
  const ofMessage = actions.findIndex((action) => action?.isOfMessage);
  const action = actions[ofMessage];
  if (action) {
    const sent = action.after ? await sentOnce(calls, ofMessage, send) : await pause();
    return action.outcome(calls[ofMessage] as Call, sent);
  }
  return new Struck(calls, actions).deliver(send);
}

/** Sends a message, and returns its answer once it answers a call. */
async function sentOnce(calls: readonly Outgoing[], call: number, send: Send): Promise<unknown> {
  const sent = await send(calls);
  const answers = new TargetsAnswers(sent);
  for (let group = answers.first; group; group = await answers.next()) {
    if (group.some(([number]) => number === call)) break;
  }
  return sent;
}

/** Outcomes, each with the number of its call. */
type Group = [number: number, sent: unknown][];

/** The answers to a message of several calls, as its target gives them. */
class TargetsAnswers {
  readonly sent: unknown;
  /** `undefined` where the message was refused, or the answer is none. */
  readonly first: Group | undefined;
  readonly rest: RestStub | undefined;

  constructor(sent: unknown) {
    this.sent = sent;
    const [which, outcomes, rest] = Array.isArray(sent) ? sent : [];
    this.first = groupOf(which, outcomes);
    this.rest = rest;
  }

  /** Nothing where there are no more. */
  async next(): Promise<Group | undefined> {
    const sent = await this.rest?.next();
    const group = Array.isArray(sent) ? groupOf(sent[0], sent[1]) : undefined;
    return group?.length ? group : undefined;
  }
}

function groupOf(which: unknown, outcomes: unknown): Group | undefined {
  if (!Array.isArray(outcomes)) return undefined;
  return outcomes.map((sent: unknown, at) => [Array.isArray(which) ? which[at] : at, sent]);
}

/** A message in which single calls are struck; the others are as they are. */
class Struck {
  readonly #calls: readonly Call[];
  readonly #actions: readonly (Action | undefined)[];
  /** The numbers of the calls that travel. */
  readonly #travelling: readonly number[];
  readonly #ready: Group = [];
  #failure: { readonly rejected: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(calls: readonly Call[], actions: readonly (Action | undefined)[]) {
    this.#calls = calls;
    this.#actions = actions;
    this.#travelling = [...calls.keys()].filter((number) => actions[number]?.after !== false);
  }

  async deliver(send: Send): Promise<unknown> {
    await pause();
    for (const number of this.#calls.keys()) {
      if (!this.#travelling.includes(number)) this.#strike(number, undefined);
    }
    if (this.#travelling.length === 0) return this.#answer(undefined);
    const answers = new TargetsAnswers(
      await send(this.#travelling.map((number) => this.#calls[number] as Call)),
    );
    if (!answers.first) return answers.sent;
    void this.#take(answers, answers.first);
    return this.#answer(answers);
  }

  /** The first answer: it has none of the outcomes, and all come by its rest. */
  #answer(answers: TargetsAnswers | undefined): unknown {
    const rest: RestStub = Object.assign(() => {}, {
      next: () => this.#next(),
      fetch: async (number: number) => answers?.rest?.fetch(this.#travelling.indexOf(number)),
      stop: async () => answers?.rest?.stop(),
    });
    return Object.assign([[], [], rest], { [Symbol.dispose]: () => release(answers?.sent) });
  }

  async #next(): Promise<unknown> {
    while (this.#ready.length === 0 && !this.#failure) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure) throw this.#failure.rejected;
    const ready = this.#ready.splice(0);
    return [ready.map(([number]) => number), ready.map(([, sent]) => sent)];
  }

  async #take(answers: TargetsAnswers, first: Group): Promise<void> {
    let left = this.#travelling.length;
    try {
      for (let group: Group | undefined = first; group && left > 0; ) {
        left -= group.length;
        for (const [at, sent] of group) this.#strike(this.#travelling[at] as number, sent);
        group = left > 0 ? await answers.next() : undefined;
      }
      if (left > 0) throw new Error('the target has forgotten a call');
    } catch (rejected) {
      this.#failure = { rejected };
    }
    this.#wake?.();
  }

  /** Gives a call its outcome, when it has one. */
  #strike(number: number, sent: unknown): void {
    const action = this.#actions[number];
    if (!action) this.#push(number, sent);
    else {
      void action
        .outcome(this.#calls[number] as Call, sent)
        .then((outcome) => this.#push(number, outcome));
    }
  }

  #push(number: number, sent: unknown): void {
    this.#ready.push([number, sent]);
    this.#wake?.();
  }
}
