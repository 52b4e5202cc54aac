/** Accounts that transfer money to each other by durable calls, in all ways in which these are made. */
import { LumenizeBase } from '@lumenize/call';
import { withDurableCalls } from '@lumenize/call/durable';

interface Env {
  readonly ACCOUNT: DurableObjectNamespace<Account>;
  /** Set where nothing crashes any more. */
  readonly CALM?: string;
}

/** How a target takes money. */
const METHODS = ['take', 'takeLast', 'takeAfterOthers', 'refuse', 'takeAndCrash'] as const;
/** How a sender learns of it. */
const HANDLERS = ['onTaken', 'onTakenLast', 'onTakenCrash'] as const;
/** Where a transfer is made. */
const PLACES = [
  'turn',
  'transaction',
  'taken back',
  'taken back at once',
  'alarm',
  'alarm of a transaction',
] as const;

interface Transfer {
  readonly id: string;
  readonly to: string;
  readonly amount: number;
  readonly method: (typeof METHODS)[number];
  readonly handler: (typeof HANDLERS)[number];
  readonly place: (typeof PLACES)[number];
  readonly hasKey: boolean;
}

/** What an account has at first. */
const BALANCE = 1_000;

const realNow = Date.now;
/** How far the clock of this process is from the true time, in milliseconds. */
let offset = 0;
Date.now = () => realNow() + offset;

/** What has crashed once in this process. */
const crashed = new Set<string>();

class TakenBack extends Error {}

/** An object whose alarms come by the clock of this process. */
abstract class Clocked extends LumenizeBase<Env> {
  /** What fails on purpose is not logged. */
  override onReceiveError(): void {}

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { storage } = ctx;
    const setAlarm = storage.setAlarm.bind(storage);
    const getAlarm = storage.getAlarm.bind(storage);
    storage.setAlarm = (at) => setAlarm(Math.max(1, Number(at) - offset));
    storage.getAlarm = async () => {
      const at = await getAlarm();
      return at === null ? null : at + offset;
    };
  }
}

export class Account extends withDurableCalls(Clocked) {
  readonly #kv = this.ctx.storage.kv;

  transfer(transfer: Transfer): void | Promise<void> {
    const { storage } = this.ctx;
    switch (transfer.place) {
      case 'turn':
        return this.#send(transfer);
      case 'transaction':
        return storage.transaction(async () => {
          this.#send(transfer);
          await scheduler.wait(1);
        });
      case 'taken back':
        return storage
          .transaction(async () => {
            this.#send(transfer);
            await scheduler.wait(1);
            throw new TakenBack();
          })
          .catch(unlessTakenBack);
      case 'taken back at once':
        try {
          storage.transactionSync(() => {
            this.#send(transfer);
            throw new TakenBack();
          });
        } catch (error) {
          unlessTakenBack(error);
        }
        return undefined;
      case 'alarm of a transaction':
        return storage.transaction(() => this.#sendByAlarm(transfer));
      default:
        return this.#sendByAlarm(transfer);
    }
  }

  #sendByAlarm(transfer: Transfer): Promise<void> {
    this.#kv.put(`due:${transfer.id}`, transfer);
    return this.ctx.storage.setAlarm(Date.now() + 20);
  }

  /** What it finds when it begins; what comes meanwhile has an alarm of its own. */
  override async alarm(): Promise<void> {
    for (const [key, transfer] of [...this.#kv.list<Transfer>({ prefix: 'due:' })]) {
      this.#kv.delete(key);
      this.#send(transfer);
      await scheduler.wait(transfer.amount % 3);
      if (transfer.amount % 4 === 0) this.#crashOnce(`alarm ${transfer.id}`);
      if (transfer.amount % 4 === 1) this.#throwOnce(`alarm ${transfer.id}`);
    }
  }

  #send({ id, to, amount, method, handler, hasKey }: Transfer): void {
    this.#add('balance', -amount, BALANCE);
    this.#kv.put(`out:${id}`, { to, amount, method });
    const remote = this.ctn('ACCOUNT', to)[method](id, amount);
    const options = hasKey ? { key: id } : {};
    this.svc.durable.call(remote, this.ctn()[handler](remote, id, amount), options);
    if (hasKey) this.svc.durable.call(remote, this.ctn()[handler](remote, id, amount), options);
  }

  take(id: string, amount: number): string {
    this.#add('balance', amount, BALANCE);
    this.#add(`in:${id}`, 1);
    return id;
  }

  async takeLast(id: string, amount: number): Promise<string> {
    await scheduler.wait(amount % 4);
    return this.take(id, amount);
  }

  async takeAfterOthers(id: string, amount: number): Promise<string> {
    await this.ctx.storage.get('balance');
    await this.env.ACCOUNT.getByName('bystander').ping();
    return this.take(id, amount);
  }

  refuse(id: string, amount: number): never {
    throw new RangeError(`${id} of ${amount} is refused`);
  }

  async takeAndCrash(id: string, amount: number): Promise<string> {
    if (amount % 2) this.#crashOnce(id);
    await scheduler.wait(amount % 3);
    const taken = this.take(id, amount);
    this.#crashOnce(id);
    return taken;
  }

  ping(): void {}

  onTaken(outcome: string | Error, id: string, amount: number): void {
    this.#add(`done:${id}`, 1);
    if (outcome instanceof RangeError) this.#add('balance', amount, BALANCE);
    else if (outcome !== id) this.#kv.put(`wrong:${id}`, String(outcome));
  }

  async onTakenLast(outcome: string | Error, id: string, amount: number): Promise<void> {
    await scheduler.wait(amount % 4);
    this.onTaken(outcome, id, amount);
  }

  onTakenCrash(outcome: string | Error, id: string, amount: number): void {
    this.onTaken(outcome, id, amount);
    this.#crashOnce(`handler ${id}`);
  }

  #crashOnce(what: string): void {
    if (this.#isFirst(what)) this.ctx.abort('as the test asked');
  }

  #throwOnce(what: string): void {
    if (this.#isFirst(what)) throw new Error('as the test asked');
  }

  #isFirst(what: string): boolean {
    if (this.env.CALM || crashed.has(what)) return false;
    crashed.add(what);
    return true;
  }

  #add(key: string, amount: number, initial = 0): void {
    this.#kv.put(key, (this.#kv.get<number>(key) ?? initial) + amount);
  }

  /** Ends this object, by itself or by a section. */
  async reset(bySection: boolean): Promise<void> {
    if (!bySection) return this.ctx.abort('as the test asked');
    await this.ctx.blockConcurrencyWhile(() => Promise.reject(new Error('as the test asked')));
  }

  /** All that it has, by key; of durable calls only the keys. */
  state(): Record<string, unknown> {
    const rows = [...this.#kv.list()];
    return Object.fromEntries(
      rows.map(([key, value]) => [key, key.startsWith('__lmz:') ? null : value]),
    );
  }
}

function unlessTakenBack(error: unknown): void {
  if (!(error instanceof TakenBack)) throw error;
}

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const account = env.ACCOUNT.getByName(searchParams.get('name') ?? '');
    switch (pathname) {
      case '/transfers': {
        const plan = (await request.json()) as [from: string, transfer: Transfer][];
        // Each is an event of its own. Those of a process that ends have no answer.
        for (const [from, transfer] of plan) {
          void Promise.resolve(env.ACCOUNT.getByName(from).transfer(transfer)).catch(() => {});
          await scheduler.wait(transfer.amount % 3);
        }
        return Response.json('made');
      }
      case '/reset':
        await Promise.resolve(account.reset(searchParams.has('section'))).catch(() => {});
        return Response.json('reset');
      case '/clock':
        offset = Number(searchParams.get('offset'));
        return Response.json(offset);
      case '/state':
        return Response.json(await account.state());
      default:
        return new Response(`there is no ${pathname}`, { status: 404 });
    }
  },
} satisfies ExportedHandler<Env>;
