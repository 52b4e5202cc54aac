/** The one seam to the machine of durable calls, which is wasm of its own beside the core. */

import { time } from '../runtime/clock.js';
import { CallError, invalidOption } from '../wire/errors.js';
import { textOf } from '../wire/text.js';
import type * as Wasm from './wasm/lumenize_call_durable.js';
import type { DurableMachine, Effect } from './wasm/lumenize_call_durable.js';

type Loaded = Pick<typeof Wasm, 'DurableMachine' | 'checkTimeout' | 'checkKey'>;

let loaded: Loaded | undefined;

/** Runs once for each isolate, from the entry. */
export function load(machine: Loaded): void {
  loaded = machine;
}

function wasm(): Loaded {
  if (loaded) return loaded;
  throw new CallError('internal', "import withDurableCalls from '@lumenize/call/durable'");
}

/** A machine that has to be told that its object has started. */
export function createMachine(): DurableMachine {
  return new (wasm().DurableMachine)();
}

/**
 * Takes an event, and returns what is to be done in this turn.
 *
 * @throws `CallError` with code `internal` where the machine died: what it knew is lost, and the object has to
 *   start anew.
 */
export function step(
  machine: DurableMachine,
  event: (machine: DurableMachine) => Effect[],
): Effect[] {
  try {
    machine.setTime(time.machine.Date.now());
    return event(machine);
  } catch (thrown) {
    const message = `the machine of durable calls failed (${textOf(thrown)}): please report this`;
    throw new CallError('internal', message, { cause: thrown });
  }
}

/** A timeout in whole milliseconds. Throws `CallError` with code `invalid-option`. */
export function checkTimeout(timeout: number): number {
  return asked(`timeout is ${timeout}`, () => wasm().checkTimeout(timeout));
}

/** Throws `CallError` with code `invalid-option`. */
export function checkKey(key: string): void {
  asked('key', () => wasm().checkKey(key.length));
}

/** What the machine refuses, it says in a sentence. */
function asked<T>(place: string, question: () => T): T {
  try {
    return question();
  } catch (thrown) {
    throw invalidOption(`${place}: ${textOf(thrown)}`);
  }
}
