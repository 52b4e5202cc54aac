/** A durable call whose target may be reset while it waits, and what happens to it, row by row. */
import { type CallEvent, callChannel, explain, LumenizeBase } from '@lumenize/call';
import { withDurableCalls } from '@lumenize/call/durable';
import type { Row, StoryEvent } from './events.js';

/** Milliseconds that the method takes: long enough to reset its object meanwhile. */
const SLOW = 5_000;
/** Milliseconds until the call settles in any case. */
const DEADLINE = 60_000;
/** Milliseconds between looking what has happened. */
const PAUSE = 50;

/** The object that is asked. It writes last: then its effect is there once. */
export class LabStock extends withDurableCalls(LumenizeBase) {
  async take(sku: string): Promise<string> {
    await scheduler.wait(SLOW);
    const taken = this.taken() + 1;
    this.ctx.storage.kv.put('taken', taken);
    return `${sku} ${taken}`;
  }

  /** For the trace: how many there are, and what one costs. */
  async countOf(_sku: string): Promise<number> {
    await scheduler.wait(20);
    return 10 - this.taken();
  }

  async priceOf(sku: string): Promise<number> {
    await scheduler.wait(10);
    return sku.length;
  }

  taken(): number {
    return this.ctx.storage.kv.get<number>('taken') ?? 0;
  }

  /** Ends the object with all that it has in memory. Its next call starts it again. */
  reset(): void {
    this.ctx.abort('it was reset in the lab');
  }

  clear(): Promise<void> {
    return this.ctx.storage.deleteAll();
  }
}

/** The object that orders. Each order has a shop and a stock of its own, of which nothing stays. */
export class LabShop extends withDurableCalls(LumenizeBase) {
  #story: Story | undefined;

  /** Places an order. Returns what happens to it, one JSON text on each line. */
  order(): ReadableStream<Uint8Array> {
    const id = this.env.LAB_STOCK.newUniqueId();
    const { readable, writable } = new IdentityTransformStream();
    const story = new Story(String(id), writable.getWriter());
    this.#story = story;
    story.begin(String(this.ctx.id));
    const taken = this.ctn<LabStock>().take('chair');
    const handler = this.ctn().onTaken(taken, 'o1');
    story.called = `durable.call('LAB_STOCK', id, ${explain(taken)}, ${explain(handler)})`;
    const call = this.svc.durable.call('LAB_STOCK', id, taken, handler, { timeout: DEADLINE });
    this.ctx.waitUntil(this.#end(story, call, id));
    return readable;
  }

  /** Resets the target: somebody pressed the button. */
  async resetTarget(): Promise<void> {
    const story = this.#story;
    if (!story) return;
    story.reset();
    const target = this.env.LAB_STOCK.get(this.env.LAB_STOCK.idFromString(story.target));
    // The answer to this is that there is none any more.
    await target.reset().catch(() => {});
  }

  /** The handler. What it writes is committed with the deletion of the call's record. */
  onTaken(outcome: string | Error, order: string): void {
    this.ctx.storage.kv.put('handled', this.#handled + 1);
    this.#story?.handled(outcome, order);
  }

  get #handled(): number {
    return this.ctx.storage.kv.get<number>('handled') ?? 0;
  }

  /** Waits until nothing is left of the call. */
  async #end(story: Story, call: string, id: DurableObjectId): Promise<void> {
    while (!story.isHandled || this.svc.durable.get(call)) {
      await scheduler.wait(PAUSE);
      story.flush();
    }
    const target = this.env.LAB_STOCK.get(id);
    story.end(this.#handled, await target.taken());
    await target.clear();
    await this.ctx.storage.deleteAll();
  }
}

/** What happens to one call, as `callChannel` says it, and the reset. */
class Story {
  readonly target: string;
  isHandled = false;
  /** The call, as it is written. */
  called = '';
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #rows: StoryEvent[] = [];
  readonly #start = performance.now();
  readonly #listen = (event: CallEvent): void => this.#watch(event);

  constructor(target: string, writer: WritableStreamDefaultWriter<Uint8Array>) {
    this.target = target;
    this.#writer = writer;
    callChannel.subscribe(this.#listen);
  }

  /** Writes what has happened since. Only the shop may: an object cannot use what belongs to another. */
  flush(): void {
    for (const row of this.#rows.splice(0)) this.#write(row);
  }

  begin(shop: string): void {
    this.#write({ type: 'begin', shop });
  }

  reset(): void {
    this.#tell(false, {
      place: 'target',
      title: 'The target is reset',
      lines: [
        code('ctx.abort()'),
        words('Whatever it had in memory is gone, and the method with it.'),
      ],
    });
  }

  handled(outcome: string | Error, order: string): void {
    const shown = outcome instanceof Error ? String(outcome) : JSON.stringify(outcome);
    this.#tell(false, {
      place: 'caller',
      title: 'Its handler runs',
      lines: [code(`onTaken(${shown}, ${JSON.stringify(order)})`)],
    });
    this.isHandled = true;
  }

  /** Tells what is left, which is stored by both objects and so survives what befell them. */
  end(handled: number, taken: number): void {
    callChannel.unsubscribe(this.#listen);
    this.#tell(false, {
      place: 'caller',
      title: 'The record is gone',
      lines: [words(`The handler ran ${times(handled)}. A chair was taken ${times(taken)}.`)],
    });
    this.flush();
    this.#write({ type: 'end' });
    this.#writer.close().catch(() => {});
  }

  /** The events of all objects of the isolate come by; the target of each call is its own. */
  #watch(event: CallEvent): void {
    if (event.instance !== this.target) return;
    const row = rowOf(event, this.called);
    const isAtTarget = ['sent', 'repeated', 'began'].includes(event.event);
    if (row) this.#tell(isAtTarget, row);
  }

  #tell(isWaiting: boolean, row: Omit<Row, 'ms'>): void {
    const ms = performance.now() - this.#start;
    this.#rows.push({ type: 'row', row: { ...row, ms }, isWaiting });
  }

  #write(event: StoryEvent): void {
    const line = new TextEncoder().encode(`${JSON.stringify(event)}\n`);
    // The page may have gone: the call goes on without it.
    this.#writer.write(line).catch(() => {});
  }
}

/** What is shown of an event, if anything. */
function rowOf(event: CallEvent, called: string): Omit<Row, 'ms'> | undefined {
  switch (event.event) {
    case 'stored':
      return {
        place: 'caller',
        title: 'The call is stored',
        lines: [code(called), words('In one transaction with what the object writes.')],
      };
    case 'sent':
      return { place: 'to target', title: 'Sent', lines: [] };
    case 'repeated':
      return {
        place: 'to target',
        title: 'Sent again',
        lines: [words(`Attempt ${event.attempt}, from what is stored.`)],
      };
    case 'began':
      return {
        place: 'target',
        title: 'The method waits',
        lines: [code('take("chair")'), words(`It takes ${SLOW / 1_000} s, and writes last.`)],
      };
    case 'settled':
      return { place: 'to caller', title: 'Answered', lines: [code(event.code ?? '')] };
    default:
      return undefined;
  }
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function code(text: string) {
  return { text, isCode: true };
}

function words(text: string) {
  return { text, isCode: false };
}
