/**
 * Random programs, each run by the package and by a plain recursive evaluator: the same results, and
 * the same log of everything that ran, in the same order. A failure is shrunk to its smallest case.
 */

import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { type Continuation, type Handler, newContinuation } from '@lumenize/call';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isFirstRun } from './company.js';
import { Cell, type Machine } from './machine.js';

const PROGRAMS = isFirstRun ? 10_000 : 1_000;

/** An expression that yields a cell. `Shared` is one expression that stands in several places. */
type CellExpression =
  | { readonly op: 'cell' }
  | { readonly op: 'shared'; readonly index: number }
  | { readonly op: 'soon'; readonly of: CellExpression }
  | {
      readonly op: 'with' | 'later';
      readonly of: CellExpression;
      readonly args: readonly ValueExpression[];
    }
  | {
      readonly op: 'maker';
      readonly of: CellExpression;
      readonly args: readonly [ValueExpression, ValueExpression];
    };

/** An expression that yields data. */
type ValueExpression =
  | { readonly op: 'literal'; readonly value: unknown }
  | { readonly op: 'value'; readonly of: CellExpression }
  | { readonly op: 'array'; readonly items: readonly ValueExpression[] }
  | { readonly op: 'object'; readonly entries: readonly (readonly [string, ValueExpression])[] };

/** `shared[i]` may use those before it; `result` may use all. */
interface Program {
  readonly shared: readonly CellExpression[];
  readonly result: CellExpression;
}

const { cell } = fc.letrec<{ cell: CellExpression; value: ValueExpression }>((tie) => ({
  cell: fc.oneof(
    { maxDepth: 6, depthSize: 'small', withCrossShrink: true },
    fc.constant({ op: 'cell' as const }),
    fc.record({ op: fc.constant('shared' as const), index: fc.nat(3) }),
    fc.record({ op: fc.constant('soon' as const), of: tie('cell') }),
    fc.record({
      op: fc.constantFrom('with' as const, 'later' as const),
      of: tie('cell'),
      args: fc.array(tie('value'), { maxLength: 2 }),
    }),
    fc.record({
      op: fc.constant('maker' as const),
      of: tie('cell'),
      args: fc.tuple(tie('value'), tie('value')),
    }),
  ),
  value: fc.oneof(
    { maxDepth: 6, depthSize: 'small', withCrossShrink: true },
    fc.record({ op: fc.constant('literal' as const), value: fc.jsonValue({ maxDepth: 1 }) }),
    fc.record({ op: fc.constant('value' as const), of: tie('cell') }),
    fc.record({
      op: fc.constant('array' as const),
      items: fc.array(tie('value'), { maxLength: 3 }),
    }),
    fc.record({
      op: fc.constant('object' as const),
      entries: fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c'), tie('value')), {
        maxLength: 3,
        selector: ([key]) => key,
      }),
    }),
  ),
}));

const programs: fc.Arbitrary<Program> = fc.record({
  shared: fc.array(cell, { maxLength: 4 }),
  result: cell,
});

/** A shared expression may refer to those before it; other numbers mean a fresh cell. */
function sharedAt(program: Program, index: number, from: number): number | undefined {
  return index < Math.min(from, program.shared.length) ? index : undefined;
}

/** The evaluator that the package is compared with: plain recursion over the expression. */
class Evaluator {
  readonly log: string[] = [];
  readonly #shared = new Map<number, Cell>();

  constructor(readonly program: Program) {}

  async cell(expression: CellExpression, from = this.program.shared.length): Promise<Cell> {
    switch (expression.op) {
      case 'cell':
        this.log.push('cell');
        return new Cell(this.log, 0);
      case 'shared':
        return this.#sharedCell(expression.index, from);
      case 'soon':
        return (await this.cell(expression.of, from)).soon;
      case 'maker': {
        const of = await this.cell(expression.of, from);
        const make = of.maker(await this.value(expression.args[0], from));
        return make(await this.value(expression.args[1], from));
      }
      default: {
        const of = await this.cell(expression.of, from);
        const args: unknown[] = [];
        for (const argument of expression.args) args.push(await this.value(argument, from));
        return of[expression.op](args[0], args[1]);
      }
    }
  }

  async #sharedCell(index: number, from: number): Promise<Cell> {
    const at = sharedAt(this.program, index, from);
    if (at === undefined) return this.cell({ op: 'cell' }, from);
    const known = this.#shared.get(at);
    if (known) return known;
    const made = await this.cell(this.program.shared[at] as CellExpression, at);
    this.#shared.set(at, made);
    return made;
  }

  async value(expression: ValueExpression, from: number): Promise<unknown> {
    switch (expression.op) {
      case 'literal':
        return expression.value;
      case 'value':
        return (await this.cell(expression.of, from)).value;
      case 'array': {
        const items: unknown[] = [];
        for (const item of expression.items) items.push(await this.value(item, from));
        return items;
      }
      default: {
        const object: Record<string, unknown> = {};
        for (const [key, item] of expression.entries) object[key] = await this.value(item, from);
        return object;
      }
    }
  }
}

/** Records the same expression; each shared one is one continuation. */
class Recorder {
  readonly #shared: Continuation<Cell, Machine>[] = [];

  constructor(readonly program: Program) {
    for (const [index, shared] of program.shared.entries())
      this.#shared.push(this.cell(shared, index));
  }

  cell(expression: CellExpression, from = this.program.shared.length): Continuation<Cell, Machine> {
    const machine = newContinuation<Machine>();
    switch (expression.op) {
      case 'cell':
        return machine.cell;
      case 'shared': {
        const at = sharedAt(this.program, expression.index, from);
        return at === undefined ? machine.cell : (this.#shared[at] as Continuation<Cell, Machine>);
      }
      case 'soon':
        return this.cell(expression.of, from).soon;
      case 'maker': {
        const [first, second] = expression.args.map((argument) => this.value(argument, from));
        return this.cell(expression.of, from).maker(first)(second);
      }
      default: {
        const args = expression.args.map((argument) => this.value(argument, from));
        const record = this.cell(expression.of, from)[expression.op] as (
          ...args: unknown[]
        ) => Continuation<Cell, Machine>;
        return record(...args);
      }
    }
  }

  value(expression: ValueExpression, from: number): unknown {
    switch (expression.op) {
      case 'literal':
        return expression.value;
      case 'value':
        return this.cell(expression.of, from).value;
      case 'array':
        return expression.items.map((item) => this.value(item, from));
      default:
        return Object.fromEntries(
          expression.entries.map(([key, item]) => [key, this.value(item, from)]),
        );
    }
  }
}

async function expected(program: Program): Promise<{ value: unknown; log: string[] }> {
  const evaluator = new Evaluator(program);
  const { value } = await evaluator.cell(program.result);
  return { value, log: evaluator.log };
}

test(
  `rule 4: ${PROGRAMS} random programs run on the callee as a plain evaluator runs them`,
  () =>
    runInDurableObject(env.MACHINE.getByName('callee'), async (machine) => {
      const run = fc.asyncProperty(programs, async (program) => {
        const { value, log } = await expected(program);
        machine.log.length = 0;
        const remote = new Recorder(program).cell(program.result).value;
        // The object calls itself, so that its log is at hand.
        expect(await machine.svc.callRaw('MACHINE', 'callee', remote)).toEqual(value);
        expect(machine.log).toEqual(log);
      });
      await fc.assert(run, { numRuns: PROGRAMS });
    }),
  120_000,
);

test(
  `rule 4: ${PROGRAMS} random programs run in handlers as a plain evaluator runs them`,
  () =>
    runInDurableObject(env.MACHINE.getByName('handler'), async (machine) => {
      const ping = newContinuation<Machine>().ping();
      const run = fc.asyncProperty(programs, async (program) => {
        const { value, log } = await expected(program);
        machine.log.length = 0;
        const result = new Recorder(program).cell(program.result).value;
        const handled = await new Promise<unknown>((resolve) => {
          const handler = newContinuation<Machine>().finish(result, { resolve, outcome: ping });
          machine.svc.call('MACHINE', 'target', ping, handler as Handler<null>);
        });
        expect(handled).toEqual(value);
        expect(machine.log).toEqual(log);
      });
      await fc.assert(run, { numRuns: PROGRAMS });
    }),
  120_000,
);
