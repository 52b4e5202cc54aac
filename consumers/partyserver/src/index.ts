import { DurableObject } from 'cloudflare:workers';
import { withCall } from '@lumenize/call';
import { type Connection, routePartykitRequest, Server } from 'partyserver';

export { Desk, Seats } from './durable.js';

type Env = Cloudflare.Env;

interface User {
  id: string;
  name: string;
}

/** A Durable Object of nobody's framework. */
export class Users extends withCall(DurableObject<Env>) {
  greetings: (string | Error)[] = [];

  getUser(id: string): User {
    if (id === 'nobody') throw new RangeError(`no user ${id}`);
    return { id, name: 'Ada' };
  }

  greet(room: string, name: string): void {
    const greeting = this.ctn<Room>().greeting(name);
    this.svc.call('ROOM', room, greeting, this.ctn().onGreeting(greeting));
  }

  onGreeting(greeting: string | Error): void {
    this.greetings.push(greeting);
  }
}

export class Room extends withCall(Server<Env>) {
  static override options = { hibernate: true };

  started = 0;
  users: (User | Error)[] = [];

  override onStart(): void {
    this.started += 1;
  }

  override onMessage(connection: Connection, userId: string): void {
    const user = this.ctn<Users>().getUser(userId);
    this.svc.call('USERS', 'main', user, this.ctn().onUser(user, connection.id));
  }

  /** Tells the one who asked. */
  onUser(user: User | Error, connectionId: string): void {
    this.users.push(user);
    this.getConnection(connectionId)?.send(
      user instanceof Error ? `${user.name}: ${user.message}` : user.name,
    );
  }

  came: number[] = [];

  come(number: number): number[] {
    this.came.push(number);
    return this.came;
  }

  greeting(name: string): string {
    return `Hello, ${name}, in ${this.name}: started ${this.started} times`;
  }
}

/** It cannot start. */
export class Broken extends withCall(Server<Env>) {
  override onStart(): void {
    throw new RangeError('cannot start');
  }

  method(): string {
    return 'has run';
  }
}

export default {
  async fetch(request, env) {
    return (
      (await routePartykitRequest(request, env)) ?? new Response('no such room', { status: 404 })
    );
  },
} satisfies ExportedHandler<Env>;
