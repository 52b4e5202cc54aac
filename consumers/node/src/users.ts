/** What a project has in one file and tests in Node: a class for the Workers runtime and plain code. */
import { explain, LumenizeBase, newContinuation, validate } from '@lumenize/call';

interface User {
  id: string;
  name: string;
}

export class Users extends LumenizeBase<object> {
  getUser(id: string): User {
    return { id, name: 'Ada' };
  }
}

/** The text of a continuation that a receiver with these limits would accept. */
export function checked(id: string, steps: number): string {
  const user = newContinuation<Users>().getUser(id);
  validate(user, { steps });
  return explain(user);
}
