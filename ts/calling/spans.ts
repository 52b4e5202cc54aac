/** Spans of calls, as their caller sees them. */

import type { Settlement } from '../wire/channel.js';
import { firstMember, type Node } from '../wire/node.js';
import {
  activate,
  isTraced,
  rpcAttributes,
  type Span,
  setFailed,
  startSpan,
} from '../wire/tracing.js';
import type { Call } from './call.js';
import type { Outgoing } from './outbox.js';
import type { Target } from './target.js';

/** The span of a call that is made here; `undefined` where nothing is traced. */
export function spanOfCall({ binding }: Target, remote: Node): Span | undefined {
  return isTraced() ? startSpan(`${binding}.${firstMember(remote)}`) : undefined;
}

/** Sends a message: inside of the span of its call or, where there are several, in one of its own. */
export function sendInSpan(
  calls: readonly Outgoing[],
  span: Span,
  send: () => PromiseLike<unknown>,
): PromiseLike<unknown> {
  if (calls.length === 1) return activate(span, send);
  const { binding, instance } = (calls[0] as Outgoing).target;
  const ofMessage = startSpan(`${binding} message`);
  for (const call of calls) call.batchSize = calls.length;
  const size = { 'lumenize.batch.size': calls.length };
  ofMessage.setAttributes(attributesOf(binding, '__lmzCalls', instance, size));
  const end = (): void => ofMessage.end();
  const sending = activate(ofMessage, send);
  sending.then(end, end);
  return sending;
}

/** Says what a call came to. Its span ends with its handler. */
export function describeOutcome(call: Call, span: Span, code: Settlement, outcome: unknown): void {
  const { binding, instance } = call.target;
  const isFailed = code !== 'value';
  span.setAttributes(
    attributesOf(binding, firstMember(call.remote), instance, {
      'lumenize.call.id': call.id,
      'lumenize.call.code': code,
      'lumenize.call.wait_ms': call.pending.since(call),
      'lumenize.batch.size': call.isSent ? call.batchSize : undefined,
      'lumenize.call.attempt': call.attempt > 1 ? call.attempt : undefined,
      'error.type': isFailed ? code : undefined,
    }),
  );
  if (isFailed) setFailed(span, outcome);
}

function attributesOf(
  binding: string,
  method: string | undefined,
  instance: string | undefined,
  more: Parameters<typeof rpcAttributes>[2],
): ReturnType<typeof rpcAttributes> {
  return rpcAttributes(binding, method, { 'lumenize.target.instance': instance, ...more });
}
