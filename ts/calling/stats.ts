/** Counts the outcomes of one object's calls. */

import type { Settlement } from '../wire/channel.js';
import { callErrorCodes } from '../wire/core.js';

/** The outcomes of one object's calls since the object started. */
export interface CallStats {
  /** Calls that wait for their outcome. */
  readonly pending: number;
  /**
   * Calls that have theirs, by what it was: `value`, or the code of the `CallError`. Whatever else the
   * remote method threw counts as `remote-threw`.
   */
  readonly settled: Readonly<Record<Settlement, number>>;
  /** Messages sent: each is one Workers RPC call. */
  readonly frames: number;
  /** Programs in them, one for each call: `programs / frames` says how well calls share messages. */
  readonly programs: number;
  /** Bytes of encoded programs. Arguments travel beside them, and nobody knows their size. */
  readonly bytes: number;
}

/** How often each outcome has settled a call. */
export class Settlements {
  values = 0;
  readonly #failures = new Map<Settlement, number>();

  add(code: Settlement): void {
    if (code === 'value') this.values += 1;
    else this.#failures.set(code, (this.#failures.get(code) ?? 0) + 1);
  }

  counts(): CallStats['settled'] {
    const failures = callErrorCodes.map((code) => [code, this.#failures.get(code) ?? 0]);
    return { value: this.values, ...Object.fromEntries(failures) } as CallStats['settled'];
  }
}
