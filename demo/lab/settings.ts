/**
 * What one chooses in the lab, and what makes sense. The page and the worker both check: the page to
 * say so at once beside the field, the worker because anybody may send anything.
 */

/** How the calls are made. In experiments/RESULTS.md the last three are V1, V2 and V3. */
export const MODES = {
  rpc: { name: 'Workers RPC', how: 'stub.work(…), a message each' },
  awaited: { name: 'Awaited, alone', how: 'await callRaw(…), a message each' },
  handler: { name: 'Handler, alone', how: 'call with handler, a message each' },
  batched: { name: 'Batched', how: 'call with handler, sent together' },
} as const;

/** What failing calls do. */
export const FAILURES = {
  error: 'throw an Error',
  value: 'throw a string',
  hang: 'never answer',
} as const;

export type Mode = keyof typeof MODES;
export type Failure = keyof typeof FAILURES;

/** The fields that hold a number, each with what is accepted. */
export const NUMBERS = {
  calls: { label: 'Calls', unit: '', least: 1, most: 10_000, initial: 200 },
  payload: { label: 'Payload', unit: 'bytes', least: 0, most: 1_000_000, initial: 100 },
  delay: { label: 'Delay', unit: 'ms', least: 0, most: 10_000, initial: 0 },
  deadline: { label: 'Deadline', unit: 'ms', least: 100, most: 60_000, initial: 30_000 },
  failureRate: { label: 'Failure rate', unit: '%', least: 0, most: 100, initial: 0 },
} as const;

/** What is chosen beside the mode, by the name that the page gives it. */
export const FIELDS: Readonly<Record<Exclude<keyof Settings, 'mode'>, string>> = {
  calls: NUMBERS.calls.label,
  payload: NUMBERS.payload.label,
  delay: NUMBERS.delay.label,
  deadline: NUMBERS.deadline.label,
  failureRate: NUMBERS.failureRate.label,
  failure: 'Failing calls',
};

/** Bytes that all payloads of a run may have together: each is held twice, in an object of 128 MB. */
export const MOST_BYTES = 16_000_000;

/** What the hot object is for: its callers, the calls of each, and milliseconds that each waits outside. */
export const HOT = {
  callers: 20,
  each: 100,
  outside: 5,
  limits: { running: 50, waiting: 500 },
} as const;

export type HotWay = keyof typeof HOT_WAYS;

/** The hot object without limits and with them. */
export const HOT_WAYS = { free: 'Without limits', limited: 'With limits' } as const;

export type NumberField = keyof typeof NUMBERS;

export type Settings = Readonly<Record<NumberField, number>> & {
  readonly mode: Mode;
  readonly failure: Failure;
};

/** For each field that makes no sense, a sentence that says why. */
export type Problems = Partial<Record<keyof Settings, string>>;

export type Checked =
  | { readonly settings: Settings; readonly problems?: never }
  | { readonly settings?: never; readonly problems: Problems };

/** Reads what was typed or sent. */
export function readSettings(given: Readonly<Record<string, unknown>>): Checked {
  const problems: Problems = {};
  const numbers = {} as Record<NumberField, number>;
  for (const field of Object.keys(NUMBERS) as NumberField[]) {
    const read = readNumber(field, given[field]);
    if (typeof read === 'string') problems[field] = read;
    else numbers[field] = read;
  }
  const { mode, failure } = given;
  if (!isOneOf(MODES, mode)) problems.mode = 'Choose how the calls are made.';
  if (!isOneOf(FAILURES, failure)) problems.failure = 'Choose what failing calls do.';
  if (!problems.calls && !problems.payload && numbers.calls * numbers.payload > MOST_BYTES) {
    const most = Math.floor(MOST_BYTES / numbers.calls);
    problems.payload =
      `${grouped(numbers.calls)} calls of ${grouped(numbers.payload)} bytes are too much together: ` +
      `write at most ${grouped(most)}, or make fewer calls.`;
  }
  if (Object.keys(problems).length > 0) return { problems };
  return { settings: { ...numbers, mode: mode as Mode, failure: failure as Failure } };
}

/** The names of what is chosen differently. What failing calls do is nothing where none fails. */
export function unlikeIn(all: readonly Settings[]): string[] {
  const failing = all.some(({ failureRate }) => failureRate > 0);
  const fields = Object.entries(FIELDS) as [keyof typeof FIELDS, string][];
  return fields
    .filter(([field]) => field !== 'failure' || failing)
    .filter(([field]) => new Set(all.map((one) => one[field])).size > 1)
    .map(([, name]) => name);
}

/** `10000` as `10,000`. */
export function grouped(number: number): string {
  return number.toLocaleString('en');
}

/** `1 error`, `10,000 errors`. */
export function counted(number: number, what: string): string {
  return `${grouped(number)} ${what}${number === 1 ? '' : 's'}`;
}

/** The limits of a field as words: `1 to 10,000`. */
export function rangeOf(field: NumberField): string {
  const { least, most } = NUMBERS[field];
  return `${grouped(least)} to ${grouped(most)}`;
}

/** The number, or the sentence that says why it is none. */
function readNumber(field: NumberField, given: unknown): number | string {
  const { least, most } = NUMBERS[field];
  const text = typeof given === 'number' || typeof given === 'string' ? String(given).trim() : '';
  const wanted = `write a whole number from ${rangeOf(field)}.`;
  if (text === '') return `Nothing is here: ${wanted}`;
  const shown = text.length > 20 ? `${text.slice(0, 20)}…` : text;
  if (!/^-?\d+$/.test(text)) return `‘${shown}’ is no whole number: ${wanted}`;
  const number = Number(text);
  if (number < least) return `${shown} is too small: ${wanted}`;
  if (number > most) return `${shown} is too large: ${wanted}`;
  return number;
}

function isOneOf(known: object, given: unknown): boolean {
  return typeof given === 'string' && Object.hasOwn(known, given);
}
