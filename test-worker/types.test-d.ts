/**
 * What the compiler accepts and refuses. `tsc` checks this file: a line below `@ts-expect-error`
 * that compiles after all is an error.
 */
import {
  type CallHandle,
  explain,
  LumenizeBase,
  newContinuation,
  type OpenContinuation,
  type Recorded,
} from '@lumenize/call';
import { expectTypeOf } from 'vitest';
import type { Calc, User, Users } from './index.js';

interface Env {
  readonly CALC: DurableObjectNamespace<Calc>;
  readonly USERS: DurableObjectNamespace<Users>;
  readonly UNTYPED: DurableObjectNamespace;
  readonly SERVICE: Fetcher;
  readonly NAME: string;
}

interface Shelf {
  readonly owner: { readonly address: { readonly city: string } };
  find(title: string, options?: { exact?: boolean }): Promise<{ isbn: bigint } | undefined>;
  tags(...names: string[]): readonly string[];
  add(item: Readonly<{ title: string; tags: readonly string[] }>): number;
  anything(value: unknown): unknown;
}

export class Caller extends LumenizeBase<Env> {
  onUser(user: User | Error, id: string): void {
    explain([user, id]);
  }

  onUserOnly(user: User): void {
    explain(user);
  }

  onLast(id: string, user: User | Error): void {
    explain([id, user]);
  }

  onLastNumber(id: string, count: number | Error): void {
    explain([id, count]);
  }

  onAnything(outcome: unknown): void {
    explain(outcome);
  }

  protected onProtected(user: User | Error): void {
    explain(user);
  }

  whatCompiles(): void {
    const user = this.ctn<Users>().getUser('u1');
    expectTypeOf(user).toExtend<Recorded<User, Users>>();
    expectTypeOf(this.svc.call('USERS', 'main', user)).toEqualTypeOf<CallHandle>();

    this.svc.call('USERS', 'main', user, this.ctn().onUser(user, 'u1'));
    this.svc.call('USERS', 'main', user, this.ctn().onUser(user.$result, 'u1'));
    this.svc.call('USERS', 'main', user, this.ctn().onLast('u1'));
    this.svc.call('USERS', 'main', user, this.ctn().onLast('u1', user), { timeout: 5_000 });
    this.svc.call('USERS', 'main', user, this.ctn().onAnything());
    this.svc.call('USERS', this.ctx.id, user);
    this.svc.call('UNTYPED', 'main', user);
    this.svc.call('SERVICE', undefined, user);

    const on = this.ctn<Calc>();
    expectTypeOf(this.svc.callRaw('CALC', 'main', on.add(1, 2))).toEqualTypeOf<Promise<number>>();
    expectTypeOf(this.svc.callRaw('CALC', 'main', on.addSlowly(1, 2))).toEqualTypeOf<
      Promise<number>
    >();
    expectTypeOf(
      this.svc.callRaw('CALC', 'main', on.add(on.add(1, 2), on.addSlowly(3, 4))),
    ).toEqualTypeOf<Promise<number>>();
    expectTypeOf(this.svc.callRaw('CALC', 'main', on.origin.distance(3))).toEqualTypeOf<
      Promise<number>
    >();
    expectTypeOf(this.svc.callRaw('CALC', 'main', on.adder(1)(2))).toEqualTypeOf<Promise<number>>();
    expectTypeOf(on.add(1)).toEqualTypeOf<OpenContinuation<number, Calc>>();

    const shelf = newContinuation<Shelf>();
    expectTypeOf(shelf.owner.address.city).toExtend<Recorded<string, Shelf>>();
    expectTypeOf(shelf.find('title')).toExtend<Recorded<{ isbn: bigint } | undefined, Shelf>>();
    expectTypeOf(shelf.find('title', { exact: true })).toExtend<Recorded<unknown, Shelf>>();
    expectTypeOf(shelf.tags('a', 'b').length).toExtend<Recorded<number, Shelf>>();
    expectTypeOf(shelf.add({ title: 't', tags: ['a'] })).toExtend<Recorded<number, Shelf>>();
    expectTypeOf(shelf.anything(shelf.owner)).toExtend<Recorded<unknown, Shelf>>();
  }

  whatDoesNotCompile(): void {
    const user = this.ctn<Users>().getUser('u1');

    // @ts-expect-error: onUserOnly does not accept an Error
    this.svc.call('USERS', 'main', user, this.ctn().onUserOnly(user));
    // @ts-expect-error: onUserOnly does not accept an Error, in the last place either
    this.svc.call('USERS', 'main', user, this.ctn().onUserOnly());
    // @ts-expect-error: onLastNumber does not accept a User
    this.svc.call('USERS', 'main', user, this.ctn().onLastNumber('u1'));
    // @ts-expect-error: onLastNumber does not accept a User where the remote is passed either
    this.svc.call('USERS', 'main', user, this.ctn().onLastNumber('u1', user));
    // @ts-expect-error: two arguments are missing, and an outcome is only one
    this.svc.call('USERS', 'main', user, this.ctn().onLast());
    // @ts-expect-error: the handler has no such method
    this.svc.call('USERS', 'main', user, this.ctn().onUsre(user));
    // @ts-expect-error: protected
    this.svc.call('USERS', 'main', user, this.ctn().onProtected(user));
    // @ts-expect-error: there is no such binding
    this.svc.call('USRES', 'main', user);
    // @ts-expect-error: neither a namespace nor a service
    this.svc.call('NAME', 'main', user);
    // @ts-expect-error: the binding holds another class
    this.svc.call('CALC', 'main', user);
    // @ts-expect-error: a Durable Object has an instance
    this.svc.call('USERS', undefined, user);
    // @ts-expect-error: an entrypoint has none
    this.svc.call('SERVICE', 'main', user);
    // @ts-expect-error: a value is not a continuation
    this.svc.call('USERS', 'main', { id: 'u1', name: 'Ada' });
    // @ts-expect-error: there is no such option
    this.svc.call('USERS', 'main', user, undefined, { timeuot: 5 });
    // @ts-expect-error: milliseconds are a number
    this.svc.call('USERS', 'main', user, undefined, { timeout: '5s' });
    // @ts-expect-error: an argument is missing, and nothing fills it in
    void this.svc.callRaw('CALC', 'main', this.ctn<Calc>().add(1));
    // @ts-expect-error: a wrong argument
    this.ctn<Users>().getUser(1);
    // @ts-expect-error: one argument too many
    this.ctn<Users>().getUser('u1', 'u2');
    // @ts-expect-error: a nested continuation of the wrong type
    this.ctn<Users>().getUser(this.ctn<Users>().getUser('u1'));
    // @ts-expect-error: a nested continuation of another object
    this.ctn<Calc>().add(1, this.ctn<Users>().getUser('u1').id.length);
    // @ts-expect-error: there is no such property
    this.ctn<Calc>().origin.y;
    // @ts-expect-error: what may be undefined has no properties to read on
    newContinuation<Shelf>().find('title').isbn;
    // @ts-expect-error: a continuation is read-only
    this.ctn<Calc>().messages = 5;
  }
}
