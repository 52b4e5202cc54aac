/**
 * What the compiler accepts and refuses of continuations that know their target, of functions as handlers,
 * and of targets of all kinds. `tsc` checks this file: a line below `@ts-expect-error` that compiles after
 * all is an error. Above each stands what a user sees, by TypeScript 7.
 */

import { DurableObject, type RpcStub, RpcTarget } from 'cloudflare:workers';
import {
  createCaller,
  type FunctionHandler,
  type Handler,
  LumenizeBase,
  LumenizeWorker,
  newContinuation,
  type Received,
  type Recorded,
  type Sendable,
  withCall,
} from '@lumenize/call';
import { expectTypeOf } from 'vitest';

// biome-ignore lint/suspicious/noExplicitAny: as people write it
type Any = any;

interface User {
  readonly id: string;
  readonly name: string;
}

class Counter extends RpcTarget {
  increment(): number {
    return 1;
  }
}

class Users extends LumenizeBase<Env> {
  maybe?(count: number): number;
  readonly settings: { readonly theme?: string } | undefined;

  getUser(id: string): User {
    return { id, name: 'Ada' };
  }

  rename(user: User, name: string): Promise<User> {
    return Promise.resolve({ ...user, name });
  }

  open(): Counter {
    return new Counter();
  }

  pair(): { readonly counter: Counter; readonly at: Date } {
    return { counter: new Counter(), at: new Date(0) };
  }

  itself(): DurableObjectStub<Users> {
    return this.env.USERS.getByName('main');
  }

  blob(): Blob {
    return new Blob([]);
  }

  perhaps(): User | undefined {
    return undefined;
  }

  perhapsCallback(): (() => number) | undefined {
    return undefined;
  }

  callback(): () => number {
    return () => 1;
  }

  forward(request: Request): Response {
    return new Response(request.url);
  }

  fails(): never {
    throw new Error('it fails');
  }

  nothing(): void {}

  list(): User[] {
    return [];
  }

  untyped(): Any {}

  named(): Map<string, User> {
    return new Map();
  }

  watch(counter: RpcStub<Counter>, every?: RpcStub<(count: number) => string>): void {
    void [counter, every];
  }

  watchAll(all: { readonly counters: readonly RpcStub<Counter>[] }): void {
    void all;
  }

  ask(stub: DurableObjectStub<Users>, service: Fetcher): void {
    void [stub, service];
  }
}

class Loose extends LumenizeBase<Env> {
  readonly anything: Any;
}

class Calc extends LumenizeBase<Env> {
  add(a: number, b: number): number {
    return a + b;
  }
}

class Orders extends LumenizeWorker<Env> {
  total(count: number): string {
    return String(count);
  }
}

class Plain extends DurableObject {
  hello(): string {
    return 'hello';
  }
}

interface Env {
  readonly USERS: DurableObjectNamespace<Users>;
  readonly CALC: DurableObjectNamespace<Calc>;
  readonly LOOSE: DurableObjectNamespace<Loose>;
  readonly OPTIONAL?: DurableObjectNamespace<Users>;
  // biome-ignore lint/suspicious/noExplicitAny: as people write it
  readonly ANY_OPTIONAL?: DurableObjectNamespace<any>;
  // biome-ignore lint/suspicious/noExplicitAny: as people write it
  readonly ANY: DurableObjectNamespace<any>;
  readonly UNTYPED: DurableObjectNamespace;
  readonly ORDERS: Service<typeof Orders>;
  readonly FETCHER: Fetcher<Orders>;
  readonly SERVICE: Fetcher;
  readonly PLAIN: DurableObjectNamespace<Plain>;
  readonly NAME: string;
}

export class Cart extends LumenizeBase<Env> {
  onUser(user: User | Error, id?: string): [User | Error, string | undefined] {
    return [user, id];
  }

  currentUser(): User {
    return { id: 'u1', name: 'Ada' };
  }

  onLater(id: string, user?: User, latest?: User | Error): void {
    void [id, user, latest];
  }

  onUserOnly(user: User): User {
    return user;
  }

  onNumber(count: number | Error): number | Error {
    return count;
  }

  async awaits(): Promise<void> {
    const users = this.ctn('USERS', 'main');
    const calc = this.ctn('CALC', 'main');
    expectTypeOf(await users.getUser('u1')).toEqualTypeOf<User & Disposable>();
    expectTypeOf(await users.getUser('u1').name).toEqualTypeOf<string>();
    expectTypeOf(await users.rename(users.getUser('u1'), 'Bob')).toEqualTypeOf<User & Disposable>();
    expectTypeOf(await calc.add(calc.add(1, 10), calc.add(100, 1000))).toEqualTypeOf<number>();
    // good: TS2345 Argument of type 'BoundSteps<User | undefined, Users>' is not assignable to ….
    // @ts-expect-error: what may be undefined is no user
    await users.rename(users.perhaps(), 'Bob');
    expectTypeOf(await users.nothing()).toEqualTypeOf<void>();
    expectTypeOf(await users.forward(new Request('https://a.b'))).toEqualTypeOf<
      Response & Disposable
    >();
    expectTypeOf(await users.maybe(4)).toEqualTypeOf<number>();
    expectTypeOf(await users.settings.theme).toEqualTypeOf<string | undefined>();
    expectTypeOf(await users.perhapsCallback()()).toEqualTypeOf<number>();
    const { anything } = this.ctn('LOOSE', 'main');
    expectTypeOf(await anything).toBeAny();
    expectTypeOf(await anything(1)).toBeAny();
    expectTypeOf(await users.getUser('u1').then((user) => user.id)).toEqualTypeOf<string>();
  }

  /** What yields something that is passed by reference has the type of what arrives. */
  async arrives(): Promise<void> {
    const users = this.ctn('USERS', 'main');
    const counter = await users.open();
    expectTypeOf(await counter.increment()).toEqualTypeOf<number>();
    // good: TS2322 Type 'Promise<number>' is not assignable to type 'number'.
    // @ts-expect-error: a method of a stub yields a promise
    const count: number = counter.increment();
    expectTypeOf(await users.open().increment()).toEqualTypeOf<number>();
    using pair = await users.pair();
    expectTypeOf(pair.at).toEqualTypeOf<Date>();
    expectTypeOf(await pair.counter.increment()).toEqualTypeOf(count);
    const callback = await users.callback();
    expectTypeOf(await callback()).toEqualTypeOf<number>();
    const same: DurableObjectStub<Users> = await users.itself();
    expectTypeOf(await this.ctn(same).getUser('a')).toEqualTypeOf<User & Disposable>();
    expectTypeOf(await users.blob()).toEqualTypeOf<Blob & Disposable>();
    const raw = await this.svc.callRaw(users.open(), { timeout: 500 });
    expectTypeOf(await raw.increment()).toEqualTypeOf<number>();
  }

  /** An object that has arrived by RPC has a disposer, as by Workers RPC, and is what it was otherwise. */
  async disposes(): Promise<void> {
    const users = this.ctn('USERS', 'main');
    using user = await users.getUser('u1');
    using list = await users.list();
    using raw = await this.svc.callRaw(users.getUser('u1'));
    using unbound = await this.svc.callRaw('USERS', 'main', this.ctn<Users>().getUser('u1'));
    expectTypeOf(list).toEqualTypeOf<User[] & Disposable>();
    const plain: User[] = [user, raw, unbound, ...list];
    await users.rename(user, 'Bob');
    this.onUser(user);
    expectTypeOf(await users.perhaps()).toEqualTypeOf<(User & Disposable) | undefined>();
    let renamed = await users.getUser('u1');
    renamed = { ...renamed, name: 'Bob' };
    void [plain, renamed];
    // A handler owns nothing: what it received is released when it has ended.
    this.svc.call(users.getUser('u1'), (outcome) => {
      expectTypeOf(outcome).toEqualTypeOf<User | Error>();
    });
  }

  /** What is passed by reference may be given where the method takes a stub of it. */
  async passes(
    counter: Counter,
    stub: RpcStub<Counter>,
    users: DurableObjectStub<Users>,
  ): Promise<void> {
    const bound = this.ctn('USERS', 'main');
    await bound.watch(counter);
    await bound.watch(stub, (count) => String(count));
    await bound.watchAll({ counters: [counter, stub] });
    const unbound = this.ctn<Users>();
    await this.svc.callRaw('USERS', 'main', unbound.watch(counter));
    await this.svc.callRaw(
      'USERS',
      'main',
      unbound.watch(counter, (count) => String(count)),
    );
    await bound.ask(users, users);
    // good: TS2345 Argument of type 'Marker' is not assignable to parameter of type 'Argument<RpcStub<Counter>, ….
    // @ts-expect-error: what is passed by reference is of another class
    await bound.watch(new Marker());
    // good: TS2345 Argument of type 'Counter' is not assignable to parameter of type 'Argument<DurableObject….
    // @ts-expect-error: a stub of a Durable Object is not made of anything
    await bound.ask(counter, users);
  }

  /** Only calls and properties are sent. */
  async sends(): Promise<void> {
    const users = this.ctn('USERS', 'main');
    await users.settings;
    // good: TS1320 Type of 'await' operand must either be a valid promise or must not contain a callable 'then'
    // member; and below it, why.
    // @ts-expect-error: a target
    await users;
    // good: the same.
    // @ts-expect-error: a method
    await users.getUser;
    // good: the same.
    // @ts-expect-error: a method that may be missing
    await users.maybe;
    // good: the same.
    // @ts-expect-error: a handler that has its outcome to come
    await this.ctn().onNumber();
    // good: the same.
    // @ts-expect-error: a handler that is not called
    await this.ctn().onNumber;
    // good: TS2345, and below it "only calls and properties are sent: call a method, …".
    // @ts-expect-error: a method is no call
    this.svc.call(users.getUser);
  }

  /** Of built-in values, what the receiver opens. */
  async reaches(): Promise<void> {
    const users = this.ctn('USERS', 'main');
    expectTypeOf(await users.getUser('u1').name.slice(1).length).toEqualTypeOf<number>();
    expectTypeOf(await users.list().at(0)).toEqualTypeOf<(User & Disposable) | undefined>();
    expectTypeOf(await users.named().get('a')).toEqualTypeOf<(User & Disposable) | undefined>();
    expectTypeOf(await users.pair().at.getTime()).toEqualTypeOf<number>();
    const forwarded = users.forward(new Request('https://a.b'));
    expectTypeOf(await forwarded.status).toEqualTypeOf<number>();
    expectTypeOf(await forwarded.headers.get('a')).toEqualTypeOf<string | null>();
    // good: TS2339 Property 'split' does not exist on type 'BoundSteps<string, Users>'.
    // @ts-expect-error: makes much of little
    await users.getUser('u1').name.split('');
    // good: TS2339 Property 'join' does not exist on type 'BoundSteps<User[], Users>'.
    // @ts-expect-error: the same
    await users.list().join(',');
    // good: TS2339 Property 'forEach' does not exist on type ….
    // @ts-expect-error: goes through all of it
    await users.named().forEach(() => {});
    // good: TS2339 Property 'toFixed' does not exist on type 'BoundSteps<number, Calc>'.
    // @ts-expect-error: a number has no open members
    await this.ctn('CALC', 'main').add(1, 2).toFixed(2);
    // good: TS2339 Property 'json' does not exist on type 'BoundSteps<Response, Users>'.
    // @ts-expect-error: a body may be endless
    await forwarded.json();
    // good: TS2339 Property 'split' does not exist on type 'Continuation<string, Users>'.
    // @ts-expect-error: where the target is named later, too
    this.ctn<Users>().getUser('u1').name.split('');
  }

  /** Where nothing is known of a value, any handler may be right. */
  untypedResults(): void {
    const any = this.ctn('ANY_OPTIONAL', 'main');
    const untyped = this.ctn('USERS', 'main').untyped();
    const unbound = this.ctn<Users>().untyped();
    const onUser = (user: User | Error): void => void this.onUser(user);
    this.svc.call(any.get(), onUser);
    this.svc.call(any.get(), onUser, { timeout: 5 });
    this.svc.call(any.get(), undefined, { timeout: 5 });
    this.svc.call(any.get(), (user) => expectTypeOf(user).toBeAny());
    this.svc.call(any.get(), this.ctn().onUser());
    this.svc.call(any.get(), this.ctn().onNumber(), { timeout: 5 });
    this.svc.call(untyped, onUser);
    this.svc.call(untyped, (user) => expectTypeOf(user).toBeAny());
    this.svc.call(untyped, this.ctn().onUser());
    this.svc.call('USERS', 'main', unbound, onUser);
    this.svc.call('USERS', 'main', unbound, (user) => expectTypeOf(user).toBeAny());
    this.svc.call('USERS', 'main', unbound, this.ctn().onUser());
    this.svc.call('ANY_OPTIONAL', 'main', this.ctn<Any>().get(), this.ctn().onUser());
    expectTypeOf(this.svc.callRaw(any.get())).toEqualTypeOf<Promise<Any>>();
  }

  handles(): void {
    const user = this.ctn('USERS', 'main').getUser('u1');
    this.svc.call(user);
    this.svc.call(user, undefined, { timeout: 5 });
    this.svc.call(user, (outcome) => expectTypeOf(outcome).toEqualTypeOf<User | Error>());
    this.svc.call(user, (outcome) => this.onUser(outcome, 'u1'), { timeout: 5 });
    this.svc.call(user, this.ctn().onUser());
    this.svc.call(user, this.ctn().onUser(user, 'u1'), { locationHint: 'weur' });
    this.svc.call('USERS', 'main', this.ctn<Users>().getUser('u1'), (outcome) =>
      expectTypeOf(outcome).toEqualTypeOf<User | Error>(),
    );
    // good: … '"a handler is called with the outcome and nothing else"'.
    // @ts-expect-error: a handler has one parameter
    this.svc.call(user, (outcome: User | Error, more: string) => [outcome, more]);
    // good: … '"this handler does not accept an Error, which may arrive too"'.
    // @ts-expect-error: onUserOnly does not accept an Error where the outcome is passed either
    this.svc.call(user, this.ctn().onUserOnly(user));
    // good: the same.
    // @ts-expect-error: nor where a parameter is optional
    this.svc.call(user, this.ctn().onLater('u1', user));
    this.svc.call(user, this.ctn().onLater('u1', this.ctn().currentUser(), user));
    const anything = this.ctn('ANY_OPTIONAL', 'main').get();
    this.svc.call(anything, this.ctn().onUserOnly(anything));
    this.svc.call(anything, this.ctn().onUserOnly(anything as Any));
    this.svc.call(anything, this.ctn().onLater('u1' as Any, anything, user));
    const { fails, nothing } = this.ctn('USERS', 'main');
    this.svc.call(fails(), (outcome) => expectTypeOf(outcome).toEqualTypeOf<Error>());
    this.svc.call(nothing(), (outcome) => expectTypeOf(outcome).toEqualTypeOf<Error | undefined>());
    // good: TS2345 … is not assignable to parameter of type '"this handler does not accept an Error, which may
    // arrive too"'.
    // @ts-expect-error: the function does not accept an Error
    this.svc.call(user, (outcome: User) => outcome.id);
    // good: the same.
    // @ts-expect-error: the recorded handler does not accept an Error
    this.svc.call(user, this.ctn().onUserOnly());
    // good: … '"this handler does not accept what the call yields"'.
    // @ts-expect-error: the handler is of another type
    this.svc.call(user, this.ctn().onNumber());
    // good: … '"this handler is not called: write this.ctn().onUser()"'.
    // @ts-expect-error: a handler is a call
    this.svc.call(user, this.ctn().onUser);
    // good: … 'Mistake<"this handler is recorded for another class: begin it with this.ctn()"> | Handler<…> | …'.
    // @ts-expect-error: a handler runs on this object
    this.svc.call(user, this.ctn<Users>().getUser(''));
    // good: … '"options come after the handler: call(remote, undefined, options)"'.
    // @ts-expect-error: options in place of a handler
    this.svc.call(user, { timeout: 500 });
    // good: … '"a handler is a function, or a call recorded by this.ctn()"'.
    // @ts-expect-error: a name is no handler
    this.svc.call(user, 'onUser');
  }

  /** A handler may be recorded or a function, as may be decided when the program runs, or be missing. */
  handlesEither(isRecorded: boolean, handler?: Handler<User, this> | FunctionHandler<User>): void {
    const user = this.ctn('USERS', 'main').getUser('u1');
    const unbound = this.ctn<Users>().getUser('u1');
    const either = isRecorded
      ? this.ctn().onUser(user, 'u1')
      : (outcome: User | Error): unknown => this.onUser(outcome);
    this.svc.call(user, either);
    this.svc.call(user, either, { timeout: 5 });
    this.svc.call('USERS', 'main', unbound, either);
    this.svc.call(user, isRecorded ? either : undefined);
    this.svc.call(user, handler);
    this.svc.call(user, handler, { timeout: 5 });
    this.svc.call('USERS', 'main', unbound, handler, { timeout: 5 });
    const lacksError = isRecorded ? this.ctn().onUser() : (outcome: User): string => outcome.id;
    // good: … '… | "this handler does not accept an Error, which may arrive too"'.
    // @ts-expect-error: one of them does not accept an Error
    this.svc.call(user, lacksError);
    // @ts-expect-error: with options, too
    this.svc.call(user, lacksError, { timeout: 5 });
    // @ts-expect-error: and with a binding
    this.svc.call('USERS', 'main', unbound, lacksError);
  }

  /** The same beside a binding and an instance. */
  handlesByName(): void {
    const user = this.ctn<Users>().getUser('u1');
    this.svc.call('USERS', 'main', user, undefined, { timeout: 5 });
    this.svc.call('ORDERS', undefined, this.ctn<Orders>().total(1), undefined, { timeout: 5 });
    // good: … '"this handler does not accept what the call yields"'.
    // @ts-expect-error: the handler is of another type
    this.svc.call('USERS', 'main', user, this.ctn().onNumber());
    // good: … '"this handler does not accept an Error, which may arrive too"'.
    // @ts-expect-error: the function does not accept an Error
    this.svc.call('USERS', 'main', user, (outcome: User) => outcome.id);
    // good: … '"options come after the handler: call(remote, undefined, options)"'.
    // @ts-expect-error: options in place of a handler
    this.svc.call('USERS', 'main', user, { timeout: 500 });
    // good: … '"this continuation knows its target: pass it without binding and instance"'.
    // @ts-expect-error: it knows its target
    this.svc.call('USERS', 'main', this.ctn('USERS', 'main').getUser('u1'));
    // good: the same.
    // @ts-expect-error: with a handler, too
    this.svc.call('USERS', 'main', this.ctn('USERS', 'main').getUser('u1'), this.ctn().onUser());
    // good: the same.
    // @ts-expect-error: and where it is awaited
    void this.svc.callRaw('USERS', 'main', this.ctn('USERS', 'main').getUser('u1'));
    // good: … 'Mistake<"this is recorded for another class than the target has"> | Recorded<unknown, Calc>'.
    // @ts-expect-error: CALC holds a Calc
    this.svc.call('CALC', 'main', user, this.ctn().onUser());
    // good: … '"the last argument is missing, which only a handler leaves out"'.
    // @ts-expect-error: an argument is missing
    this.svc.call('USERS', 'main', this.ctn<Users>().getUser(), this.ctn().onUser());
    // good: … '"this method is not called: write this.ctn<Users>().getUser(id)"'.
    // @ts-expect-error: a method is no call
    this.svc.call('USERS', 'main', this.ctn<Users>().getUser, this.ctn().onUser());
    // good: TS2345, and below it "this continuation knows no target: begin it with this.ctn(binding, …".
    // @ts-expect-error: it knows no target
    this.svc.call(user, this.ctn().onUser());
    // good: … '"this continuation knows no target: begin it with this.ctn(binding, instance), or …"'.
    // @ts-expect-error: with options, too
    this.svc.call(user, this.ctn().onUser(), { timeout: 5 });
  }

  /** What is recorded for this object runs on others of its class. */
  another(others: DurableObjectNamespace<Cart>): void {
    this.svc.call(others, 'main', this.ctn().onUserOnly({ id: 'u1', name: 'Ada' }));
    void this.svc.callRaw(others, 'main', this.ctn<this>().onNumber(1));
  }

  async targets(): Promise<void> {
    expectTypeOf(await this.ctn('OPTIONAL', 'main').getUser('a')).toEqualTypeOf<
      User & Disposable
    >();
    expectTypeOf(await this.ctn('ORDERS').total(1)).toEqualTypeOf<string>();
    expectTypeOf(await this.ctn('FETCHER').total(1)).toEqualTypeOf<string>();
    expectTypeOf(await this.ctn(this.env.USERS, 'main').getUser('a')).toEqualTypeOf<
      User & Disposable
    >();
    const stub = this.env.USERS.getByName('main');
    expectTypeOf(await this.ctn(stub).getUser('a')).toEqualTypeOf<User & Disposable>();
    expectTypeOf(await this.ctn(this.env.ORDERS).total(1)).toEqualTypeOf<string>();
    await this.ctn('UNTYPED', 'main').anything(1).at.all;
    await this.ctn('ANY', 'main').anything(1).at.all;
    await this.ctn('SERVICE').anything(1).at.all;
    const user = this.ctn<Users>().getUser('a');
    expectTypeOf(await this.svc.callRaw('OPTIONAL', 'main', user)).toEqualTypeOf<
      User & Disposable
    >();
    expectTypeOf(await this.svc.callRaw(this.env.USERS, 'main', user)).toEqualTypeOf<
      User & Disposable
    >();
    expectTypeOf(await this.svc.callRaw(stub, undefined, user)).toEqualTypeOf<User & Disposable>();
    const total = this.ctn<Orders>().total(1);
    expectTypeOf(await this.svc.callRaw('ORDERS', undefined, total)).toEqualTypeOf<string>();
    expectTypeOf(await this.svc.callRaw('FETCHER', undefined, total)).toEqualTypeOf<string>();
    const request = this.ctn<Users>().forward(new Request('https://a.b'));
    expectTypeOf(await this.svc.callRaw('USERS', 'main', request)).toEqualTypeOf<
      Response & Disposable
    >();
    // good: TS2345 … 'Mistake<"this is recorded for another class than the target has"> | Recorded<unknown, Orders>'.
    // @ts-expect-error: a continuation for another class than the service has
    await this.svc.callRaw('ORDERS', undefined, user);
    // good: TS2345 … 'Mistake<"Env has no Durable Object namespace or service 'USRES'">'.
    // @ts-expect-error: there is no such binding
    this.ctn('USRES', 'main');
    // good: TS2345 … 'Mistake<"USERS is a Durable Object namespace: name an instance too, as in …">'.
    // @ts-expect-error: a namespace takes an instance
    this.ctn('USERS');
    // good: TS2345 … 'Mistake<"ORDERS is a service, which has no instance: leave it out">'.
    // @ts-expect-error: a service takes none
    this.ctn('ORDERS', 'main');
    // good: TS2345 … 'Mistake<"this class takes no calls: let it extend LumenizeBase, …">'.
    // @ts-expect-error: a plain Durable Object takes no calls
    this.ctn('PLAIN', 'main');
    // good: the same.
    // @ts-expect-error: nor where the continuation was recorded before
    await this.svc.callRaw('PLAIN', 'main', newContinuation<Plain>().hello());
    // good: TS2554 Expected 2 arguments, but got 1.
    // @ts-expect-error: an argument is missing
    this.ctn('CALC', 'main').add(1);
    // good: TS2551 Property 'getUsr' does not exist on type …. Did you mean 'getUser'?
    // @ts-expect-error: there is no such method
    this.ctn('USERS', 'main').getUsr('u1');
  }

  // good: TS1058 The return type of an async function must either be a valid promise or must not contain a
  // callable 'then' member.
  // @ts-expect-error: what knows no target cannot be sent
  async unbound() {
    return this.ctn<Users>().getUser('a');
  }

  async awaitsUnbound(): Promise<void> {
    // good: TS1320 Type of 'await' operand must either be a valid promise or must not contain a callable 'then'.
    // @ts-expect-error: what knows no target cannot be sent
    await this.ctn<Users>().getUser('a');
    // good: TS2345 … "this continuation knows no target: begin it with this.ctn(binding, instance), or …".
    // @ts-expect-error: nor with a handler
    this.svc.call(this.ctn<Users>().getUser('a'));
  }
}

// biome-ignore lint/suspicious/noExplicitAny: as people write it
export class Untyped extends LumenizeBase<any> {
  async calls(): Promise<void> {
    await this.ctn('ANYTHING', 'main').at.all();
    const user = this.ctn<Users>().getUser('a');
    expectTypeOf(await this.svc.callRaw('ANYTHING', 'main', user)).toEqualTypeOf<
      User & Disposable
    >();
    this.svc.call('ANYTHING', undefined, user, (outcome) => outcome);
    const onUser = (outcome: User | Error): void => void outcome;
    this.svc.call(this.ctn('ANYTHING', 'main').all(), onUser);
    this.svc.call(this.ctn('ANYTHING', 'main').all(), this.ctn().onUser());
    this.svc.call('ANYTHING', 'main', this.ctn<Any>().all(), this.ctn().onUser());
  }

  onUser(_user: User | Error): void {}
}

// biome-ignore lint/suspicious/noExplicitAny: as people write it
export class UntypedMixin extends withCall(DurableObject<any>) {
  async calls(): Promise<void> {
    await this.ctn('ANYTHING', 'main').at.all();
    const user = this.ctn<Users>().getUser('a');
    this.svc.call('ANYTHING', 'main', user, this.ctn().onUser());
    this.svc.call(this.ctn('ANYTHING', 'main').all(), this.ctn().onUser());
  }

  onUser(_user: User | Error): void {}
}

/** A handler of a type parameter, in a base for several classes. */
export class Generic<T extends object> extends LumenizeBase<Env> {
  onValue(value: T | Error): T | Error {
    return value;
  }

  handle(remote: Sendable<T>): void {
    this.svc.call(remote, this.ctn().onValue());
    this.svc.call(remote, (value: T | Error) => this.onValue(value));
    this.svc.call(remote, (value) => this.onValue(value), { timeout: 5 });
  }

  handleBy(remote: Sendable<T>, handler: (value: T | Error) => void): void {
    this.svc.call(remote, handler);
  }

  handleByRecorded(remote: Recorded<T, Users>, handler: Handler<T, this>): void {
    this.svc.call('USERS', 'main', remote, handler);
  }

  ask(remote: Recorded<T, Users>): Promise<T> {
    this.svc.call('USERS', 'main', remote, this.ctn().onValue());
    this.svc.call('USERS', 'main', remote, (value: T | Error) => this.onValue(value));
    return this.svc.callRaw('USERS', 'main', remote);
  }
}

/** A base for several classes, each with its own Env, calls what it is given. */
export class Base<E> extends LumenizeBase<E> {
  async calls(
    users: DurableObjectNamespace<Users>,
    stub: DurableObjectStub<Users>,
    orders: Service<typeof Orders>,
  ): Promise<void> {
    expectTypeOf(await this.ctn(users, 'main').getUser('a')).toEqualTypeOf<User & Disposable>();
    expectTypeOf(await this.ctn(stub).getUser('a')).toEqualTypeOf<User & Disposable>();
    expectTypeOf(await this.ctn(orders).total(1)).toEqualTypeOf<string>();
    const user = this.ctn<Users>().getUser('a');
    await this.svc.callRaw(users, 'main', user);
    this.svc.call(users, 'main', user, this.ctn().onUser());
    this.svc.call(stub, undefined, user, (outcome) => this.onUser(outcome));
    this.svc.call(this.ctn(users, 'main').getUser('a'), this.ctn().onUser());
  }

  onUser(_user: User | Error): void {}
}

export async function inWorker(env: Env, ctx: ExecutionContext): Promise<void> {
  const caller = createCaller(env, ctx);
  expectTypeOf(await caller.ctn('USERS', 'main').getUser('a')).toEqualTypeOf<User & Disposable>();
}

type Token = string & { readonly brand: 'token' };
interface Board {
  readonly title: string;
  readonly counter?: Counter;
  readonly parts: readonly Board[];
  onChange(title: string): number;
}
class Marker extends RpcTarget {}
type Data =
  | string
  | Token
  | null
  | User
  | readonly User[]
  | [User, number?]
  | Map<string, User>
  | ReadonlyMap<string, readonly User[]>
  | ReadonlySet<User>
  | { readonly at: Date; readonly anything: Any; readonly unknown: unknown; readonly none: never }
  | Error
  | Request
  | Response
  | Headers
  | Blob
  | ReadableStream
  | WritableStream
  | Uint8Array
  | ArrayBuffer
  | DurableObjectId
  | DurableObjectStub<Users>
  | Fetcher<Orders>
  | Rpc.Stub<Counter>
  | { readonly loading: Promise<Counter> };

type IsSame<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** What is passed by reference arrives as a stub, wherever it stands; all else as it is. */
export function received(): void {
  type CounterStub = Rpc.Stub<Counter>;
  expectTypeOf<IsSame<Received<Data>, Data>>().toEqualTypeOf<true>();
  expectTypeOf<Received<Any>>().toBeAny();
  expectTypeOf<Received<unknown>>().toBeUnknown();
  expectTypeOf<Received<never>>().toBeNever();
  expectTypeOf<Received<void>>().toEqualTypeOf<void>();
  expectTypeOf<Received<Counter>>().toEqualTypeOf<CounterStub>();
  expectTypeOf<Received<Marker>>().toEqualTypeOf<Rpc.Stub<Marker>>();
  expectTypeOf<Received<(count: number) => string>>().toEqualTypeOf<
    Rpc.Stub<(count: number) => string>
  >();
  expectTypeOf<Received<Counter | undefined | User>>().toEqualTypeOf<
    CounterStub | undefined | User
  >();
  expectTypeOf<Received<Map<string, Counter>>>().toEqualTypeOf<
    Map<string, CounterStub> & Disposable
  >();
  expectTypeOf<Received<ReadonlyMap<string, Counter>>>().toEqualTypeOf<
    ReadonlyMap<string, CounterStub> & Disposable
  >();
  expectTypeOf<Received<Set<Counter>>>().toEqualTypeOf<Set<CounterStub> & Disposable>();
  expectTypeOf<Received<ReadonlySet<Counter>>>().toEqualTypeOf<
    ReadonlySet<CounterStub> & Disposable
  >();
  expectTypeOf<Received<Counter[]>>().toEqualTypeOf<CounterStub[] & Disposable>();
  expectTypeOf<Received<readonly Counter[]>>().toEqualTypeOf<readonly CounterStub[] & Disposable>();
  expectTypeOf<Received<readonly [first: Counter, more?: User]>>().toEqualTypeOf<
    readonly [first: CounterStub, more?: User] & Disposable
  >();
  expectTypeOf<Received<Record<string, Counter>>>().toEqualTypeOf<
    Record<string, CounterStub> & Disposable
  >();
  expectTypeOf<
    Received<{ readonly counter?: Counter | null; at: Date; any: Any; unknown: unknown }>
  >().toEqualTypeOf<
    { readonly counter?: CounterStub | null; at: Date; any: Any; unknown: unknown } & Disposable
  >();
  expectTypeOf<
    Received<{ readonly byName: ReadonlyMap<string, readonly [Counter, User]> }>
  >().toEqualTypeOf<
    { readonly byName: ReadonlyMap<string, readonly [CounterStub, User]> } & Disposable
  >();
  expectTypeOf<
    Received<{ readonly loading: Promise<Counter>; readonly counter: Counter }>
  >().toEqualTypeOf<
    { readonly loading: Promise<Counter>; readonly counter: CounterStub } & Disposable
  >();
  expectTypeOf<Received<{ readonly passedOn: CounterStub }>>().toEqualTypeOf<
    { readonly passedOn: CounterStub } & Disposable
  >();
  type Arrived = Received<Board>;
  expectTypeOf<Arrived['title']>().toEqualTypeOf<string>();
  expectTypeOf<Arrived['parts'][number]['counter']>().toEqualTypeOf<CounterStub | undefined>();
  expectTypeOf<Awaited<ReturnType<Arrived['onChange']>>>().toEqualTypeOf<number>();
}

type NoTypes = object;

/** An `Env` of which nothing is known: any name is a binding, of any class. */
export class WithoutTypes extends LumenizeBase<NoTypes> {
  async calls(): Promise<void> {
    expectTypeOf(await this.ctn('USERS', 'main').getUser('u1')).toBeAny();
    expectTypeOf(await this.ctn('ORDERS').place()).toBeAny();
    this.svc.call(this.ctn('USERS', 'main').getUser('u1'), (user: User | Error) => void user);
    await this.svc.callRaw('USERS', 'main', newContinuation<Users>().getUser('u1'));
  }
}

export async function fetchWith(env: unknown, ctx: ExecutionContext): Promise<void> {
  expectTypeOf(await createCaller(env, ctx).ctn('USERS', 'main').getUser('u1')).toBeAny();
}

class Feed extends LumenizeBase<NoTypes> {
  rows(): AsyncIterable<number> {
    throw new Error('Workers RPC cannot send it');
  }
}

export class Reader extends LumenizeBase<{ readonly FEED: DurableObjectNamespace<Feed> }> {
  async read(): Promise<void> {
    for await (const row of await this.ctn('FEED', 'main').rows()) {
      expectTypeOf(row).toEqualTypeOf<number>();
    }
  }
}
