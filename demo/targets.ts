/** The objects that are called: a directory of users, and a calculator that counts its messages. */
import { LumenizeBase } from '@lumenize/call';

export interface User {
  readonly id: string;
  readonly name: string;
}

export class Users extends LumenizeBase {
  /** The story tells what its caller sees. Without this the log has the error, too. */
  override onReceiveError(): void {}

  getUser(id: string): User {
    if (id !== 'u1') throw new RangeError(`there is no user '${id}'`);
    return { id, name: 'Ada' };
  }

  /** A target that hangs: nothing ever resolves this promise. */
  never(): Promise<never> {
    return new Promise(() => {});
  }
}

export class Calc extends LumenizeBase {
  #messages = 0;

  add(a: number, b: number): number {
    return a + b;
  }

  messages(): number {
    return this.#messages;
  }

  /** Every message that the package sends enters here, so here they are counted. */
  override __lmzCall(frame: unknown, ...slots: unknown[]): unknown {
    this.#messages += 1;
    return super.__lmzCall(frame, ...slots);
  }
}
