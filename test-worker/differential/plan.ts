/** What a plan of calls is, and how fast-check makes one. A plan is data, so it can be printed as code. */
import fc from 'fast-check';
import {
  areTelling,
  type DataKind,
  type DisposableKind,
  dataKinds,
  disposableKinds,
  type RefusedKind,
  refusedKinds,
  type ToldKind,
  toldKinds,
  type Value,
} from './values.js';

/** Calls of one caller, made turn by turn: the next turn comes when the one before has been made. */
export interface Plan {
  readonly targets: readonly TargetKind[];
  /** Values that stand in several calls, each made once. */
  readonly shared: readonly Value<DataKind>[];
  readonly turns: readonly Turn[];
}

/** Another class, another object of the caller's class, the caller itself, or a Worker entrypoint. */
export type TargetKind = 'object' | 'twin' | 'self' | 'entrypoint';

export interface Turn {
  readonly after: Separator;
  readonly calls: readonly PlannedCall[];
}

/**
 * What is between a turn and the one before. Numbers of calls count those of the turn before
 * (`handledBy`) or all earlier ones (`awaited`), and begin again where there are not so many.
 */
export type Separator =
  | { readonly microtasks: number }
  | { readonly timer: number }
  /** The turn is made inside the handler of that call, or by the code that awaited it. */
  | { readonly handledBy: number }
  /** The turn is made by code that waited for the end of that call. */
  | { readonly awaited: number };

export interface PlannedCall {
  readonly to: number;
  readonly args: readonly Argument[];
  /** What the method does first. Without a step it is no async function. */
  readonly steps: readonly Step[];
  readonly end: End;
  readonly chain: Chain;
  readonly outcome: OutcomeKind;
  /** What an awaited result's disposer is used for. */
  readonly dispose: 'at once' | 'twice' | 'at the end' | 'never';
  /** Whether the call is made inside `AsyncLocalStorage.run`. */
  readonly hasContext: boolean;
  /** When the caller changes the arguments in place. */
  readonly mutates: 'never' | 'at once' | 'in a microtask';
}

export type Argument =
  | Value
  | { readonly shared: number }
  | { readonly resultOf: number }
  /** A value that the target has to work out first stands inside: a continuation, for this package. */
  | { readonly around: Around; readonly soon: boolean };

/** What stands around it: an array with a hole, an object with an own `__proto__`, or two places. */
export type Around = 'hole' | 'own __proto__' | 'twice';

export type Step =
  | 'async'
  | 'storage'
  | 'mutate arguments'
  | 'use arguments'
  | 'own context'
  | { readonly microtasks: number }
  | { readonly timer: number };

export type End =
  | { readonly returns: Result }
  /** It goes on changing the list that it returned. */
  | { readonly returnsThenMutates: 'list' | 'map' | 'object' }
  | { readonly throws: ThrownKind };

export type Result =
  | Value
  | DisposableKind
  | 'own list'
  | 'counter'
  | 'stored counter'
  | 'context'
  | 'first argument';

export type ThrownKind =
  | 'RangeError with properties'
  | 'class of its own'
  | 'error with hidden property'
  | 'error with a cause'
  | 'AggregateError'
  | 'SuppressedError'
  | 'DOMException'
  | 'error with own then'
  | 'error that claims to be of the platform'
  | 'string'
  | 'plain object'
  | 'undefined';

/** What follows on the result before it comes back: pipelined, or recorded. */
export type Chain = 'none' | 'method of a stub' | 'property' | 'call of a function';

export type OutcomeKind =
  | 'awaited'
  | 'none'
  | 'handler'
  | 'async handler'
  | 'handler that throws'
  | 'handler that rejects'
  | 'handler that returns a disposable'
  | 'async handler that returns a disposable';

export const thrownKinds: readonly ThrownKind[] = [
  'RangeError with properties',
  'class of its own',
  'error with hidden property',
  'error with a cause',
  'AggregateError',
  'SuppressedError',
  'DOMException',
  'error with own then',
  'error that claims to be of the platform',
  'string',
  'plain object',
  'undefined',
];

export function isNoError(kind: ThrownKind): boolean {
  return kind === 'string' || kind === 'plain object' || kind === 'undefined';
}

const MOST_MILLISECONDS = 5;
const MOST_BETWEEN = 3;
/** More than the microtasks that a receiver might count, and fewer. */
const MICROTASKS = [1, 3, 20, 40];

/** The first kind of each list is the simplest: shrinking goes there. */
const data = fc.constantFrom<DataKind[]>('number', ...dataKinds);
const argumentLeaf = fc.oneof(
  { weight: 10, arbitrary: data },
  { weight: 5, arbitrary: fc.constantFrom<ToldKind[]>(...toldKinds) },
  { weight: 1, arbitrary: fc.constantFrom<RefusedKind[]>(...refusedKinds) },
);

function inside<Kind extends string>(leaf: fc.Arbitrary<Kind>): fc.Arbitrary<Value<Kind>> {
  const items = { maxLength: 3 };
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 6, arbitrary: leaf },
    { weight: 1, arbitrary: fc.record({ list: fc.array(leaf, items) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        object: fc.dictionary(fc.constantFrom('a', 'b'), leaf, { maxKeys: 2 }),
      }),
    },
  );
}

const argument: fc.Arbitrary<Argument> = fc.oneof(
  { withCrossShrink: true },
  { weight: 12, arbitrary: inside(argumentLeaf) },
  { weight: 2, arbitrary: fc.record({ shared: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ resultOf: fc.nat(5) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      around: fc.constantFrom<Around[]>('twice', 'hole', 'own __proto__'),
      soon: fc.boolean(),
    }),
  },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Step>('async') },
  { weight: 3, arbitrary: fc.record({ microtasks: fc.constantFrom(...MICROTASKS) }) },
  { weight: 3, arbitrary: fc.constant<Step>('storage') },
  { weight: 2, arbitrary: fc.record({ timer: fc.integer({ min: 1, max: MOST_MILLISECONDS }) }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Step[]>('mutate arguments', 'use arguments', 'own context'),
  },
);

const result: fc.Arbitrary<Result> = fc.oneof(
  { withCrossShrink: true },
  { weight: 10, arbitrary: inside(argumentLeaf) },
  { weight: 4, arbitrary: fc.constantFrom<DisposableKind[]>(...disposableKinds) },
  {
    weight: 8,
    arbitrary: fc.constantFrom<Result[]>(
      'counter',
      'own list',
      'stored counter',
      'context',
      'first argument',
    ),
  },
);

const end: fc.Arbitrary<End> = fc.oneof(
  { withCrossShrink: true },
  { weight: 8, arbitrary: fc.record({ returns: result.filter((each) => areTelling([each])) }) },
  {
    weight: 1,
    arbitrary: fc.record({ returnsThenMutates: fc.constantFrom('list', 'map', 'object') }),
  },
  { weight: 2, arbitrary: fc.record({ throws: fc.constantFrom(...thrownKinds) }) },
);

const call: fc.Arbitrary<PlannedCall> = fc.record({
  to: fc.nat(2),
  args: fc.array(argument, { maxLength: 2 }).filter(areTelling),
  steps: fc.array(step, { maxLength: 2 }),
  end,
  chain: fc.oneof(
    { withCrossShrink: true },
    { weight: 8, arbitrary: fc.constant<Chain>('none') },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Chain[]>('method of a stub', 'property', 'call of a function'),
    },
  ),
  outcome: fc.oneof(
    { withCrossShrink: true },
    { weight: 6, arbitrary: fc.constant<OutcomeKind>('awaited') },
    { weight: 6, arbitrary: fc.constant<OutcomeKind>('handler') },
    { weight: 1, arbitrary: fc.constant<OutcomeKind>('none') },
    {
      weight: 3,
      arbitrary: fc.constantFrom<OutcomeKind[]>(
        'async handler',
        'handler that throws',
        'handler that rejects',
        'handler that returns a disposable',
        'async handler that returns a disposable',
      ),
    },
  ),
  dispose: fc.constantFrom('at once', 'at the end', 'twice', 'never'),
  hasContext: fc.boolean(),
  mutates: fc.oneof(
    { withCrossShrink: true },
    { weight: 5, arbitrary: fc.constant('never' as const) },
    { weight: 1, arbitrary: fc.constantFrom('at once' as const, 'in a microtask' as const) },
  ),
});

const separator: fc.Arbitrary<Separator> = fc.oneof(
  { withCrossShrink: true },
  { weight: 2, arbitrary: fc.record({ microtasks: fc.constantFrom(1, 3, 20) }) },
  { weight: 2, arbitrary: fc.record({ timer: fc.integer({ min: 1, max: MOST_BETWEEN }) }) },
  { weight: 2, arbitrary: fc.record({ handledBy: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ awaited: fc.nat(5) }) },
);

/** Plans; what one refers to and does not have, it has by counting again from the first. */
export const plans: fc.Arbitrary<Plan> = fc.record({
  targets: fc.array(fc.constantFrom<TargetKind[]>('object', 'twin', 'self', 'entrypoint'), {
    minLength: 1,
    maxLength: 3,
  }),
  shared: fc.array(inside(data), { maxLength: 2 }),
  turns: fc.array(fc.record({ after: separator, calls: fc.array(call, { maxLength: 5 }) }), {
    maxLength: 4,
  }),
});

/** A call with what the plan says of it worked out. */
export interface Call extends PlannedCall {
  readonly id: number;
  readonly turn: number;
}

/** All calls, in the order in which they are made; each with a target that there is. */
export function callsOf(plan: Plan): Call[] {
  const planned = plan.turns.flatMap(({ calls }, turn) => calls.map((each) => ({ ...each, turn })));
  return planned.map((each, id) => ({ ...each, id, to: each.to % plan.targets.length }));
}

/** What a method comes to: a chain needs something to go on from. */
export function endOf({ chain, end }: PlannedCall): End {
  if (chain === 'none' || 'throws' in end) return end;
  if (chain === 'method of a stub') return { returns: 'greeter' };
  if (chain === 'property') return { returns: 'nested object' };
  return { returns: 'function' };
}

/** A plan as it is written down: what is as in `SIMPLEST` is left out. */
export interface ShortPlan {
  readonly targets?: readonly TargetKind[];
  readonly shared?: readonly Value<DataKind>[];
  readonly turns: readonly {
    readonly after?: Separator;
    readonly calls: readonly Partial<PlannedCall>[];
  }[];
}

const SIMPLEST: PlannedCall = {
  to: 0,
  args: [],
  steps: [],
  end: { returns: 'number' },
  chain: 'none',
  outcome: 'awaited',
  dispose: 'at once',
  hasContext: false,
  mutates: 'never',
};

const SIMPLEST_PLAN = { targets: ['object'], shared: [] } as const;
const SIMPLEST_TURN = { after: { microtasks: 1 } } as const;

/** The whole plan. */
export function complete({ turns, ...plan }: ShortPlan): Plan {
  return {
    ...SIMPLEST_PLAN,
    ...plan,
    turns: turns.map(({ calls, ...turn }) => ({
      ...SIMPLEST_TURN,
      ...turn,
      calls: calls.map((each) => ({ ...SIMPLEST, ...each })),
    })),
  };
}

/** The plan as it is written down. */
export function shorten({ turns, ...plan }: Plan): ShortPlan {
  return {
    ...without(plan, SIMPLEST_PLAN),
    turns: turns.map(({ calls, ...turn }) => ({
      ...without(turn, SIMPLEST_TURN),
      calls: calls.map((each) => without(each, SIMPLEST)),
    })),
  };
}

function without<T extends object>(value: T, simplest: object): Partial<T> {
  const isSimplest = ([key, part]: [string, unknown]): boolean =>
    JSON.stringify(part) === JSON.stringify((simplest as Record<string, unknown>)[key]);
  const parts = Object.entries(value).filter((entry) => !isSimplest(entry));
  return Object.fromEntries(parts) as Partial<T>;
}
