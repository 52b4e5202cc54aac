/**
 * What the two parts cost that each call needs and that no other object sees: recording, beside
 * calling a function that keeps its arguments; and opening and settling a call, with few calls
 * pending and with many.
 */
import { newContinuation } from '@lumenize/call';
import type { PendingCall } from '../target/js/calling/era.js';
import { Pending } from '../target/js/calling/pending.js';

interface Target {
  m(a: number, b: number): number;
}

const ROUNDS = 11;
const TIMES = 500_000;
const FEW = 10;
const MANY = 10_000;
/** Milliseconds since the epoch; no timer fires in the meantime. */
const NOW = 4_000_000_000_000;

export default {
  fetch() {
    let kept: unknown;
    const few = pendingWith(FEW);
    const many = pendingWith(MANY);
    const costs = {
      recording: (n: number) => (kept = newContinuation<Target>().m(n, 1)),
      keeping: (n: number) => (kept = keep(n, 1)),
      few: () => openAndClose(few),
      many: () => openAndClose(many),
    };
    const times = Object.fromEntries(Object.keys(costs).map((name) => [name, [] as number[]]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, run] of Object.entries(costs)) times[name]?.push(time(run));
    }
    const medians = Object.entries(times).map(([name, each]) => [name, median(each)]);
    return Response.json({ ...Object.fromEntries(medians), kept: typeof kept });
  },
} satisfies ExportedHandler;

/** So many pending calls, with deadlines all over the time to come. */
function pendingWith(calls: number): Pending<PendingCall> {
  const pending = new Pending(
    () => {},
    () => {},
  );
  for (let n = 0; n < calls; n++) pending.open(new WaitingCall(1_000 + ((n * 7_919) % 1_000_000)));
  return pending;
}

class WaitingCall implements PendingCall {
  id = 0;
  isPending = false;
  place = 0;
  readonly openedAt = NOW;

  constructor(readonly timeout: number) {}
}

function openAndClose(pending: Pending<PendingCall>): boolean {
  const call = new WaitingCall(30_000);
  pending.open(call);
  return pending.close(call);
}

function keep(...args: number[]): number[] {
  return args;
}

/** Nanoseconds for one run. */
function time(run: (n: number) => void): number {
  const start = performance.now();
  for (let n = 0; n < TIMES; n++) run(n);
  return ((performance.now() - start) * 1e6) / TIMES;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number;
}
