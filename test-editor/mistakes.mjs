// The likeliest mistakes, each beside the same one with a plain stub, where there is one.

export const MISTAKES = [
  {
    name: 'A wrong binding',
    ours: "this.ctn('USRES', 'main');",
    stubs: "this.env.USRES.getByName('main');",
  },
  { name: 'A wrong class', ours: "calc.add(1, users.getUser('u1'));" },
  {
    name: 'A continuation for another class than the binding has',
    ours: "await this.svc.callRaw('CALC', 'main', this.ctn<Users>().getUser('u1'));",
    stubs: "await this.env.CALC.getByName('main').getUser('u1');",
  },
  {
    name: 'A missing instance',
    ours: "this.ctn('USERS');",
    stubs: "this.env.USERS.getUser('u1');",
  },
  {
    name: 'An instance too many',
    ours: "this.ctn('ORDERS', 'main');",
    stubs: "this.env.ORDERS.getByName('main').total(1);",
  },
  {
    name: 'More than a binding and an instance',
    ours: "this.ctn('USERS', 'main', { timeout: 500 });",
  },
  {
    name: 'A missing argument',
    ours: 'await calc.add(1);',
    stubs: "await this.env.CALC.getByName('main').add(1);",
  },
  {
    name: 'An argument too many',
    ours: 'await calc.add(1, 2, 3);',
    stubs: "await this.env.CALC.getByName('main').add(1, 2, 3);",
  },
  {
    name: 'An unknown method',
    ours: "await users.getUsr('u1');",
    stubs: "await this.env.USERS.getByName('main').getUsr('u1');",
  },
  {
    name: 'A function that does not accept an Error',
    ours: "this.svc.call(users.getUser('u1'), (user: User) => user.id);",
  },
  {
    name: 'A recorded handler that does not accept an Error',
    ours: "this.svc.call(users.getUser('u1'), this.ctn().onUserOnly());",
  },
  {
    name: 'A recorded handler that does not accept an Error, at the place of the outcome',
    ours: "const user = users.getUser('u1'); this.svc.call(user, this.ctn().onUserOnly(user));",
  },
  {
    name: 'A handler whose argument is of another type',
    ours: "this.svc.call(users.getUser('u1'), this.ctn().onUserOnly(5));",
  },
  {
    name: 'A handler of another type',
    ours: "this.svc.call(users.getUser('u1'), this.ctn().onNumber());",
  },
  {
    name: 'A handler that is not called',
    ours: "this.svc.call(users.getUser('u1'), this.ctn().onUser);",
  },
  {
    name: 'Options in place of a handler',
    ours: "this.svc.call(users.getUser('u1'), { timeout: 500 });",
  },
  {
    name: 'Awaiting what knows no target',
    ours: "await this.ctn<Users>().getUser('u1');",
  },
  {
    name: 'Awaiting a handler',
    ours: 'await this.ctn().onNumber();',
  },
  {
    name: 'Awaiting a target',
    ours: 'await users;',
  },
  {
    name: 'Awaiting a method that is not called',
    ours: 'await users.getUser;',
  },
  {
    name: 'Calling a method that is not called',
    ours: 'this.svc.call(users.getUser, this.ctn().onUser());',
  },
  {
    name: 'A name for what knows its target',
    ours: "this.svc.call('USERS', 'main', users.getUser('u1'), this.ctn().onUser());",
  },
  {
    name: 'A name for what knows its target, without a handler',
    ours: "this.svc.call('USERS', 'main', users.getUser('u1'));",
  },
  {
    name: 'No name for what knows no target',
    ours: "this.svc.call(this.ctn<Users>().getUser('u1'), this.ctn().onUser());",
  },
  {
    name: 'No name for what knows no target, with options',
    ours: "this.svc.call(this.ctn<Users>().getUser('u1'), this.ctn().onUser(), { timeout: 500 });",
  },
  {
    name: 'A wrong binding beside a continuation that knows no target',
    ours: "await this.svc.callRaw('USRES', 'main', this.ctn<Users>().getUser('u1'));",
  },
  {
    name: 'A wrong binding, without a handler',
    ours: "this.svc.call('USRES', 'main', this.ctn<Users>().getUser('u1'));",
  },
  {
    name: 'A wrong binding, with a handler',
    ours: "this.svc.call('USRES', 'main', this.ctn<Users>().getUser('u1'), this.ctn().onUser());",
  },
  {
    name: 'No instance beside a continuation that knows no target',
    ours: "await this.svc.callRaw('USERS', undefined, this.ctn<Users>().getUser('u1'));",
  },
  {
    name: 'No instance, without a handler',
    ours: "this.svc.call('USERS', undefined, this.ctn<Users>().getUser('u1'));",
  },
  {
    name: 'No instance, with a handler',
    ours: "this.svc.call('USERS', undefined, this.ctn<Users>().getUser('u1'), this.ctn().onUser());",
  },
  {
    name: 'An instance of a service beside a continuation that knows no target',
    ours: "await this.svc.callRaw('ORDERS', 'main', this.ctn<Orders>().total(1));",
  },
  {
    name: 'More than options',
    ours: "this.svc.call('USERS', 'main', this.ctn<Users>().getUser('u1'), undefined, {}, {});",
  },
  {
    name: 'A continuation for another class, with a handler',
    ours: "this.svc.call('CALC', 'main', this.ctn<Users>().getUser('u1'), this.ctn().onUser());",
  },
  {
    name: 'A missing last argument of what knows no target',
    ours: "this.svc.call('USERS', 'main', this.ctn<Users>().getUser(), this.ctn().onUser());",
  },
  {
    name: 'A handler of another type, with binding and instance',
    ours: "this.svc.call('USERS', 'main', this.ctn<Users>().getUser('u1'), this.ctn().onNumber());",
  },
  {
    name: 'Options in place of a handler, with binding and instance',
    ours: "this.svc.call('USERS', 'main', this.ctn<Users>().getUser('u1'), { timeout: 500 });",
  },
  {
    name: 'A method of a string that the receiver does not open',
    ours: "await users.getUser('u1').name.split(' ');",
  },
  ...[
    {
      name: 'A wrong binding',
      ours: "this.svc.durable.call('STOKC', 'main', this.ctn<Stock>().take('s1'), this.ctn().onTaken());",
    },
    {
      name: 'A wrong binding, without a handler',
      ours: "this.svc.durable.call('STOKC', 'main', this.ctn<Stock>().take('s1'));",
    },
    {
      name: 'No instance',
      ours: "this.svc.durable.call('STOCK', undefined, this.ctn<Stock>().take('s1'));",
    },
    {
      name: 'A continuation for another class',
      ours: "this.svc.durable.call('STOCK', 'main', this.ctn<Bank>().charge(1));",
    },
    {
      name: 'A class that takes no durable calls',
      ours: "this.svc.durable.call('USERS', 'main', this.ctn<Users>().getUser('u1'));",
    },
    {
      name: 'A name for what knows its target',
      ours: "this.svc.durable.call('STOCK', 'main', stock.take('s1'));",
    },
    {
      name: 'No name for what knows no target',
      ours: "this.svc.durable.call(this.ctn<Stock>().take('s1'), this.ctn().onTaken());",
    },
    {
      name: 'A function in place of a recorded handler',
      ours: "this.svc.durable.call('STOCK', 'main', this.ctn<Stock>().take('s1'), () => {});",
    },
    {
      name: 'A handler of another type',
      ours: "this.svc.durable.call('STOCK', 'main', this.ctn<Stock>().take('s1'), this.ctn().onNumber());",
    },
    {
      name: 'Options in place of a handler',
      ours: "this.svc.durable.call('STOCK', 'main', this.ctn<Stock>().take('s1'), { key: 'k1' });",
    },
    {
      name: 'An option of ordinary calls',
      ours: "this.svc.durable.call('STOCK', 'main', this.ctn<Stock>().take('s1'), this.ctn().onTaken(), { batch: false });",
    },
    {
      name: 'A service, which stores nothing',
      ours: "this.svc.durable.call('ORDERS', undefined, this.ctn<Orders>().total(1));",
    },
  ].map(({ name, ours }) => ({ name: `Durable: ${name}`, ours, isDurable: true })),
];
