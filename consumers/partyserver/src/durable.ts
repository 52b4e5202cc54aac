import { DurableObject } from 'cloudflare:workers';
import { withCall } from '@lumenize/call';
import { withDurableCalls } from '@lumenize/call/durable';
import { Server } from 'partyserver';

type Env = Cloudflare.Env;

/** What a handler was given, and how often its room had started by then. */
interface Handled {
  outcome: string;
  started: number;
}

/** A Durable Object of nobody's framework. */
export class Seats extends withDurableCalls(withCall(DurableObject<Env>)) {
  begun = 0;
  #release = () => {};

  get taken(): number {
    return this.ctx.storage.kv.get<number>('taken') ?? 0;
  }

  take(): string {
    this.ctx.storage.kv.put('taken', this.taken + 1);
    return `seat ${this.taken}`;
  }

  async takeWhenReleased(): Promise<string> {
    this.begun += 1;
    await new Promise<void>((resolve) => {
      this.#release = resolve;
    });
    return this.take();
  }

  release(): void {
    this.#release();
  }
}

/** A Server whose alarm is its own, and shared. */
export class Desk extends withDurableCalls(withCall(Server<Env>)) {
  started = 0;

  override onStart(): void {
    this.started += 1;
  }

  override onAlarm(): void {
    this.ctx.storage.kv.put('alarms', this.alarms + 1);
  }

  /** How often its own alarm has run. */
  get alarms(): number {
    return this.ctx.storage.kv.get<number>('alarms') ?? 0;
  }

  get handled(): Handled[] {
    return this.ctx.storage.kv.get<Handled[]>('handled') ?? [];
  }

  book(seats: string): string {
    const seat = this.ctn('SEATS', seats).take();
    return this.svc.durable.call(seat, this.ctn().onSeat(seat));
  }

  bookSlowly(seats: string): string {
    const seat = this.ctn('SEATS', seats).takeWhenReleased();
    return this.svc.durable.call(seat, this.ctn().onSeat(seat));
  }

  onSeat(seat: string | Error): void {
    const handled = { outcome: String(seat), started: this.started };
    this.ctx.storage.kv.put('handled', [...this.handled, handled]);
  }

  /** What is stored of durable calls. */
  get rows(): string[] {
    return Array.from(this.ctx.storage.kv.list({ prefix: '__lmz:' }), ([key]) => key);
  }
}
