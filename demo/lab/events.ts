/** What the worker tells the page. */

/** One line of the answer to a run, each a JSON text of its own. */
export type RunEvent =
  | {
      readonly type: 'begin';
      /** By this the run is stopped. */
      readonly run: string;
    }
  | {
      readonly type: 'progress';
      /** Handlers that have run so far. */
      readonly handled: number;
      /** Milliseconds that each call took whose handler has run since the last line. */
      readonly latencies: readonly number[];
    }
  | { readonly type: 'end'; readonly summary: Summary };

/** What a run came to. */
export interface Summary {
  /** Calls that were made. */
  readonly calls: number;
  /** Milliseconds from the first call to the last handler. */
  readonly ms: number;
  /** Messages that brought these calls, counted where they arrive. */
  readonly messages: number;
  /** Bytes of the encoded programs in them, by `svc.call.stats()`; Workers RPC sends none. */
  readonly bytes: number | undefined;
  /** Calls whose handler ran once. */
  readonly handledOnce: number;
  /** Calls that brought another call's answer, or a damaged one. */
  readonly wrong: number;
  /** How many calls came to each error: the code of a `CallError`, else the name of the class. */
  readonly errors: Readonly<Record<string, number>>;
  /** Calls of Workers RPC, which has no deadline, that were pending when the lab stopped waiting. */
  readonly pending: number;
}

/** One line of the story of a durable call, each a JSON text of its own. */
export type StoryEvent =
  | {
      readonly type: 'begin';
      /** By this the target is reset. */
      readonly shop: string;
    }
  | {
      readonly type: 'row';
      readonly row: Row;
      /** Whether the target has the call now, and has not answered. */
      readonly isWaiting: boolean;
    }
  | { readonly type: 'end' };

/** A method that ran in a trace. */
export interface TraceSpan {
  /** As `LabUsers.getUser`. */
  readonly name: string;
  /** Where the span is in the list inside of which it ran; `undefined` for the first. */
  readonly parent: number | undefined;
  /** The class of the object that called it. */
  readonly caller: string | undefined;
  /** Milliseconds since the first began, and that it took, if it has ended. */
  readonly start: number;
  readonly ms: number | undefined;
}

/** What became of many calls to one hot object. */
export interface Heat {
  readonly calls: number;
  readonly answered: number;
  /** Calls that were refused as `overloaded`: nothing of them ran. */
  readonly refused: number;
  /** Most calls that ran at once. */
  readonly most: number;
  /** Milliseconds from a call to its answer, and to its refusal: the worst of all. */
  readonly worst: number;
  readonly worstRefused: number;
  /** Milliseconds since the beginning, and the most calls that ran at once then. */
  readonly timeline: readonly (readonly [ms: number, running: number])[];
}

/** The sequence of one example, from its first call to its last handler. */
export interface Sequence {
  readonly title: string;
  readonly rows: readonly Row[];
}

/** One event of a sequence. */
export interface Row {
  /** Where it happens, or which way it travels. */
  readonly place: 'caller' | 'target' | 'to target' | 'to caller';
  readonly title: string;
  readonly lines: readonly Line[];
  /** Milliseconds since the first call, by the caller's clock. */
  readonly ms?: number;
}

export interface Line {
  readonly text: string;
  /** Whether it is code, as `explain` writes it. */
  readonly isCode: boolean;
}

/** The examples of a sequence, by name. */
export const EXAMPLES = {
  one: 'One call',
  nested: 'Three, nested',
  error: 'An error',
  several: 'Several in one turn',
  deadline: 'A deadline',
} as const;

export type Example = keyof typeof EXAMPLES;
