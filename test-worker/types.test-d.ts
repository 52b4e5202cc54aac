/**
 * What the compiler accepts and refuses. `tsc` checks this file: a line below `@ts-expect-error`
 * that compiles after all is an error. Above each stands what a user sees, by TypeScript 7, and
 * whether that says what is wrong.
 */

import { DurableObject, RpcTarget } from 'cloudflare:workers';
import {
  type Accepting,
  type CallHandle,
  type EnvOf,
  explain,
  LumenizeBase,
  newContinuation,
  type Recorded,
  withCall,
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

type Isbn = string & { readonly brand: 'isbn' };
type Answer =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly why: string };
interface Tree {
  readonly label: string;
  readonly children: readonly Tree[];
  child(index: number): Tree;
}

class Session extends RpcTarget {
  hello(name: string): string {
    return name;
  }

  get nested(): { readonly inner: Session } {
    return { inner: this };
  }
}

interface Library {
  readonly shelves: { byTopic(topic: 'poetry' | 'prose'): Promise<Shelf> };
  readonly books: readonly Isbn[];
  order(isbn: Isbn): Answer;
  session(): Session;
  tree(): Tree;
  plant(tree: Tree): number;
  dates(...at: Date[]): Map<string, Date>;
  pick(index: number): string;
  pick(name: string): number;
  first<T>(items: readonly T[]): T;
  save(options: {
    readonly tags: readonly string[];
    readonly owner?: { readonly id: string };
  }): void;
  load(): Promise<Promise<number>>;
  maybe(): string | undefined;
  frozen(items: readonly string[]): readonly string[];
  remember(counts: Map<string, number>): void;
  visit(callback: (isbn: Isbn) => void): void;
}

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
type ReadonlyJson =
  | string
  | number
  | null
  | readonly ReadonlyJson[]
  | { readonly [key: string]: ReadonlyJson };

interface Store {
  write(json: Json): void;
  writeReadonly(json: ReadonlyJson): Promise<void>;
  read(): Json;
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

  onMaybe(id: string, user?: User): void {
    explain([id, user]);
  }

  onMaybeError(id: string, user?: User | Error): void {
    explain([id, user]);
  }

  onVoid(outcome: void | Error): void {
    explain(outcome);
  }

  onVoidLast(id: string, outcome: void | Error): void {
    explain([id, outcome]);
  }

  onVoidOptional(failure?: Error): void {
    explain(failure);
  }

  onJson(json: Json | Error): void {
    explain(json);
  }

  onOptions(user: User | Error, retries?: number): void {
    explain([user, retries]);
  }

  onEvent(event: { readonly user: User | Error }, retries?: number): void {
    explain([event, retries]);
  }

  onRest(...users: (User | Error)[]): void {
    explain(users);
  }

  onRestOfNumbers(...counts: number[]): void {
    explain(counts);
  }

  onFailure(failure: Error): void {
    explain(failure);
  }

  onInside(event: { readonly user: User | Error; readonly at: number }): void {
    explain(event);
  }

  private onPrivate(user: User | Error): void {
    explain(user);
  }

  usePrivate(): void {
    this.onPrivate(new Error());
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
    this.svc.call('USERS', 'main', user, this.ctn().onUser(this.ctn().$result, 'u1'));
    this.svc.call('USERS', 'main', user, this.ctn().onLast('u1'));
    this.svc.call('USERS', 'main', user, this.ctn().onLast('u1', user), { timeout: 5_000 });
    this.svc.call('USERS', 'main', user, this.ctn().onAnything());
    this.svc.call('USERS', 'main', user, this.ctn().onMaybeError('u1'));
    this.svc.call('USERS', 'main', user, this.ctn().onMaybe('u1', { id: 'u2', name: 'Grace' }));
    this.svc.call('USERS', 'main', user, this.ctn().onOptions(user));
    this.svc.call('USERS', 'main', user, this.ctn().onOptions(user, 3));
    this.svc.call('USERS', 'main', user, this.ctn().onEvent({ user }));
    this.svc.call('USERS', 'main', user, this.ctn().onRest());
    const store = this.ctn<Store>();
    const write = store.write({ a: [1, { b: null }], c: store.read() });
    this.svc.call('UNTYPED', 'main', write, this.ctn().onVoid());
    this.svc.call('UNTYPED', 'main', write, this.ctn().onVoid(write));
    this.svc.call('UNTYPED', 'main', write, this.ctn().onVoidLast('a'));
    this.svc.call('UNTYPED', 'main', write, this.ctn().onVoidOptional());
    this.svc.call('UNTYPED', 'main', store.writeReadonly({ a: [1] }), this.ctn().onVoid());
    this.svc.call('UNTYPED', 'main', store.read(), this.ctn().onJson());
    this.svc.call('UNTYPED', 'main', store.read(), this.ctn().onJson(store.read()));
    this.svc.call('USERS', 'main', user, this.ctn().onRest(user));
    this.svc.call('USERS', 'main', user, this.ctn().onInside({ user, at: 1 }));
    this.svc.call('USERS', 'main', user, this.ctn().onInside({ user, at: 1 }), {});
    this.svc.call('USERS', 'main', user, undefined, { timeout: Number.POSITIVE_INFINITY });
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
    expectTypeOf(on.add(1)).toExtend<Accepting<number, Calc>>();

    const library = newContinuation<Library>();
    expectTypeOf(library.shelves.byTopic('poetry').find('t')).toExtend<
      Recorded<unknown, Library>
    >();
    expectTypeOf(library.books[0]).toExtend<Recorded<Isbn | undefined, Library> | undefined>();
    expectTypeOf(library.books.length).toExtend<Recorded<number, Library>>();
    expectTypeOf(library.order('1' as Isbn).ok).toExtend<Recorded<boolean, Library>>();
    expectTypeOf(library.session().hello('a')).toExtend<Recorded<string, Library>>();
    expectTypeOf(library.session().nested.inner.hello('a')).toExtend<Recorded<string, Library>>();
    expectTypeOf(library.tree().child(0).child(1).label).toExtend<Recorded<string, Library>>();
    expectTypeOf(library.plant(library.tree())).toExtend<Recorded<number, Library>>();
    expectTypeOf(
      library.plant({ label: 'a', children: [library.tree()], child: () => ({}) as Tree }),
    ).toExtend<Recorded<number, Library>>();
    expectTypeOf(library.dates(new Date(), new Date()).get('a')).toExtend<
      Recorded<Date | undefined, Library>
    >();
    expectTypeOf(library.pick('a')).toExtend<Recorded<number, Library>>();
    expectTypeOf(library.pick(1)).toExtend<Recorded<string, Library>>();
    expectTypeOf(library.first(['a'])).toExtend<Recorded<unknown, Library>>();
    expectTypeOf(library.save({ tags: ['a', library.tree().label] })).toExtend<
      Recorded<void, Library>
    >();
    expectTypeOf(library.save({ tags: [], owner: { id: library.tree().label } })).toExtend<
      Recorded<void, Library>
    >();
    expectTypeOf(library.load()).toExtend<Recorded<number, Library>>();
    expectTypeOf(library.maybe()).toExtend<Recorded<string | undefined, Library>>();
    expectTypeOf(library.frozen(['a'] as const)).toExtend<Recorded<readonly string[], Library>>();
    expectTypeOf(library.visit((isbn) => explain(isbn.length))).toExtend<Recorded<void, Library>>();
    expectTypeOf(newContinuation<Caller>()).toExtend<Recorded<LumenizeBase<Env>>>();

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

    // fair, does not say that an Error may arrive too: TS2345 Argument of type 'Called<User, Users,
    // unknown>' is not assignable to parameter of type 'Argument<User, this>'.
    // @ts-expect-error: onUserOnly does not accept an Error
    this.svc.call('USERS', 'main', user, this.ctn().onUserOnly(user));
    // good: TS2345 … '"this handler does not accept an Error, which may arrive too"'.
    // @ts-expect-error: onUserOnly does not accept an Error, in the last place either
    this.svc.call('USERS', 'main', user, this.ctn().onUserOnly());
    // good: TS2345 … '"this handler does not accept what the call yields"'.
    // @ts-expect-error: onLastNumber does not accept a User
    this.svc.call('USERS', 'main', user, this.ctn().onLastNumber('u1'));
    // good: TS2345 Argument of type 'Called<User, Users, unknown>' is not assignable to parameter
    // of type 'Argument<number | Error, this>'.
    // @ts-expect-error: onLastNumber does not accept a User where the remote is passed either
    this.svc.call('USERS', 'main', user, this.ctn().onLastNumber('u1', user));
    // good: TS2345 Argument of type 'Recorded<User, Users>' is not assignable to parameter of type
    // 'Argument<number | Error, this>'.
    // @ts-expect-error: the outcome of that remote is a User, by `$result` too
    this.svc.call('USERS', 'main', user, this.ctn().onLastNumber('u1', user.$result));
    // good: TS2554 Expected 1-2 arguments, but got 0.
    // @ts-expect-error: two arguments are missing, and an outcome is only one
    this.svc.call('USERS', 'main', user, this.ctn().onLast());
    // good: TS2345 … '"this handler does not accept an Error, which may arrive too" | undefined'.
    // @ts-expect-error: the next, optional, parameter does not accept an Error
    this.svc.call('USERS', 'main', user, this.ctn().onMaybe('u1'));
    // good: the same.
    // @ts-expect-error: rest parameters that do not accept a User
    this.svc.call('USERS', 'main', user, this.ctn().onRestOfNumbers());
    // good: TS2345 … '"this handler does not accept what the call yields"'.
    // @ts-expect-error: onFailure accepts errors only
    this.svc.call('USERS', 'main', user, this.ctn().onFailure());
    // good: TS2322 Type 'number' is not assignable to type 'Error | User'.
    // @ts-expect-error: inside an object, a number where the outcome is a User
    this.svc.call('USERS', 'main', user, this.ctn().onInside({ user: 5, at: user }));
    // good: TS2345 … '"this handler is not called: write this.ctn().onUser()"'.
    // @ts-expect-error: a handler is a call, not a property
    this.svc.call('USERS', 'main', user, this.ctn().onUser);
    this.svc.call('USERS', 'main', user, (outcome: User | Error) => explain(outcome));
    // good: … 'Mistake<"this handler is recorded for another class: begin it with this.ctn()"> | Handler<…> | …'.
    // @ts-expect-error: the handler was recorded for another class
    this.svc.call('USERS', 'main', user, this.ctn<Users>().getUser(''));
    // good: TS2339 Property 'onPrivate' does not exist on type 'Continuation<this>'.
    // @ts-expect-error: private
    this.svc.call('USERS', 'main', user, this.ctn().onPrivate(user));
    // good: TS2551 Property 'onUsre' does not exist on type 'Continuation<this>'. Did you mean
    // 'onUser'?
    // @ts-expect-error: the handler has no such method
    this.svc.call('USERS', 'main', user, this.ctn().onUsre(user));
    // good: TS2339 Property 'onProtected' does not exist on type 'Continuation<this>'.
    // @ts-expect-error: protected
    this.svc.call('USERS', 'main', user, this.ctn().onProtected(user));
    // good: TS2345 … 'Mistake<"Env has no Durable Object namespace or service 'USRES': did you mean …?">'.
    // @ts-expect-error: there is no such binding
    this.svc.call('USRES', 'main', user);
    // good: TS2345 … 'Mistake<"Env has no Durable Object namespace or service 'NAME'">'.
    // @ts-expect-error: neither a namespace nor a service
    this.svc.call('NAME', 'main', user);
    // good: TS2345 … 'Mistake<"this is recorded for another class than the target has"> | Recorded<unknown, Calc>'.
    // @ts-expect-error: the binding holds another class
    this.svc.call('CALC', 'main', user);
    // good: TS2345 … '… | Mistake<"a Durable Object namespace takes an instance, by name or id">'.
    // @ts-expect-error: a Durable Object has an instance
    this.svc.call('USERS', undefined, user);
    // good: TS2345 … 'Mistake<"only a Durable Object namespace has instances: pass undefined">'.
    // @ts-expect-error: an entrypoint has none
    this.svc.call('SERVICE', 'main', user);
    // good: TS2345 … '"what runs there is recorded, as by this.ctn<Users>().getUser(id)"'.
    // @ts-expect-error: a value is not a continuation
    this.svc.call('USERS', 'main', { id: 'u1', name: 'Ada' });
    // good: TS2561 Object literal may only specify known properties, but 'timeuot' does not exist
    // in type 'CallOptions'. Did you mean to write 'timeout'?
    // @ts-expect-error: there is no such option
    this.svc.call('USERS', 'main', user, undefined, { timeuot: 5 });
    // good: TS2322 Type 'string' is not assignable to type 'number'.
    // @ts-expect-error: milliseconds are a number
    this.svc.call('USERS', 'main', user, undefined, { timeout: '5s' });
    // good: TS2345 … '"the last argument is missing, which only a handler leaves out"'.
    // @ts-expect-error: an argument is missing, and nothing fills it in
    void this.svc.callRaw('CALC', 'main', this.ctn<Calc>().add(1));
    // good: TS2345 Argument of type 'number' is not assignable to parameter of type
    // 'Argument<string, Users>'.
    // @ts-expect-error: a wrong argument
    this.ctn<Users>().getUser(1);
    // good: TS2554 Expected 0-1 arguments, but got 2.
    // @ts-expect-error: one argument too many
    this.ctn<Users>().getUser('u1', 'u2');
    // good: TS2345 Argument of type 'Called<User, Users, unknown>' is not assignable to parameter
    // of type 'Argument<string, Users>'.
    // @ts-expect-error: a nested continuation of the wrong type
    this.ctn<Users>().getUser(this.ctn<Users>().getUser('u1'));
    // good: TS2345 Argument of type 'Continuation<number, Users>' is not assignable to parameter
    // of type 'Argument<number, Calc>'.
    // @ts-expect-error: a nested continuation of another object
    this.ctn<Calc>().add(1, this.ctn<Users>().getUser('u1').id.length);
    const library = newContinuation<Library>();
    // good: TS2345 Argument of type 'string' is not assignable to parameter of type
    // 'Argument<Isbn, Library>'.
    // @ts-expect-error: a plain string is not the branded one
    library.order('1');
    // good: TS2345 Argument of type '"maths"' is not assignable to parameter of type
    // 'Argument<"poetry" | "prose", Library>'.
    // @ts-expect-error: not one of the literals
    library.shelves.byTopic('maths');
    // good: TS2339 Property 'why' does not exist on type 'Called<Answer, Library, unknown>'.
    // @ts-expect-error: not on every member of the union
    library.order('1' as Isbn).why;
    // good: TS2769 No overload matches this call.
    // @ts-expect-error: neither overload takes a boolean
    library.pick(true);
    // good: TS2339 Property 'goodbye' does not exist on type 'Called<Session, Library, unknown>'.
    // @ts-expect-error: a method of the nested target that is not there
    library.session().goodbye();
    // good: TS2322 Type 'number' is not assignable to type 'string'.
    // @ts-expect-error: a wrong type inside an object
    library.save({ tags: [5] });
    // good: TS2322 Type 'Called<number, Library, unknown>' is not assignable to type 'string'.
    // @ts-expect-error: a continuation of the wrong type inside an object
    library.save({ tags: [library.load()] });
    // good: TS2353 Object literal may only specify known properties, and 'onwer' does not exist in
    // type 'Argument<{ readonly tags: readonly string[]; readonly owner?: { …
    // @ts-expect-error: a misspelt key
    library.save({ tags: [], onwer: { id: 'a' } });
    // good: TS2345 Argument of type 'Map<string, Called<number, Library, unknown>>' is not
    // assignable to parameter of type 'Argument<Map<string, number>, Library>'.
    // @ts-expect-error: a Map is passed whole
    library.remember(new Map([['a', library.load()]]));
    // good: TS2322 Type 'Called<string | undefined, Library, unknown>' is not assignable to type
    // 'Argument<string, Library>'.
    // @ts-expect-error: an optional result is not a string
    library.frozen([library.maybe()]);
    // good: TS2349 This expression is not callable.
    // @ts-expect-error: nothing there to call
    library.books();
    // good: TS7009 'new' expression, whose target lacks a construct signature, implicitly has an
    // 'any' type.
    // @ts-expect-error: not a constructor
    new library.session();
    // good: TS2339 Property 'nothing' does not exist on type 'Continuation<Isbn, Library>'.
    // @ts-expect-error: an element of a list that is not one of its members
    library.books[0]?.nothing;
    // good: TS2339 Property 'y' does not exist on type 'Continuation<{ readonly x: number;
    // distance(to: number): number; }, Calc>'.
    // @ts-expect-error: there is no such property
    this.ctn<Calc>().origin.y;
    // good: TS2339 Property 'isbn' does not exist on type 'Called<{ isbn: bigint; } | undefined,
    // Shelf, { exact?: boolean; }>'.
    // @ts-expect-error: what may be undefined has no properties to read on
    newContinuation<Shelf>().find('title').isbn;
    // good: TS2540 Cannot assign to 'messages' because it is a read-only property.
    // @ts-expect-error: a continuation is read-only
    this.ctn<Calc>().messages = 5;
  }
}

export class Chosen extends LumenizeBase<Env> {
  // good: TS2322 Type '"opne"' is not assignable to type 'keyof Chosen'.
  // @ts-expect-error: a misspelt name
  static readonly callable = ['opne'] satisfies (keyof Chosen)[];

  open(): void {}
}

class Framework<E> extends DurableObject<E> {
  greet(name: string): string {
    return name;
  }
}

/** A base class of another package: `env` is what it was written for. */
export class Room extends withCall(Framework<Env>) {
  whatCompiles(): void {
    const user = this.ctn<Users>().getUser('u1');
    expectTypeOf(
      this.svc.call('USERS', 'main', user, this.ctn().onUser(user)),
    ).toExtend<CallHandle>();
    expectTypeOf(this.svc.callRaw('USERS', 'main', user)).resolves.toEqualTypeOf<
      User & Disposable
    >();
    expectTypeOf(this.ctn<Room>().greet('Ada')).toExtend<Recorded<string, Room>>();
    expectTypeOf(this.svc.call.stats().settled['timeout']).toEqualTypeOf<number>();
    expectTypeOf<EnvOf<typeof Room>>().toEqualTypeOf<Env>();
    expectTypeOf<EnvOf<typeof DurableObject>>().toEqualTypeOf<Cloudflare.Env>();
  }

  whatDoesNotCompile(): void {
    const user = this.ctn<Users>().getUser('u1');
    // good: TS2345 … 'Mistake<"Env has no Durable Object namespace or service 'USRES': did you mean …?">'.
    // @ts-expect-error: no such binding
    this.svc.call('USRES', 'main', user);
    // good: TS2345 … '"this handler does not accept what the call yields"'.
    // @ts-expect-error: onNumber does not accept a User
    this.svc.call('USERS', 'main', user, this.ctn().onNumber());
    // good: TS2345 … 'Mistake<"this is recorded for another class than the target has"> | Recorded<…, Calc>'.
    // @ts-expect-error: CALC holds a Calc
    this.svc.call('CALC', 'main', user, this.ctn().onUser(user));
    // good: TS2345 Argument of type 'typeof Plain' is not assignable to … DurableObjectBranded.
    // @ts-expect-error: no class of Durable Objects
    withCall(Plain);
  }

  onUser(_user: User | Error): void {}
  onNumber(_sum: number | Error): void {}
}

class Plain {}
