/** A target for random programs: every read and call is logged, and leads to more of them. */
import { LumenizeBase } from '@lumenize/call';

/** Something that random programs are made of; `value` is data, the rest makes other cells. */
export class Cell {
  constructor(
    readonly log: string[],
    private readonly content: unknown,
  ) {}

  get value(): unknown {
    this.log.push(`value of ${JSON.stringify(this.content)}`);
    return this.content;
  }

  /** Uses its `this`, so that a lost one is noticed. */
  with(argument: unknown, other?: unknown): Cell {
    this.log.push(`with ${JSON.stringify([argument, other])}`);
    return new Cell(this.log, { was: this.content, argument, other });
  }

  async later(argument: unknown, other?: unknown): Promise<Cell> {
    this.log.push(`later ${JSON.stringify([argument, other])}`);
    await undefined;
    return this.with(argument, other);
  }

  /** A closure, called without a `this`. */
  maker(argument: unknown): (other: unknown) => Cell {
    this.log.push(`maker ${JSON.stringify(argument)}`);
    return (other) => this.with(argument, other);
  }

  /** A getter that yields a promise. */
  get soon(): Promise<Cell> {
    this.log.push('soon');
    return Promise.resolve(this);
  }
}

export class Machine extends LumenizeBase {
  readonly log: string[] = [];
  readonly outcomes: unknown[] = [];

  get cell(): Cell {
    this.log.push('cell');
    return new Cell(this.log, 0);
  }

  ping(): null {
    return null;
  }

  /** The end of a program that runs as a handler. */
  finish(value: unknown, resolve: unknown): void {
    const finished = resolve as { resolve: (value: unknown) => void } | Error;
    if (!(finished instanceof Error)) finished.resolve(value);
  }
}
