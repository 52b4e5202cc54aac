import { DurableObject } from 'cloudflare:workers';
import { withCall } from '@lumenize/call';
import { withDurableCalls } from '@lumenize/call/durable';
import { Agent } from 'agents';

type Env = Cloudflare.Env;

/** What a handler was given, and how often its agent had started by then. */
interface Handled {
  outcome: string;
  started: number;
}

interface State {
  handled: Handled[];
  /** What its schedules were given. */
  ticks: string[];
}

/** A Durable Object of nobody's framework. */
export class Bank extends withDurableCalls(withCall(DurableObject<Env>)) {
  begun = 0;
  #release = () => {};

  get paid(): number {
    return this.ctx.storage.kv.get<number>('paid') ?? 0;
  }

  pay(amount: number): number {
    this.ctx.storage.kv.put('paid', this.paid + amount);
    return this.paid;
  }

  async payWhenReleased(amount: number): Promise<number> {
    this.begun += 1;
    await new Promise<void>((resolve) => {
      this.#release = resolve;
    });
    return this.pay(amount);
  }

  release(): void {
    this.#release();
  }
}

/** An Agent whose schedules use its alarm, which is shared. */
export class Clerk extends withDurableCalls(withCall(Agent<Env, State>)) {
  override initialState: State = { handled: [], ticks: [] };

  started = 0;

  override onStart(): void {
    this.started += 1;
  }

  pay(bank: string, amount: number): string {
    const paid = this.ctn('BANK', bank).pay(amount);
    return this.svc.durable.call(paid, this.ctn().onPaid(paid));
  }

  paySlowly(bank: string, amount: number): string {
    const paid = this.ctn('BANK', bank).payWhenReleased(amount);
    return this.svc.durable.call(paid, this.ctn().onPaid(paid));
  }

  onPaid(paid: number | Error): void {
    const handled = { outcome: String(paid), started: this.started };
    this.setState({ ...this.state, handled: [...this.state.handled, handled] });
  }

  tick(what: string): void {
    this.setState({ ...this.state, ticks: [...this.state.ticks, what] });
  }

  /** What is stored of durable calls. */
  get rows(): string[] {
    return Array.from(this.ctx.storage.kv.list({ prefix: '__lmz:' }), ([key]) => key);
  }
}
