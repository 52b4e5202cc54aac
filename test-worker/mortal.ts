/** An object on a core that can be made to trap: it calls, and is called. */
import { LumenizeBase } from './faulty.js';

export class Mortal extends LumenizeBase {
  readonly outcomes: unknown[] = [];
  #waiting = (): void => {};

  echo<T>(value: T): T {
    return value;
  }

  never(): Promise<never> {
    return new Promise(() => {});
  }

  fail(): never {
    throw new RangeError('as it was told');
  }

  onOutcome(outcome: unknown): void {
    this.outcomes.push(outcome);
    this.#waiting();
  }

  /** Resolves when so many outcomes have arrived in all. */
  arrived(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = () => {
        if (this.outcomes.length >= count) resolve();
      };
      this.#waiting();
    });
  }
}
