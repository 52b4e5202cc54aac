/** Forms of programs, by which one that has been encoded before is found again. */

/**
 * Forms of programs: what one is beside its native values, as a path of tokens, in the order of
 * flattening. Programs of one form are encoded once for each isolate, and finding a form makes nothing
 * that is thrown away.
 */
export class Forms<V> {
  /** What is known of a form, by its number; 0 is the empty one. */
  readonly values: (V | undefined)[] = [undefined];
  /** The number of a form, by that of the form which it goes on from and a token. */
  readonly #next = new Map<number, number>();

  get isFull(): boolean {
    return this.values.length > MOST_FORMS;
  }

  with(form: number, token: number): number {
    const key = form * Token.Count + token;
    const known = this.#next.get(key);
    if (known !== undefined) return known;
    this.#next.set(key, this.values.length);
    return this.values.push(undefined) - 1;
  }
}

/** What a form is made of: counts of arguments come first, below all others. */
export enum Token {
  /** A continuation stands as the first argument; the next number says as the second one, and so on. */
  Nested = 1_024,
  /** There it ends. */
  NestedEnd = 2_048,
  /** Names, as they come up. */
  FirstName = 2_049,
  /** More than all tokens. */
  Count = 1 << 16,
}

/** How large a tree may be whose form is worked out, and how long a name in it. */
export const MOST_IN_FORM = { nodes: 20, nameLength: 200, arguments: 1_000 };

/** Forms are forgotten when there are so many: a class has few, and a flood of them is hostile. */
const MOST_FORMS = 4_000;

let names = new Map<string, number>();
export let frames = new Forms<string>();

export function forgetFormsOfAFlood(): void {
  if (!frames.isFull) return;
  names = new Map();
  frames = new Forms();
}

/** A form has no more names than it has steps: they run out of numbers long after the forms. */
export function tokenOf(name: string): number {
  let token = names.get(name);
  if (token === undefined) {
    token = Token.FirstName + names.size;
    names.set(name, token);
  }
  return token;
}
