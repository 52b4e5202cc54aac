import { DurableObject } from 'cloudflare:workers';
import { callable, withCall } from '@lumenize/call';
import { Agent } from 'agents';

export { Bank, Clerk } from './durable.js';

type Env = Cloudflare.Env;

interface User {
  id: string;
  name: string;
}

interface State {
  asked: number;
}

/** A Durable Object of nobody's framework. */
export class Users extends withCall(DurableObject<Env>) {
  answers: (string | Error)[] = [];

  getUser(id: string): User {
    if (id === 'nobody') throw new RangeError(`no user ${id}`);
    return { id, name: 'Ada' };
  }

  ask(assistant: string, question: string): void {
    const answer = this.ctn<Assistant>().answer(question);
    this.svc.call('ASSISTANT', assistant, answer, this.ctn().onAnswer(answer));
  }

  onAnswer(answer: string | Error): void {
    this.answers.push(answer);
  }
}

export class Assistant extends withCall(Agent<Env, State>) {
  override initialState: State = { asked: 0 };

  started = 0;
  users: (User | Error)[] = [];

  override onStart(): void {
    this.started += 1;
  }

  lookUp(userId: string): void {
    const user = this.ctn<Users>().getUser(userId);
    this.svc.call('USERS', 'main', user, this.ctn().onUser(user));
  }

  onUser(user: User | Error): void {
    this.users.push(user);
    this.setState({ asked: this.state.asked + 1 });
  }

  answer(question: string): string {
    this.setState({ asked: this.state.asked + 1 });
    return `${this.name} was asked '${question}': started ${this.started} times`;
  }

  seen() {
    return { users: this.users.map(String), asked: this.state.asked };
  }
}

/** Says which methods callers may use. */
export class Chosen extends withCall(Agent<Env>) {
  @callable()
  open(): string {
    return 'open';
  }

  closed(): string {
    return 'closed';
  }
}

export default {
  fetch: () => new Response('agents'),
} satisfies ExportedHandler<Env>;
